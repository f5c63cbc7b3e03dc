package main

import (
	"archive/zip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPackReplacesTheArchive(t *testing.T) {
	folder := t.TempDir()
	archive := filepath.Join(folder, "bootstrap.zip")
	require.NoError(t, os.WriteFile(archive, []byte("an older one"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "bootstrap"), []byte("a program"), 0o600))
	require.NoError(t, pack(folder))
	content, err := zip.OpenReader(archive)
	require.NoError(t, err)
	defer content.Close() //nolint:errcheck // only read
	assert.Equal(t, "bootstrap", content.File[0].Name)
	info, err := os.Stat(archive)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o644), info.Mode())
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, left, 2)
}

func TestFolderWithoutAProgramIsAnError(t *testing.T) {
	require.ErrorContains(t, pack(t.TempDir()), "bootstrap: no such file")
}
