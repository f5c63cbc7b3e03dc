package build

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestHash(t *testing.T) {
	dir := t.TempDir()
	hash := func(others ...string) string {
		got, err := Hash(dir, others...)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	write(t, filepath.Join(dir, "a.go"), "one")
	first := hash("v1")
	write(t, filepath.Join(dir, "__pycache__", "a.pyc"), "compiled")
	write(t, filepath.Join(dir, ".pytest_cache", "x"), "left over")
	write(t, filepath.Join(dir, "a_test.go"), "test")
	if hash("v1") != first {
		t.Error("a cache or a test changed the hash")
	}
	if hash("v2") == first || hash("v", "1") == first {
		t.Error("another input gave the same hash")
	}
	write(t, filepath.Join(dir, "a.go"), "two")
	if hash("v1") == first {
		t.Error("a changed file gave the same hash")
	}
	write(t, filepath.Join(dir, "a.go"), "one")
	if err := os.Rename(filepath.Join(dir, "a.go"), filepath.Join(dir, "b.go")); err != nil {
		t.Fatal(err)
	}
	if hash("v1") == first {
		t.Error("a renamed file gave the same hash")
	}
}

func builder(t *testing.T) *Builder {
	t.Helper()
	l := checkout.Layout{Root: t.TempDir()}
	if err := l.Prepare(); err != nil {
		t.Fatal(err)
	}
	return New(l)
}

func TestGoBuildsOnceForTheSameSources(t *testing.T) {
	b := builder(t)
	source := filepath.Join(b.Layout.Root, "tool")
	write(t, filepath.Join(source, "go.mod"), "module example.test/tool\n\ngo 1.26.0\n")
	write(t, filepath.Join(source, "main.go"), "package main\n\nfunc main() {}\n")
	p := Program{Name: "tool", Module: "tool", Package: "."}
	build := func(want bool) {
		t.Helper()
		if b.Built(p) == want {
			t.Errorf("before: built: %v", want)
		}
		if built, err := b.Go(t.Context(), nil, p); err != nil || built != want {
			t.Errorf("built: %v, want %v (%v)", built, want, err)
		}
	}
	build(true)
	build(false)
	if err := os.Remove(b.Layout.Bin("tool")); err != nil {
		t.Fatal(err)
	}
	build(true)
	write(t, filepath.Join(source, "main.go"), "package main\n\nfunc main() { println() }\n")
	build(true)

	write(t, filepath.Join(source, "main.go"), "package main\n\nfunc main() { undefined() }\n")
	if _, err := b.Go(t.Context(), nil, p); err == nil || !strings.Contains(err.Error(), "undefined: undefined") {
		t.Errorf("the compiler's error is missing: %v", err)
	}
	if entries, _ := os.ReadDir(b.Layout.Local("bin")); len(entries) != 1 {
		t.Errorf("a failed build left %v", entries)
	}
}

func TestWaitingForATurnCanBeStopped(t *testing.T) {
	b := builder(t)
	b.compiling.limits = limits{} // no turn ever
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Compile(ctx, nil, Command{Name: "x", Args: []string{"true"}}); err == nil {
		t.Error("it ran without a turn")
	}
}

func TestHalfMadeVenvIsMadeAgain(t *testing.T) {
	b := builder(t)
	requirements := filepath.Join(b.Layout.Root, "requirements.txt")
	write(t, requirements, "")
	// A Python that makes an environment and counts how often.
	python := filepath.Join(b.Layout.Root, "python")
	write(t, python, `#!/bin/sh
echo made >> "$(dirname "$0")/made"
mkdir -p "$3/bin"
printf '#!/bin/sh\n[ ! -e %s/fail ]\n' "$(dirname "$0")" > "$3/bin/python"
chmod +x "$3/bin/python"
`)
	if err := os.Chmod(python, 0o755); err != nil {
		t.Fatal(err)
	}
	makeVenv := func() error { return b.Venv(t.Context(), nil, "venv", python, "v3.11", requirements) }
	made := func() int {
		content, _ := os.ReadFile(filepath.Join(b.Layout.Root, "made"))
		return strings.Count(string(content), "made")
	}
	write(t, filepath.Join(b.Layout.Root, "fail"), "")
	if err := makeVenv(); err == nil {
		t.Fatal("a failed installation went unnoticed")
	}
	if b.VenvBuilt("venv", "v3.11", requirements) {
		t.Error("half an environment is taken for a whole one")
	}
	if err := os.Remove(filepath.Join(b.Layout.Root, "fail")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := makeVenv(); err != nil {
			t.Fatal(err)
		}
	}
	if !b.VenvBuilt("venv", "v3.11", requirements) || b.VenvBuilt("venv", "v3.12", requirements) {
		t.Error("the environment is not known, or by another Python's version")
	}
	if made() != 2 {
		t.Errorf("made %d times, want 2", made())
	}
}
