package config

import (
	"regexp"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/gatehouse-iac/gatehouse/internal/kubeconfig"
)

// Kubernetes holds which cluster and namespace certificates go to.
type Kubernetes struct {
	Kubeconfig      Secret // a path or the content; empty for the one of the environment
	Context         string // in the kubeconfig; empty for its current one
	Cluster         string // identifies the cluster; empty for the context's name
	Namespace       string
	CreateNamespace bool
	Wait            bool // for pods, and for cert-manager
}

var (
	labelPattern   = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	contextPattern = regexp.MustCompile(`^[!-~]+$`)
)

var (
	kubernetesKubeconfig = setting[string]{
		key: "kubernetesKubeconfig", allowed: rule[string]{words: "the path of a kubeconfig, or its content as a secret, or empty for the one in the environment"},
		description: "Kubeconfig of the cluster that the certificate goes to. Either way the state has the part for the context, as a secret. " +
			"With credentials that expire soon, leave it empty and set kubernetesContext. One of the two must be set.",
	}
	kubernetesContext = setting[string]{
		key: "kubernetesContext", basic: true, allowed: orEmpty(matching(contextPattern, "the name of a context in the kubeconfig"), "for its current one"),
		description: "Context of kubernetesKubeconfig, or of the kubeconfig in the environment.",
	}
	kubernetesCluster = setting[string]{
		key: "kubernetesCluster", allowed: orEmpty(matching(contextPattern, "a name for the cluster, without spaces"), "for the context's name"),
		description: "Name of your choice for the cluster. Another name moves the stack's objects to another cluster; under the same name, the cluster may have another address, authority or context.",
	}
	kubernetesNamespace = setting[string]{
		key: "kubernetesNamespace", byDefault: "gatehouse",
		allowed:     matching(labelPattern, "a namespace's name: at most 63 lower-case letters, digits and hyphens"),
		description: "Namespace of the certificate's Secret.",
	}
	kubernetesCreateNamespace = setting[bool]{
		key: "kubernetesCreateNamespace", byDefault: true,
		description: "Whether the stack creates the namespace; false for one that exists.",
	}
	kubernetesWait = setting[bool]{
		key: "kubernetesWait", byDefault: true,
		description: "Whether `pulumi up` waits until pods are ready and cert-manager has issued the certificate.",
	}
)

func readKubernetes(r *reader) Kubernetes {
	k := Kubernetes{
		Context:         kubernetesContext.read(r),
		Cluster:         kubernetesCluster.read(r),
		Namespace:       kubernetesNamespace.read(r),
		CreateNamespace: kubernetesCreateNamespace.read(r),
		Wait:            kubernetesWait.read(r),
	}
	k.Kubeconfig = readKubeconfig(r, k.Context)
	return k
}

// readKubeconfig reads the path or the content of a kubeconfig. The content has
// credentials in it: it must be a secret, and no error quotes it.
func readKubeconfig(r *reader, context string) Secret {
	value := kubernetesKubeconfig.read(r)
	if !kubeconfig.IsContent(value) {
		return Secret(value)
	}
	key := kubernetesKubeconfig.String()
	encrypted := r.secrets[key]
	r.secrets[key] = true
	if !encrypted {
		r.refuse(kubernetesKubeconfig, "a kubeconfig's content only with `pulumi config set --secret %s`: there are credentials in it", key)
	}
	checkKubeconfig(r, value, context)
	return Secret(value)
}

func checkKubeconfig(r *reader, content, context string) {
	var parsed struct {
		Clusters       []any
		CurrentContext string `yaml:"current-context"`
		Contexts       []struct{ Name string }
	}
	if err := yaml.Unmarshal([]byte(content), &parsed); err != nil || len(parsed.Clusters) == 0 {
		r.refuse(kubernetesKubeconfig, "a path, or the content of a kubeconfig, which is YAML and has clusters in it")
		return
	}
	if context == "" {
		context = parsed.CurrentContext
	}
	if !slices.ContainsFunc(parsed.Contexts, func(c struct{ Name string }) bool { return c.Name == context }) {
		r.must(kubernetesKubeconfig, "be a kubeconfig with the context that %s names, or else its own current-context", kubernetesContext)
	}
}

// checkKubernetes refuses settings that don't choose a cluster: that kubectl points to one
// at the moment is no choice.
func (s Settings) checkKubernetes(r *reader) {
	if s.Kubernetes.Kubeconfig == "" && s.Kubernetes.Context == "" {
		r.must(kubernetesKubeconfig, "be a kubeconfig, its path or its content, or else %s must be a context of the one in the environment: certificates go to a cluster", kubernetesContext)
	}
}

// Secret is a string that formatting doesn't show.
type Secret string

// String hides the value.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[secret]"
}

// GoString hides the value.
func (s Secret) GoString() string { return s.String() }

// Reveal returns the value.
func (s Secret) Reveal() string { return string(s) }
