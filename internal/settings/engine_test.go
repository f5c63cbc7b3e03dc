package settings

import (
	"encoding/json"
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
