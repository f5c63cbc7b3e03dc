package upgrade

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/process"
)

var errNoVersion = errors.New("no version has a tag yet: name the commit to begin with, such as -from HEAD~10")

// earlier returns the version to begin with: the one that is given, or that of the newest tag
// in the history of a repository.
func earlier(ctx context.Context, root, given string) (string, error) {
	if given != "" {
		return given, nil
	}
	tags, err := git(ctx, root, "tag", "--merged", "HEAD", "--list", "v*", "--sort", "-version:refname")
	if err != nil {
		return "", err
	}
	newest, _, _ := strings.Cut(tags, "\n")
	if newest == "" {
		return "", errNoVersion
	}
	return newest, nil
}

// extract writes the files of a version to a folder.
func extract(ctx context.Context, root, version, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	archive := filepath.Join(filepath.Dir(folder), "source.tar")
	if _, err := git(ctx, root, "archive", "--output", archive, version); err != nil {
		return err
	}
	_, err := process.Output(ctx, folder, os.Environ(), "tar", "xf", archive)
	return err
}

func git(ctx context.Context, root string, args ...string) (string, error) {
	return process.Output(ctx, root, os.Environ(), append([]string{"git"}, args...)...)
}

func TestEarlier(t *testing.T) {
	root := t.TempDir()
	for _, args := range []string{"init -q", "commit -q --allow-empty -m x"} {
		commit(t, root, args)
	}
	if _, err := earlier(t.Context(), root, ""); !errors.Is(err, errNoVersion) {
		t.Errorf("without a tag: %v", err)
	}
	for _, args := range []string{"tag v1.9.0", "tag v1.10.0", "tag other", "checkout -q --orphan aside", "commit -q --allow-empty -m y", "tag v2.0.0", "checkout -q v1.9.0"} {
		commit(t, root, args)
	}
	for given, want := range map[string]string{"": "v1.10.0", "HEAD~1": "HEAD~1"} {
		if got, err := earlier(t.Context(), root, given); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %s", given, got, err, want)
		}
	}
}

func TestExtract(t *testing.T) {
	root := t.TempDir()
	commit(t, root, "init -q")
	file := filepath.Join(root, "main.go")
	for _, content := range []string{"old", "new"} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		commit(t, root, "add main.go")
		commit(t, root, "commit -q -m "+content)
	}
	folder := filepath.Join(t.TempDir(), "source")
	if err := extract(t.Context(), root, "HEAD~1", folder); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(filepath.Join(folder, "main.go")); err != nil || string(content) != "old" {
		t.Errorf("got %q, %v", content, err)
	}
	if err := extract(t.Context(), root, "v0.0.0", folder); err == nil {
		t.Error("an unknown version has files")
	}
}

// commit runs git with an author.
func commit(t *testing.T, root, args string) {
	t.Helper()
	_, err := git(t.Context(), root, append([]string{"-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"}, strings.Fields(args)...)...)
	if err != nil {
		t.Fatal(err)
	}
}
