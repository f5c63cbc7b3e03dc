package stack_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
	"github.com/gatehouse-iac/gatehouse/internal/stack"
)

// ambient sets all environment variables that the SDKs of the providers read.
var ambient = map[string]string{
	"KUBECONFIG":                               "/a:/b",
	"PULUMI_K8S_DELETE_UNREACHABLE":            "true",
	"PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE":      "true",
	"PULUMI_K8S_ENABLE_PATCH_FORCE":            "true",
	"PULUMI_K8S_ENABLE_SECRET_MUTABLE":         "false",
	"PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY":      "false",
	"PULUMI_K8S_SKIP_UPDATE_UNREACHABLE":       "true",
	"PULUMI_K8S_SUPPRESS_DEPRECATION_WARNINGS": "true",
	"PULUMI_K8S_SUPPRESS_HELM_HOOK_WARNINGS":   "true",
	"PULUMI_K8S_UPSERT_EXISTING_OBJECTS":       "true",
	"VAULT_ADDR":                               "https://another.example.com:8200",
	"VAULT_TOKEN":                              "the-token-in-clear",
	"VAULT_CACERT":                             "/a/ca.pem",
	"VAULT_CLIENT_CERT":                        "/a/client.pem",
	"VAULT_MAX_RETRIES":                        "7",
	"VAULT_SKIP_VERIFY":                        "true",
	"TERRAFORM_VAULT_MAX_TTL":                  "60",
	"TERRAFORM_VAULT_SKIP_CHILD_TOKEN":         "true",
	"AWS_ACCESS_KEY_ID":                        "the-key-in-clear",
	"AWS_SECRET_ACCESS_KEY":                    "the-secret-in-clear",
	"AWS_SESSION_TOKEN":                        "the-session-in-clear",
	"AWS_PROFILE":                              "another",
	"AWS_REGION":                               "sa-east-1",
	"AWS_DEFAULT_REGION":                       "sa-east-1",
	"AWS_ENDPOINT_URL":                         "http://127.0.0.1:1",
	"AWS_CA_BUNDLE":                            "/a/aws.pem",
}

// inputs returns the inputs of all resources, as they would be in the state.
func inputs(t *testing.T, recorder *pulumitest.Recorder) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, r := range recorder.All() {
		encoded, err := json.Marshal(r.Input("").Mappable())
		require.NoError(t, err)
		all[r.Type+" "+r.Name] = string(encoded)
	}
	return all
}

// A variable of one user's shell would be in the state, and a difference for the next.
func TestEnvironmentIsNotInState(t *testing.T) {
	artifacts := pulumitest.Artifacts(t)
	for name, s := range shapes(t) {
		deployed := func(t *testing.T) map[string]string {
			return inputs(t, pulumitest.MustRun(t, func(ctx *pulumi.Context) error { return stack.Deploy(ctx, s, artifacts, "") }))
		}
		t.Run(name, func(t *testing.T) {
			for variable := range ambient {
				t.Setenv(variable, "") // restores it
				require.NoError(t, os.Unsetenv(variable))
			}
			without := deployed(t)
			for variable, value := range ambient {
				t.Setenv(variable, value)
			}
			assert.Equal(t, without, deployed(t))
		})
	}
}

const kubernetesProvider = "pulumi:providers:kubernetes"

func TestKubeconfigOfEnvironmentIsNotInState(t *testing.T) {
	s := certificate(t, nil)
	s.Kubernetes.Kubeconfig = ""
	assert.Equal(t, map[string]any{
		"clusterIdentifier": "main", "context": "main", "enableSecretMutable": true,
	}, deploy(t, s).Only(t, kubernetesProvider).Input("").Mappable())
}

// Only another identifier moves the stack to another cluster.
func TestClusterIsIdentifiedBySettings(t *testing.T) {
	second := strings.ReplaceAll(kubeconfig, `"main"`, `"second"`)
	for name, c := range map[string]struct {
		kubeconfig, context, cluster, want string
	}{
		"a context of the environment": {"", "main", "", "main"},
		"a kubeconfig's own context":   {second, "", "", "second"},
		"a context of a kubeconfig":    {kubeconfig, "main", "", "main"},
		"a name":                       {second, "", "production", "production"},
		"a name for the environment's": {"", "main", "production", "production"},
	} {
		t.Run(name, func(t *testing.T) {
			s := certificate(t, nil)
			s.Kubernetes.Kubeconfig, s.Kubernetes.Context, s.Kubernetes.Cluster = config.Secret(c.kubeconfig), c.context, c.cluster
			assert.Equal(t, c.want, deploy(t, s).Only(t, kubernetesProvider).Text("clusterIdentifier"))
		})
	}
}

func run(t *testing.T, s config.Settings) error {
	t.Helper()
	artifacts := pulumitest.Artifacts(t)
	_, err := pulumitest.Run(func(ctx *pulumi.Context) error { return stack.Deploy(ctx, s, artifacts, "") })
	return err
}

func TestMissingKubeconfigIsReported(t *testing.T) {
	s := certificate(t, nil)
	s.Kubernetes.Kubeconfig = "/nowhere/kubeconfig"
	require.ErrorContains(t, run(t, s), "gatehouse:kubernetesKubeconfig: the kubeconfig can't be read: open /nowhere/kubeconfig: no such file")
}

func TestVaultNamespacesAreRejected(t *testing.T) {
	t.Setenv("VAULT_NAMESPACE", "admin")
	require.ErrorContains(t, run(t, certificate(t, nil)), `VAULT_NAMESPACE is "admin" in this environment and must be unset`)
	require.NoError(t, run(t, pulumitest.Settings(t)), "a stack without Vault ignores it")
}

// The end of an update revokes certificates and removes mounts, with the token that was
// created at its start.
func TestVaultTokenOutlivesLongestUpdate(t *testing.T) {
	for _, timeout := range []string{"10m", "3h", "24h"} {
		for _, enabled := range []string{"true", "false"} { // the update that disables the function deletes it
			s := certificate(t, map[string]string{"originFunctionDeleteTimeout": timeout, "originFunctionEnabled": enabled, "edgeErrorDocuments": "false"})
			session := deploy(t, s).Only(t, "pulumi:providers:vault").Input("maxLeaseTtlSeconds").NumberValue()
			assert.GreaterOrEqual(t, session, (s.OriginFunction.DeleteTimeout.Seconds() + 3600), timeout)
		}
	}
	s := certificate(t, map[string]string{"originFunctionDeleteTimeout": "24h", "originFunctionSkipDestroy": "true"})
	assert.InDelta(t, 3600, deploy(t, s).Only(t, "pulumi:providers:vault").Input("maxLeaseTtlSeconds").NumberValue(), 0)
}
