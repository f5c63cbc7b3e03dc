package build

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
)

// TestNode installs with a program in place of npm, which notes its arguments.
func TestNode(t *testing.T) {
	bin, folder := t.TempDir(), t.TempDir()
	write := func(path, content string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(bin, "npm"), "#!/bin/sh\nmkdir node_modules && cat package.json > node_modules/installed && echo \"$@\" > node_modules/args\n")
	t.Setenv("PATH", bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	write(filepath.Join(folder, "package.json"), "{}")
	write(filepath.Join(folder, "package-lock.json"), "1")
	l := checkout.Layout{Root: t.TempDir()}
	if err := l.Prepare(); err != nil {
		t.Fatal(err)
	}
	install := func(lock string, installs bool) {
		t.Helper()
		write(filepath.Join(folder, "package-lock.json"), lock)
		marker := l.Local("packages", "node_modules", "marker")
		if err := New(l).Node(t.Context(), nil, "packages", "v20", folder); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(marker); (err != nil) != installs {
			t.Errorf("lock %s: installed %v, want %v", lock, err != nil, installs)
		}
		write(marker, "")
	}
	install("1", true)
	install("1", false)
	install("2", true)
	if args, err := os.ReadFile(l.Local("packages", "node_modules", "args")); err != nil || string(args[:3]) != "ci " {
		t.Errorf("arguments %q, %v", args, err)
	}
	t.Setenv("PATH", "")
	if err := New(l).Node(t.Context(), nil, "others", "v20", folder); err == nil {
		t.Error("installed without npm")
	}
}
