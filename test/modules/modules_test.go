package modules

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
)

func TestModulesShareVersions(t *testing.T) {
	files, err := read(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for folder := range apart {
		if files[folder] == nil {
			t.Errorf("%s has no go.mod: remove it from apart", folder)
		}
		delete(files, folder)
	}
	if len(files) < 2 {
		t.Fatalf("found only %d modules", len(files))
	}
	found := versions(files)
	for dependency := range differing {
		if len(differences(dependency, found[dependency])) == 0 {
			t.Errorf("the versions of %s don't differ any more: remove it from differing", dependency)
		}
		delete(found, dependency)
	}
	for _, dependency := range slices.Sorted(maps.Keys(found)) {
		for _, difference := range differences(dependency, found[dependency]) {
			t.Error(difference)
		}
	}
}

func TestDifferences(t *testing.T) {
	older, err := modfile.Parse("go.mod", []byte("module a\nrequire (\n\texample.com/x v1.9.0\n\texample.com/y v1.0.0\n)\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	newer, err := modfile.Parse("go.mod", []byte("module b\nrequire (\n\texample.com/x v1.10.0 // indirect\n\texample.com/z v1.0.0\n)\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	found := versions(map[string]*modfile.File{"tools": older, ".": newer, "other": newer})
	for _, dependency := range []string{"example.com/y", "example.com/z"} {
		if got := differences(dependency, found[dependency]); got != nil {
			t.Errorf("%s: got %q", dependency, got)
		}
	}
	got := differences("example.com/x", found["example.com/x"])
	want := "tools requires example.com/x v1.9.0, others v1.10.0: run `go get example.com/x@v1.10.0 && go mod tidy` in tools"
	if len(got) != 1 || got[0] != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// read returns the go.mod of each module below the root, by its folder.
func read(root string) (map[string]*modfile.File, error) {
	files := map[string]*modfile.File{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case entry.Name() != "go.mod":
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		files[filepath.ToSlash(folder)], err = modfile.Parse(path, content, nil)
		return err
	})
	return files, err
}

// versions returns the required versions by dependency and folder.
func versions(files map[string]*modfile.File) map[string]map[string]string {
	found := map[string]map[string]string{}
	for folder, file := range files {
		for _, require := range file.Require {
			if found[require.Mod.Path] == nil {
				found[require.Mod.Path] = map[string]string{}
			}
			found[require.Mod.Path][folder] = require.Mod.Version
		}
	}
	return found
}

// differences describes which modules require an older version of a dependency than others,
// and how to change that.
func differences(dependency string, byFolder map[string]string) (descriptions []string) {
	highest := slices.MaxFunc(slices.Collect(maps.Values(byFolder)), semver.Compare)
	for _, folder := range slices.Sorted(maps.Keys(byFolder)) {
		if version := byFolder[folder]; version != highest {
			descriptions = append(descriptions, fmt.Sprintf("%s requires %[2]s %s, others %[4]s: run `go get %[2]s@%[4]s && go mod tidy` in %[1]s",
				folder, dependency, version, highest))
		}
	}
	return descriptions
}
