package release_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/release"
	"github.com/gatehouse-iac/gatehouse/internal/release/releasetest"
)

func content(t *testing.T, folder, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, name))
	require.NoError(t, err)
	return string(text)
}

func write(t *testing.T, folder, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
}

// replace changes a file of a release.
func replace(t *testing.T, folder, name, from, to string) {
	t.Helper()
	text := content(t, folder, name)
	require.Contains(t, text, from)
	write(t, folder, name, strings.ReplaceAll(text, from, to))
}

func TestReleaseHasAllArchivesAndTheirChecksums(t *testing.T) {
	folder := releasetest.Release(t)
	checksums := content(t, folder, "checksums.txt")
	assert.Equal(t, 9, strings.Count(checksums, "\n"))
	assert.Contains(t, checksums, strings.TrimPrefix(releasetest.Digest(t, folder), "sha256:")+"  functions.json\n")
	archive := strings.TrimPrefix(release.Digest([]byte(content(t, folder, "model-x86_64.zip"))), "sha256:")
	assert.Contains(t, checksums, archive+"  model-x86_64.zip\n")
	assert.Contains(t, content(t, folder, "functions.json"), `"file": "model-x86_64.zip",
      "sha256": "`+archive+`"`)
	lines := strings.Split(strings.TrimSpace(checksums), "\n")
	assert.True(t, slices.IsSortedFunc(lines, func(a, b string) int { return strings.Compare(a[66:], b[66:]) }))
}

func TestReleaseIsReproducible(t *testing.T) {
	one, two := releasetest.Release(t), releasetest.Release(t)
	entries, err := os.ReadDir(one)
	require.NoError(t, err)
	require.Len(t, entries, 10)
	for _, entry := range entries {
		assert.Equal(t, content(t, one, entry.Name()), content(t, two, entry.Name()), entry.Name())
	}
}

func TestVersionMustBeSemantic(t *testing.T) {
	for _, given := range []string{"", "1.2.0", "v1.2", "v1.2.0+build", "v1.2.0;true", "main"} {
		require.ErrorContains(t, release.Build(t.TempDir(), t.TempDir(), given, "go1.26.8"), "allowed: a semantic version", given)
	}
}

func TestFunctionThatIsNotBuiltIsAnError(t *testing.T) {
	require.ErrorContains(t, release.Build(t.TempDir(), t.TempDir(), releasetest.Version, "go1.26.8"), "arm64/authorizer/bootstrap.zip: no such file")
}

func TestVerifiedReleaseHasAPathForEachFunction(t *testing.T) {
	folder := releasetest.Release(t)
	for _, architecture := range release.Architectures {
		opened, err := release.Open(folder, releasetest.Digest(t, folder), architecture)
		require.NoError(t, err)
		assert.Equal(t, releasetest.Version, opened.Version)
		for _, function := range release.Functions {
			path, err := opened.Path(function, architecture)
			require.NoError(t, err)
			assert.Equal(t, filepath.Join(folder, function+"-"+architecture+".zip"), path)
		}
	}
}

func TestOnlyWhatWasVerifiedHasAPath(t *testing.T) {
	folder := releasetest.Release(t)
	opened, err := release.Open(folder, releasetest.Digest(t, folder), "arm64")
	require.NoError(t, err)
	_, err = opened.Path("model", "x86_64")
	require.EqualError(t, err, "release v1.2.0 was verified for arm64 and has no function model for x86_64")
	_, err = opened.Path("exporter", "arm64")
	require.EqualError(t, err, "release v1.2.0 was verified for arm64 and has no function exporter for arm64")
}

