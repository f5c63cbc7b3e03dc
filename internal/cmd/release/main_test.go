package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/release/releasetest"
)

func TestNotesArePrinted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "CHANGELOG.md")
	require.NoError(t, os.WriteFile(path, []byte("## 1.0.0 - 2026-01-01\n\n- [New](docs/new.md)\n"), 0o600))
	var out bytes.Buffer
	require.NoError(t, run([]string{"notes", "-version", "v1.0.0", "-links", "https://example.com/", path}, &out))
	assert.Equal(t, "- [New](https://example.com/docs/new.md)\n", out.String())
}

func TestDifferenceSaysWhatToCompare(t *testing.T) {
	built, released, own := releasetest.Functions(t), t.TempDir(), t.TempDir()
	var out bytes.Buffer
	require.NoError(t, run([]string{"build", "-version", "v1.0.0", built, released}, &out))
	require.NoError(t, run([]string{"build", "-version", "v1.0.0", built, own}, &out))
	require.NoError(t, run([]string{"check", released, own}, &out))
	assert.Contains(t, out.String(), "byte for byte")
	require.NoError(t, os.Remove(filepath.Join(own, "model-arm64.zip")))
	require.ErrorContains(t, run([]string{"check", released, own}, &out),
		"model-arm64.zip is missing: the release has it\nthe release is not what this checkout builds with go1.")
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"publish"}, {"notes"}, {"build", "-version", "v1.0.0", "dist"}, {"check", "one"}} {
		require.ErrorIs(t, run(args, &bytes.Buffer{}), errUsage, "%v", args)
	}
}
