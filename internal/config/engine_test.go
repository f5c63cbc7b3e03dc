package config

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fromEngine loads what an engine hands over.
func fromEngine(t *testing.T, config config, secrets ...string) (Settings, error) {
	t.Helper()
	for variable, value := range map[string]any{pulumi.EnvConfig: config, pulumi.EnvConfigSecretKeys: secrets} {
		text, err := json.Marshal(value)
		require.NoError(t, err)
		t.Setenv(variable, string(text))
	}
	return FromEngine()
}

func TestTheEngineSaysWhichKeysAreSecrets(t *testing.T) {
	all := certificates(config{"kubernetesKubeconfig": testKubeconfig})
	s, err := fromEngine(t, all, kubeconfigKey)
	require.NoError(t, err)
	assert.Equal(t, testKubeconfig, s.Kubernetes.Kubeconfig.Reveal())

	_, err = fromEngine(t, all)
	require.ErrorContains(t, err, "pulumi config set --secret")
	assert.NotContains(t, err.Error(), "hush")
}

func TestWithoutAnEngineThereAreDefaults(t *testing.T) {
	t.Setenv(pulumi.EnvConfig, "")
	t.Setenv(pulumi.EnvConfigSecretKeys, "")
	got, err := FromEngine()
	require.NoError(t, err)
	want, err := Load(nil)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestAConfigurationThatIsNoneIsRefusedWithoutQuotingIt(t *testing.T) {
	t.Setenv(pulumi.EnvConfig, `{"gatehouse:kubernetesKubeconfig": hush}`)
	_, err := FromEngine()
	require.ErrorContains(t, err, "configuration from the Pulumi engine (PULUMI_CONFIG)")
	assert.NotContains(t, err.Error(), "hush")
}

// The engine runs the program in the project's folder.
func TestTheStacksFileIsComparedWithWhatTheEngineReadInIt(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv(pulumi.EnvStack, "dev")
	require.NoError(t, os.WriteFile("Pulumi.dev.yaml", []byte("config:\n  gatehouse:modelMemory: 0512\n"), 0o600))
	_, err := fromEngine(t, config{"gatehouse:modelMemory": "330", "gatehouse:throttleRate": "0"})
	require.ErrorContains(t, err, `gatehouse:modelMemory is "0512"`)
	require.ErrorContains(t, err, "gatehouse:throttleRate", "all that is wrong is said at once")

	require.NoError(t, os.WriteFile("Pulumi.dev.yaml", []byte("config:\n  gatehouse-pipeline:stateBucket: 0777\n"), 0o600))
	t.Setenv(pulumi.EnvConfig, `{"gatehouse-pipeline:stateBucket": "511"}`)
	_, err = PipelineFromEngine()
	require.ErrorContains(t, err, `gatehouse-pipeline:stateBucket is "0777"`)
}

func TestProjectMustHaveTheNameOfTheNamespace(t *testing.T) {
	t.Setenv(pulumi.EnvProject, "my-api")
	_, err := fromEngine(t, config{"my-api:throttleRate": "1"})
	require.EqualError(t, err, `the project's name in Pulumi.yaml is "my-api"; allowed: gatehouse, since it is the namespace of the settings`)
	_, err = PipelineFromEngine()
	require.ErrorContains(t, err, "allowed: gatehouse-pipeline")
	t.Setenv(pulumi.EnvProject, Namespace)
	_, err = fromEngine(t, nil)
	require.NoError(t, err)
}
