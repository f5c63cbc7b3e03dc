package build

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

func TestCounter(t *testing.T) {
	c := newCounter(map[string]int{"a": 100, "b": 300, "c/v2": 600})
	for _, test := range []struct {
		line  string
		begun bool
		done  int
		text  string
	}{
		{"go: downloading x", false, 0, ""},
		{"b", true, 0, "compiling 1 of 3: b"},
		{"b", false, 0, ""},
		{"not listed", false, 0, ""},
		{"a", true, 300, "compiling 2 of 3: a"},
		{"c/v2", true, 400, "compiling the last of 3, and linking: c/v2"},
	} {
		if begun := c.begins(test.line); begun != test.begun || c.done != test.done || c.all != 1000 {
			t.Errorf("%q begins: %v, %d of %d done", test.line, begun, c.done, c.all)
		}
		if got := c.text(test.line); test.begun && got != test.text {
			t.Errorf("got %q, want %q", got, test.text)
		}
	}
}

// moduleWithPackage writes a module with a program that imports a package, and returns its builder.
func moduleWithPackage(t *testing.T) (*Builder, Command) {
	b := builder(t)
	dir := filepath.Join(b.Layout.Root, "tool")
	write(t, filepath.Join(dir, "go.mod"), "module example.test/tool\n\ngo 1.26.0\n")
	write(t, filepath.Join(dir, "main.go"), "package main\n\nimport \"example.test/tool/part\"\n\nfunc main() { part.F() }\n")
	write(t, filepath.Join(dir, "part", "part.go"), "package part\n\n// "+t.TempDir()+"\nfunc F() {}\n")
	return b, Command{
		Name: "tool", Dir: dir, Args: []string{"go", "list", "-v", "-export", "-f", "{{.ImportPath}}", "."},
		Packages: []string{"."}, OnlyPackages: true,
	}
}

func TestListHasWhatIsNotInTheCache(t *testing.T) {
	b, c := moduleWithPackage(t)
	list := func() []string {
		t.Helper()
		packages, err := b.list(t.Context(), nil, c)
		if err != nil {
			t.Fatal(err)
		}
		for path, time := range packages {
			if time < packageTime {
				t.Errorf("%s takes %d ms", path, time)
			}
		}
		return slices.Sorted(maps.Keys(packages))
	}
	own := func(paths []string) []string {
		return slices.DeleteFunc(paths, func(path string) bool { return !strings.HasPrefix(path, "example.test/") })
	}
	if got, want := own(list()), []string{"example.test/tool", "example.test/tool/part"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if err := b.Compile(t.Context(), nil, c); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(b.Layout.Log(c.Name))
	if err != nil || !strings.Contains(string(log), "example.test/tool/part\n") {
		t.Errorf("the command doesn't print what it compiles: %s, %v", log, err)
	}
	if got := list(); len(got) != 0 {
		t.Errorf("%v are listed after they were compiled", got)
	}
	write(t, filepath.Join(c.Dir, "main.go"), "package main\n\n// "+c.Dir+"\nfunc main() {}\n")
	if got, want := own(list()), []string{"example.test/tool"}; !slices.Equal(got, want) {
		t.Errorf("after a change: got %v, want %v", got, want)
	}
}

func TestCompiledPackagesNeedNoCommand(t *testing.T) {
	b, c := moduleWithPackage(t)
	if err := b.Compile(t.Context(), nil, c); err != nil {
		t.Fatal(err)
	}
	c.Args = []string{"false"}
	if err := b.Compile(t.Context(), nil, c); err != nil {
		t.Errorf("the command ran: %v", err)
	}
	c.OnlyPackages = false
	if err := b.Compile(t.Context(), nil, c); err == nil {
		t.Error("a command with another product did not run")
	}
}

func TestRequired(t *testing.T) {
	file, err := modfile.Parse("go.mod", []byte(`module example.test/m

require (
	a.test/a v1.0.0
	b.test/b v1.0.0
	c.test/c v1.0.0
	d.test/d v1.0.0 // indirect
)

replace b.test/b v1.0.0 => b.test/fork v1.2.0

replace c.test/c => ../c
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []module.Version{{Path: "a.test/a", Version: "v1.0.0"}, {Path: "b.test/fork", Version: "v1.2.0"}, {Path: "d.test/d", Version: "v1.0.0"}}
	if got := required(file); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestMissingModules(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("GOMODCACHE", cache)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module example.test/m\n\ngo 1.26.0\n\nrequire (\n\ta.test/A v1.0.0\n\tb.test/b v1.0.0\n)\n")
	if got := missingModules(t.Context(), dir); got != 2 {
		t.Errorf("%d are missing, want 2", got)
	}
	write(t, filepath.Join(cache, "a.test", "!a@v1.0.0", "go.mod"), "")
	if got := missingModules(t.Context(), dir); got != 1 {
		t.Errorf("%d are missing, want 1", got)
	}
}
