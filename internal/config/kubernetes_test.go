package config

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// testKubeconfig is a kubeconfig's content, with a token in it.
const testKubeconfig = `apiVersion: v1
kind: Config
current-context: main
clusters: [{name: main, cluster: {server: "https://cluster.example.com"}}]
contexts: [{name: main, context: {cluster: main, user: main}}, {name: other, context: {cluster: main, user: main}}]
users: [{name: main, user: {token: hush}}]
`

const kubeconfigKey = "gatehouse:kubernetesKubeconfig"

func TestKubernetesDefaults(t *testing.T) {
	s, err := Load(certificates(nil))
	require.NoError(t, err)
	assert.Equal(t, Kubernetes{Kubeconfig: "kubeconfig.yaml", Namespace: "gatehouse", CreateNamespace: true, Wait: true}, s.Kubernetes)
}

func TestTheClusterIsNamedByAKubeconfigOrAContext(t *testing.T) {
	for name, c := range map[string]config{
		"path":             {"kubernetesKubeconfig": "/home/me/.kube/config"},
		"path and context": {"kubernetesKubeconfig": "~/.kube/config", "kubernetesContext": "arn:aws:eks:eu-west-1:123456789012:cluster/main"},
		"context":          {"kubernetesKubeconfig": "", "kubernetesContext": "main"},
	} {
		_, err := Load(certificates(c))
		assert.NoError(t, err, name)
	}
	for name, c := range map[string]config{
		"content":             {"kubernetesKubeconfig": testKubeconfig},
		"content as JSON":     {"kubernetesKubeconfig": `{"clusters": [{}], "current-context": "main", "contexts": [{"name": "main"}]}`},
		"content and context": {"kubernetesKubeconfig": testKubeconfig, "kubernetesContext": "other"},
	} {
		s, err := Load(certificates(c), kubeconfigKey)
		require.NoError(t, err, name)
		assert.Equal(t, c["kubernetesKubeconfig"], s.Kubernetes.Kubeconfig.Reveal(), name)
	}
}

func TestKubernetesMistakesGetOneErrorEach(t *testing.T) {
	refuseEach(t, map[string]mistake{
		"neither kubeconfig nor context": {config{"kubernetesKubeconfig": ""}, "kubernetesKubeconfig", "or else gatehouse:kubernetesContext must be a context"},
		"content that isn't a secret":    {config{"kubernetesKubeconfig": testKubeconfig}, "kubernetesKubeconfig", "only with `pulumi config set --secret gatehouse:kubernetesKubeconfig`"},
		"a namespace in upper case":      {config{"kubernetesNamespace": "Gatehouse"}, "kubernetesNamespace", "a namespace's name"},
		"a namespace with a dot":         {config{"kubernetesNamespace": "gate.house"}, "kubernetesNamespace", "a namespace's name"},
		"a context with a space":         {config{"kubernetesContext": "my cluster"}, "kubernetesContext", "the name of a context"},
	})
}

func TestAMalformedKubeconfigIsRefusedWithoutQuotingIt(t *testing.T) {
	for name, c := range map[string]struct {
		config config
		rule   string
	}{
		"no YAML":                  {config{"kubernetesKubeconfig": "hush: {"}, "which is YAML and has clusters in it"},
		"something else":           {config{"kubernetesKubeconfig": "token: hush\nkind: Secret\n"}, "which is YAML and has clusters in it"},
		"no such context":          {config{"kubernetesKubeconfig": testKubeconfig, "kubernetesContext": "third"}, "it must be a kubeconfig with the context that gatehouse:kubernetesContext names"},
		"no current context":       {config{"kubernetesKubeconfig": "clusters: [{name: hush}]\n"}, "or else its own current-context"},
		"a context that isn't one": {config{"kubernetesKubeconfig": "clusters: [{name: hush}]\ncurrent-context: hush\n"}, "or else its own current-context"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(certificates(c.config), kubeconfigKey)
			var problems Problems
			require.ErrorAs(t, err, &problems)
			require.Len(t, problems, 1)
			assert.Contains(t, problems[0].Rule, c.rule)
			assert.Equal(t, "[secret]", problems[0].Given)
			assert.NotContains(t, err.Error(), "hush")
		})
	}
}

func TestAKubeconfigInClearIsNotQuotedEither(t *testing.T) {
	_, err := Load(certificates(config{"kubernetesKubeconfig": testKubeconfig}))
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "hush")
}

func TestSecretsAreNotFormatted(t *testing.T) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		assert.NotContains(t, fmt.Sprintf(verb, Kubernetes{Kubeconfig: "hush"}), "hush", verb)
	}
	assert.Empty(t, Secret("").String())
}
