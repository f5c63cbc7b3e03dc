package artifact_test

import (
	"archive/zip"
	"bytes"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/artifact"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
	"github.com/gatehouse-iac/gatehouse/internal/release"
	"github.com/gatehouse-iac/gatehouse/internal/release/releasetest"
)

// It checks what Pulumi uploads, not the file: the engine may repack what it is given.
func TestUploadedFunctionIsExecutable(t *testing.T) {
	for _, function := range []string{"authorizer", "issuers", "model", "rotator"} {
		code, err := pulumitest.Artifacts(t).Archive(function, "arm64")
		require.NoError(t, err)
		uploaded, err := archive.FromPath(code.Path())
		require.NoError(t, err)
		content, err := uploaded.Bytes(archive.ZIPArchive)
		require.NoError(t, err)
		files, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
		require.NoError(t, err)
		require.Len(t, files.File, 1)
		assert.Equal(t, "bootstrap", files.File[0].Name)
		assert.NotZero(t, files.File[0].Mode()&0o111, "%s: bootstrap is %s", function, files.File[0].Mode())
	}
}

func TestMissingArchiveIsReportedWithCommand(t *testing.T) {
	_, err := artifact.Directory(t.TempDir()).Archive("model", "x86_64")
	require.ErrorContains(t, err, "function model is not built for x86_64: run `make lambdas ARCH=x86_64`")
}

func TestReleasedArchiveIsThatOfTheRelease(t *testing.T) {
	folder := releasetest.Release(t)
	opened, err := release.Open(folder, releasetest.Digest(t, folder), "arm64")
	require.NoError(t, err)
	released := artifact.Released{Release: opened}
	code, err := released.Archive("model", "arm64")
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(folder, "model-arm64.zip"), code.Path())
	_, err = released.Archive("model", "x86_64")
	require.ErrorContains(t, err, "release v1.2.0 was verified for arm64")
}
