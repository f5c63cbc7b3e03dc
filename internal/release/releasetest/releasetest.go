// Package releasetest makes releases for tests.
package releasetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/artifact/lambdazip"
	"github.com/gatehouse-iac/gatehouse/internal/release"
)

// Version is the version of the releases.
const Version = "v1.2.0"

// Functions returns a folder with an archive of each function for each architecture, as
// `make lambdas` builds them.
func Functions(t testing.TB) (folder string) {
	t.Helper()
	folder = t.TempDir()
	for _, function := range release.Functions {
		for _, architecture := range release.Architectures {
			path := filepath.Join(folder, architecture, function)
			require.NoError(t, os.MkdirAll(path, 0o755))
			file, err := os.Create(filepath.Join(path, lambdazip.Archive))
			require.NoError(t, err)
			require.NoError(t, lambdazip.Write(file, strings.NewReader(function+" for "+architecture)))
			require.NoError(t, file.Close())
		}
	}
	return folder
}

// Release returns the folder of a release.
func Release(t testing.TB) (folder string) {
	t.Helper()
	folder = t.TempDir()
	require.NoError(t, release.Build(Functions(t), folder, Version, "go1.26.8"))
	return folder
}

// Digest returns the digest of a release's manifest.
func Digest(t testing.TB, folder string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, release.Manifest))
	require.NoError(t, err)
	return release.Digest(content)
}
