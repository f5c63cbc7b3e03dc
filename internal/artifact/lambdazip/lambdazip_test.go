package lambdazip_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/artifact/lambdazip"
)

func pack(t *testing.T, program string) []byte {
	t.Helper()
	var archive bytes.Buffer
	require.NoError(t, lambdazip.Write(&archive, strings.NewReader(program)))
	return archive.Bytes()
}

func TestArchiveHoldsExecutable(t *testing.T) {
	content := pack(t, "a program")
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	require.NoError(t, err)
	require.Len(t, archive.File, 1)
	file := archive.File[0]
	assert.Equal(t, "bootstrap", file.Name)
	assert.Equal(t, os.FileMode(0o755), file.Mode())
	assert.Equal(t, uint16(3), file.CreatorVersion>>8, "made on Unix: modes count")
	open, err := file.Open()
	require.NoError(t, err)
	text, err := io.ReadAll(open)
	require.NoError(t, err)
	assert.Equal(t, "a program", string(text))
}

func TestArchiveIsReproducible(t *testing.T) {
	assert.Equal(t, pack(t, "one"), pack(t, "one"))
	assert.NotEqual(t, pack(t, "one"), pack(t, "two"))
}

func TestReadErrorIsReturned(t *testing.T) {
	require.ErrorContains(t, lambdazip.Write(io.Discard, iotest.ErrReader(errors.New("bad sector"))), "bad sector")
}
