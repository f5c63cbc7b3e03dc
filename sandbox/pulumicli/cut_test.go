package pulumicli

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
)

// checkoutWithEngine returns a checkout that has the stand-in's requirements only.
func checkoutWithEngine(t *testing.T) checkout.Layout {
	t.Helper()
	l := checkout.Layout{Root: t.TempDir()}
	if err := l.Prepare(); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(l.Root, CLIProgram.Module), os.DirFS(filepath.Join("..", "..", CLIProgram.Module))); err != nil {
		t.Fatal(err)
	}
	return l
}

func packages(t *testing.T, dir string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", CLIProgram.Package)
	cmd.Dir, cmd.Env = dir, build.Env()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

func TestCutCLI(t *testing.T) {
	l := checkoutWithEngine(t)
	program, err := CutCLI(t.Context(), build.New(l))
	if err != nil {
		t.Fatal(err)
	}
	if testing.Short() {
		return // what follows downloads all modules of the engine
	}
	whole, cut := packages(t, filepath.Join(l.Root, CLIProgram.Module)), packages(t, filepath.Join(l.Root, program.Module))
	if len(cut) > len(whole)*3/4 {
		t.Errorf("%d of %d packages are left", len(cut), len(whole))
	}
	for _, name := range cut {
		if !slices.Contains(whole, name) {
			t.Errorf("the copy imports %s, the whole does not", name)
		}
		for _, prefix := range []string{"github.com/Azure/", "github.com/aws/", "cloud.google.com/", "github.com/pb33f/"} {
			if strings.HasPrefix(name, prefix) {
				t.Errorf("the copy still imports %s", name)
			}
		}
	}
}

// The edits fail on a source that they were not written for.
func TestCutRefusesAnotherSource(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, filepath.FromSlash(edits[0].file))
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"package diy\n", edits[0].from, strings.Repeat(edits[0].from+edits[0].to, 2)} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := cut(dir); err == nil || !strings.Contains(err.Error(), Version) || !strings.Contains(err.Error(), edits[0].file) {
			t.Errorf("%q gave %v", content, err)
		}
	}
}
