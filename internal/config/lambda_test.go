package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/release"
	"github.com/gatehouse-iac/gatehouse/internal/release/releasetest"
)

func TestFunctionsAreBuiltHereByDefault(t *testing.T) {
	s, err := Load(nil)
	require.NoError(t, err)
	assert.Nil(t, s.Lambda.Release)
}

func TestFunctionsOfARelease(t *testing.T) {
	folder := releasetest.Release(t)
	digest := releasetest.Digest(t, folder)
	for _, architecture := range release.Architectures {
		s, err := Load(config{
			"gatehouse:functionsRelease": folder, "gatehouse:functionsReleaseDigest": digest, "gatehouse:lambdaArchitecture": architecture,
		})
		require.NoError(t, err)
		path, err := s.Lambda.Release.Path("model", architecture)
		require.NoError(t, err)
		assert.Equal(t, filepath.Join(folder, "model-"+architecture+".zip"), path)
	}
}

func TestReleaseThatCantBeTrustedIsRefused(t *testing.T) {
	folder, damaged := releasetest.Release(t), releasetest.Release(t)
	digest := releasetest.Digest(t, folder)
	listed, err := os.ReadFile(filepath.Join(damaged, "model-arm64.zip"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(damaged, "model-arm64.zip"), []byte("other"), 0o600))
	require.NoError(t, os.Remove(filepath.Join(damaged, "rotator-arm64.zip")))
	other := "sha256:" + strings.Repeat("0", 64)
	for _, c := range []struct {
		config config
		want   string
	}{
		{
			config{"gatehouse:functionsRelease": folder},
			`gatehouse:functionsReleaseDigest is "" by default; it must be that of functions.json in the folder that gatehouse:functionsRelease names: without it`,
		},
		{config{"gatehouse:functionsReleaseDigest": digest}, `"; it requires gatehouse:functionsRelease to be set`},
		{
			config{"gatehouse:functionsRelease": folder, "gatehouse:functionsReleaseDigest": other},
			`gatehouse:functionsReleaseDigest is "` + other + `"; it must be that of functions.json in the folder that gatehouse:functionsRelease names, which is ` + digest,
		},
		{
			config{"gatehouse:functionsRelease": damaged, "gatehouse:functionsReleaseDigest": digest},
			`gatehouse:functionsRelease is "` + damaged + `"; it must be a folder with a whole release: model-arm64.zip has the digest ` + release.Digest([]byte("other")) +
				`, and functions.json lists ` + release.Digest(listed) + `; rotator-arm64.zip can't be read: no such file or directory`,
		},
		{
			config{"gatehouse:functionsRelease": "dist/none", "gatehouse:functionsReleaseDigest": digest},
			`gatehouse:functionsRelease is "dist/none"; it must be a folder with a whole release: functions.json can't be read: no such file or directory`,
		},
		{config{"gatehouse:functionsRelease": "https://example.com/v1.2.0"}, "allowed: the path of a folder, not an address, or empty"},
		{config{"gatehouse:functionsRelease": folder, "gatehouse:functionsReleaseDigest": digest[7:]}, "allowed: sha256: and 64 hexadecimal digits"},
	} {
		_, err := Load(c.config)
		var problems Problems
		require.ErrorAs(t, err, &problems, c.want)
		assert.Len(t, problems, 1)
		assert.Contains(t, problems[0].String(), c.want)
	}
}

func TestDamageForAnotherArchitectureIsNoProblem(t *testing.T) {
	folder := releasetest.Release(t)
	digest := releasetest.Digest(t, folder)
	require.NoError(t, os.Remove(filepath.Join(folder, "model-x86_64.zip")))
	_, err := Load(config{"gatehouse:functionsRelease": folder, "gatehouse:functionsReleaseDigest": digest})
	require.NoError(t, err)
}

func TestSecretFolderIsNotQuoted(t *testing.T) {
	_, err := Load(config{"gatehouse:functionsRelease": "hidden/folder", "gatehouse:functionsReleaseDigest": "sha256:" + strings.Repeat("0", 64)}, "gatehouse:functionsRelease")
	require.ErrorContains(t, err, "[secret]")
	assert.NotContains(t, err.Error(), "hidden")
}

func TestPathsOfFolders(t *testing.T) {
	for path, allowed := range map[string]bool{
		"dist/release": true, "/srv/releases/v1.2.0": true, "../a b": true, `C:\releases`: true, "C:/releases": true,
		"https://example.com/x": false, "s3://bucket": false, "a\x00b": false, "a\nb": false,
	} {
		assert.Equal(t, allowed, isPath(path), "%q", path)
	}
}
