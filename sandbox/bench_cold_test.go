package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
)

func TestColdClonesShareDownloadsOnly(t *testing.T) {
	last := func(env []string, name string) (value string) {
		for _, variable := range env {
			if found, ok := strings.CutPrefix(variable, name+"="); ok {
				value = found // the last one counts
			}
		}
		return value
	}
	dir := t.TempDir()
	local, tests := cold{dir, "local", "A=1"}.env(), cold{dir, "tests", "A=1"}.env()
	for _, name := range []string{"GOMODCACHE", "GOCACHE", "PIP_CACHE_DIR", "npm_config_cache"} {
		if got := last(local, name); filepath.Dir(got) != dir {
			t.Errorf("%s is %q", name, got)
		}
		if same := last(local, name) == last(tests, name); same != (name != "GOCACHE") {
			t.Errorf("%s is %q and %q", name, last(local, name), last(tests, name))
		}
	}
	if !slices.Contains(local, "A=1") {
		t.Error("the port is not set")
	}
}

func TestKeepLogs(t *testing.T) {
	clone, l := checkout.Layout{Root: t.TempDir()}, checkout.Layout{Root: t.TempDir()}
	if err := clone.Prepare(); err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"first", "second"} {
		if err := os.WriteFile(clone.Log("aws"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := keepLogs(clone, l, "local"); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(l.Local("logs", "cold-local", "aws.log")); err != nil || string(got) != content {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

func TestRemoveAllRemovesReadOnlyFolders(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "modules")
	module := filepath.Join(dir, "a@v1", "b")
	if err := os.MkdirAll(module, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{module, filepath.Dir(module)} {
		if err := os.Chmod(path, 0o500); err != nil {
			t.Fatal(err)
		}
	}
	if err := removeAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("it is still there: %v", err)
	}
}
