package terraform

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/mirror"
)

// A stand-in for the provider's process, so that its client can be killed without the provider's help.
func TestGuardEndsTheProviderWhenItsClientIsKilled(t *testing.T) {
	folder := t.TempDir()
	pidFile := filepath.Join(folder, "pid")
	provider := filepath.Join(folder, "it's a provider")
	script := "#!/bin/sh\necho $$ > '" + pidFile + "'\nexec sleep 60\n"
	require.NoError(t, os.WriteFile(provider, []byte(script), 0o700)) //nolint:gosec // it is run
	guard, err := writeGuard(provider)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(filepath.Dir(guard))) })

	client := exec.Command("sh", "-c", `"$0" & wait`, guard)
	require.NoError(t, client.Start())
	var pid int
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(pidFile)
		if err != nil {
			return false
		}
		pid, err = strconv.Atoi(string(bytes.TrimSpace(text)))
		return err == nil
	}, 5*time.Second, 20*time.Millisecond)
	require.True(t, runs(pid), "the provider runs as long as its client does")

	require.NoError(t, client.Process.Kill())
	_ = client.Wait()
	assert.Eventually(t, func() bool { return !runs(pid) }, 5*time.Second, 50*time.Millisecond)
}

// runs is false for a process that ended but was not yet waited for.
func runs(pid int) bool {
	state, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && !strings.HasPrefix(strings.TrimSpace(string(state)), "Z") && syscall.Kill(pid, 0) == nil
}

func TestStart(t *testing.T) {
	found, err := mirror.Here().Find()
	if missing := new(mirror.NotFoundError); errors.As(err, &missing) {
		t.Skip(err)
	}
	require.NoError(t, err)
	provider, err := Start(t.Context(), found)
	require.NoError(t, err)
	schema, err := provider.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	require.NoError(t, err)
	assert.Contains(t, schema.ResourceSchemas, "aws_cloudfront_distribution")
	require.NoError(t, provider.Close())
}

func TestUnpack(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range []string{"LICENSE.txt", "terraform-provider-aws_v5.100.0_x5"} {
		file, err := w.Create(name)
		require.NoError(t, err)
		_, err = file.Write([]byte("content of " + name))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	folder := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", filepath.Join(folder, "cache"))
	t.Setenv("HOME", folder)
	p := mirror.Package{Path: filepath.Join(folder, "p.zip"), Packed: true}
	require.NoError(t, os.WriteFile(p.Path, b.Bytes(), 0o600))

	for range 2 { // the second time it is there already
		path, err := executable(p)
		require.NoError(t, err)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, "content of terraform-provider-aws_v5.100.0_x5", string(text))
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o755), info.Mode().Perm())
		require.NoError(t, os.RemoveAll(p.Path))
	}
}

func TestUnpackNothing(t *testing.T) {
	folder := t.TempDir()
	p := filepath.Join(folder, "p.zip")
	require.NoError(t, os.WriteFile(p, []byte("no archive"), 0o600))
	require.Error(t, unpack(p, filepath.Join(folder, "target")))
}
