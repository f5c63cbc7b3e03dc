package config

import (
	"regexp"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/gatehouse-iac/gatehouse/internal/kubeconfig"
)

// Kubernetes holds which cluster certificates go to, and where in it.
type Kubernetes struct {
	Kubeconfig      Secret // a path or the content; empty for the one of the environment
	Context         string // in the kubeconfig; empty for its current one
	Cluster         string // tells one cluster from another; empty for the context's name
	Namespace       string
	CreateNamespace bool
	Wait            bool // for pods, and for cert-manager
}

var (
	labelPattern   = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	contextPattern = regexp.MustCompile(`^[!-~]+$`)
)

func readKubernetes(r *reader) Kubernetes {
	k := Kubernetes{
		Context:         r.optional("kubernetesContext", contextPattern, "the name of a context in the kubeconfig, or nothing"),
		Cluster:         r.optional("kubernetesCluster", contextPattern, "a name for the cluster, without spaces, or nothing for the context's name"),
		Namespace:       r.pattern("kubernetesNamespace", "gatehouse", labelPattern, "a namespace's name: at most 63 lower-case letters, digits and hyphens"),
		CreateNamespace: r.boolean("kubernetesCreateNamespace", true),
		Wait:            r.boolean("kubernetesWait", true),
	}
	k.Kubeconfig = r.kubeconfig("kubernetesKubeconfig", k.Context)
	return k
}

// kubeconfig reads the path or the content of a kubeconfig. The content has
// credentials in it: it has to be a secret, and no error quotes it.
func (r *reader) kubeconfig(key, context string) Secret {
	value := r.text(key, typeString, "")
	if !kubeconfig.IsContent(value) {
		return Secret(value)
	}
	encrypted := r.secrets[r.full(key)]
	r.secrets[r.full(key)] = true
	if !encrypted {
		r.refuse(key, "a kubeconfig's content only with `pulumi config set --secret %s`: there are credentials in it", r.full(key))
	}
	r.checkKubeconfig(key, value, context)
	return Secret(value)
}

func (r *reader) checkKubeconfig(key, content, context string) {
	var parsed struct {
		Clusters       []any
		CurrentContext string `yaml:"current-context"`
		Contexts       []struct{ Name string }
	}
	if err := yaml.Unmarshal([]byte(content), &parsed); err != nil || len(parsed.Clusters) == 0 {
		r.refuse(key, "a path, or the content of a kubeconfig, which is YAML and has clusters in it")
		return
	}
	if context == "" {
		context = parsed.CurrentContext
	}
	if !slices.ContainsFunc(parsed.Contexts, func(c struct{ Name string }) bool { return c.Name == context }) {
		r.refuse(key, "a kubeconfig with a context of the name that kubernetesContext has, or else its own current-context")
	}
}

// checkKubernetes refuses settings that don't say which cluster is meant: that kubectl
// points to one at the moment is no choice.
func (s Settings) checkKubernetes(r *reader) {
	if s.Kubernetes.Kubeconfig == "" && s.Kubernetes.Context == "" {
		r.refuse("kubernetesKubeconfig", "a kubeconfig, its path or its content, or else a kubernetesContext of the one in the environment: certificates need a cluster to go to")
	}
}
