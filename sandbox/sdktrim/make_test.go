package sdktrim

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
)

// target returns a target for the program of this repository.
func target(t *testing.T, whole bool) Target {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return Target{
		Root: root, Folder: filepath.Join(t.TempDir(), "sdk"), Environment: build.Env(), Packages: []string{".", "./pipeline"},
		Whole: func(bool) bool { return whole },
	}
}

func TestMakeWholeLeavesAnEmptyFolder(t *testing.T) {
	to := target(t, true)
	if err := os.MkdirAll(filepath.Join(to.Folder, "old"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Make(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir(to.Folder); err != nil || len(files) > 0 {
		t.Errorf("got %v, %v", files, err)
	}
}

// Every test of the stack must pass with the copies, and the pipeline compile. That takes
// a minute or two where the copies are not in the build cache.
func TestStackWithTrimmedSDKs(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the program")
	}
	to := target(t, false)
	if err := Make(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"test", "-vet=off", "./internal/stack"}, {"build", "-o", os.DevNull, "./pipeline"}} {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir, cmd.Env = to.Root, append(os.Environ(), build.Settings("-modfile="+filepath.Join(to.Folder, "go.mod"))...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}
