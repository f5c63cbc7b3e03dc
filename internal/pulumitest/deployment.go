package pulumitest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/artifact"
	"github.com/gatehouse-iac/gatehouse/internal/artifact/lambdazip"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/release"
)

// Artifacts returns a directory in which every function is built, for the architecture
// of the default settings.
func Artifacts(t testing.TB) artifact.Directory {
	t.Helper()
	root := t.TempDir()
	for _, function := range release.Functions {
		folder := filepath.Join(root, "arm64", function)
		require.NoError(t, os.MkdirAll(folder, 0o755))
		file, err := os.Create(filepath.Join(folder, lambdazip.Archive))
		require.NoError(t, err)
		require.NoError(t, lambdazip.Write(file, strings.NewReader("mocked "+function)))
		require.NoError(t, file.Close())
	}
	return artifact.Directory(root)
}

// Settings returns the settings of an empty configuration.
func Settings(t testing.TB) config.Settings {
	t.Helper()
	return Configured(t, nil)
}

// Configured returns the settings of a configuration, by key without its namespace.
func Configured(t testing.TB, values map[string]string) config.Settings {
	t.Helper()
	all := map[string]string{}
	for key, value := range values {
		all[config.Namespace+":"+key] = value
	}
	s, err := config.Load(all)
	require.NoError(t, err)
	return s
}

// Deployment returns the mocked stack in the mocked account, for tests of single
// components.
func Deployment(t testing.TB) deployment.Deployment {
	t.Helper()
	s := Settings(t)
	return deployment.Deployment{
		Name:             Project + "-" + Stack,
		Path:             "/" + Project + "/" + Stack,
		Partition:        "aws",
		Region:           "eu-west-1",
		AccountID:        AccountID,
		LogRetentionDays: s.LogRetentionDays,
		Lambda:           s.Lambda,
		Artifacts:        Artifacts(t),
	}
}
