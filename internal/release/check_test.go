package release_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/release"
	"github.com/gatehouse-iac/gatehouse/internal/release/releasetest"
)

func TestReleaseIsComparedWithABuild(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, released, built string)
		want   string
	}{
		"the same": {func(*testing.T, string, string) {}, ""},
		"another list of components": {
			func(t *testing.T, _, built string) { write(t, built, "model-arm64.cdx.json", "{}") }, "",
		},
		"another build": {
			func(t *testing.T, _, built string) { write(t, built, "model-arm64.zip", "changed") },
			"model-arm64.zip has sha256:", // and the release another
		},
		"the build has more": {
			func(t *testing.T, _, built string) { write(t, built, "exporter-arm64.zip", "") },
			"exporter-arm64.zip: the release doesn't have it",
		},
		"the build has less": {
			func(t *testing.T, _, built string) { remove(t, built, "functions.json") },
			"functions.json is missing: the release has it",
		},
		"a file of the release changed": {
			func(t *testing.T, released, built string) {
				write(t, released, "model-arm64.zip", "changed")
				write(t, built, "model-arm64.zip", "changed")
			},
			"and the release's checksums.txt has sha256:",
		},
		"a file of the release is not in its checksums": {
			func(t *testing.T, released, _ string) { write(t, released, "install.sh", "") },
			"install.sh: the release's checksums.txt doesn't have it",
		},
		"no checksums": {
			func(t *testing.T, released, _ string) { remove(t, released, "checksums.txt") },
			"checksums.txt can't be read: no such file or directory",
		},
		"empty checksums": {
			func(t *testing.T, released, _ string) { write(t, released, "checksums.txt", "") },
			"the release's checksums.txt doesn't list functions.json",
		},
		"other checksums": {
			func(t *testing.T, released, _ string) {
				write(t, released, "checksums.txt", "d41d8cd9  model-arm64.zip\n")
			},
			`checksums.txt has the line "d41d8cd9  model-arm64.zip\n"; allowed: a checksum and a name`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			released, built := releasetest.Release(t), releasetest.Release(t)
			c.change(t, released, built)
			err := release.Check(released, built)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
}

func remove(t *testing.T, folder, name string) {
	t.Helper()
	require.NoError(t, os.Remove(filepath.Join(folder, name)))
}