func TestReleaseThatIsNotWhatItListsIsRefused(t *testing.T) {
	changed := strings.TrimPrefix(release.Digest([]byte("changed")), "sha256:")
	for name, c := range map[string]struct {
		change func(t *testing.T, folder string)
		want   string
	}{
		"an archive has other bytes": {
			func(t *testing.T, folder string) { write(t, folder, "model-arm64.zip", "changed") },
			"model-arm64.zip has the digest sha256:" + changed + ", and functions.json lists sha256:",
		},
		"an archive is missing": {
			func(t *testing.T, folder string) {
				require.NoError(t, os.Remove(filepath.Join(folder, "rotator-arm64.zip")))
			},
			"rotator-arm64.zip can't be read: no such file or directory",
		},
		"a function is missing": {
			func(t *testing.T, folder string) {
				replace(t, folder, release.Manifest, `"function": "issuers"`, `"function": "issuer"`)
			},
			"functions.json of v1.2.0 doesn't list function issuers",
		},
		"a function is for another processor": {
			func(t *testing.T, folder string) {
				replace(t, folder, release.Manifest, `"architecture": "arm64"`, `"architecture": "riscv64"`)
			},
			"functions.json of v1.2.0 lists function authorizer for riscv64, x86_64, and not for arm64",
		},
		"a function is there twice": {
			func(t *testing.T, folder string) {
				replace(t, folder, release.Manifest, `"architecture": "x86_64"`, `"architecture": "arm64"`)
			},
			"functions.json lists function authorizer for arm64 2 times",
		},
		"an unknown format": {
			func(t *testing.T, folder string) {
				replace(t, folder, release.Manifest, `"format": 1`, `"format": 2, "functions": "none"`)
			},
			`functions.json has the format "2"; allowed: 1. Use the program of the release's own tag`,
		},
		"no format": {
			func(t *testing.T, folder string) { write(t, folder, release.Manifest, "{}") },
			`functions.json has the format ""; allowed: 1`,
		},
		"no manifest": {
			func(t *testing.T, folder string) { write(t, folder, release.Manifest, "<html>") },
			"functions.json: invalid character",
		},
		"a file in another folder": {
			func(t *testing.T, folder string) {
				replace(t, folder, release.Manifest, "model-arm64.zip", "../model.zip")
			},
			`function "model" has the file "../model.zip"; allowed: a name in the same folder`,
		},
		"a checksum of another kind": {
			func(t *testing.T, folder string) { replace(t, folder, release.Manifest, `"sha256": "`, `"sha256": "x`) },
			"allowed: 64 hexadecimal digits in lower case",
		},
	} {
		t.Run(name, func(t *testing.T) {
			folder := releasetest.Release(t)
			c.change(t, folder)
			_, err := release.Open(folder, releasetest.Digest(t, folder), "arm64")
			require.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), folder)
		})
	}
}

func TestManifestMustHaveTheDigest(t *testing.T) {
	folder := releasetest.Release(t)
	wanted := releasetest.Digest(t, folder)
	replace(t, folder, release.Manifest, `"format": 1`, `"format": 2`)
	_, err := release.Open(folder, wanted, "arm64")
	var mismatch *release.DigestError
	require.ErrorAs(t, err, &mismatch)
	assert.Equal(t, releasetest.Digest(t, folder), mismatch.Found)
}

func TestFolderWithoutAReleaseIsAnError(t *testing.T) {
	_, err := release.Open(filepath.Join(t.TempDir(), "none"), "sha256:", "arm64")
	require.EqualError(t, err, "functions.json can't be read: no such file or directory")
}

func TestAllFunctionsAreReleased(t *testing.T) {
	programs, err := filepath.Glob("../../lambda/*/main.go")
	require.NoError(t, err)
	var names []string
	for _, program := range programs {
		names = append(names, filepath.Base(filepath.Dir(program)))
	}
	assert.Equal(t, names, release.Functions)

	makefile := content(t, "../..", "Makefile")
	assert.Equal(t, strings.Join(release.Functions, " "), regexp.MustCompile(`(?m)^LAMBDAS := (.*)$`).FindStringSubmatch(makefile)[1])
	for _, architecture := range release.Architectures {
		assert.Contains(t, makefile, "\nGOARCH_"+architecture+" := ")
	}
}
