package kubernetes

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/gatehouse-iac/gatehouse/standins/plugins/internal/options"
)

// config holds the provider's configuration.
type config struct {
	kubeconfig       string // path or content; empty for kubectl's default
	context, cluster string // instead of those in the kubeconfig
	namespace        string // of objects without one

	mutable    mutable
	patchForce bool
}

// readConfig also returns all problems.
func readConfig(properties resource.PropertyMap) (config, []string) {
	c, serverSide, ignored, identifier := config{}, true, false, ""
	problems := options.Read(properties, map[resource.PropertyKey]any{
		"kubeconfig":                  &c.kubeconfig,
		"context":                     &c.context,
		"cluster":                     &c.cluster,
		"namespace":                   &c.namespace,
		"clusterIdentifier":           &identifier, // for differences alone
		"enableSecretMutable":         &c.mutable.secrets,
		"enableConfigMapMutable":      &c.mutable.configMaps,
		"enablePatchForce":            &c.patchForce,
		"enableServerSideApply":       &serverSide,
		"suppressDeprecationWarnings": &ignored, // there are none to suppress
		"suppressHelmHookWarnings":    &ignored,
	})
	if !serverSide {
		problems = append(problems, "enableServerSideApply is false; this stand-in applies on the server only")
	}
	return c, problems
}

// load reads the kubeconfig, as upstream does: files that it names are relative to the
// working directory, not to the kubeconfig.
func (c config) load() (clientcmd.ClientConfig, error) {
	overrides := &clientcmd.ConfigOverrides{
		CurrentContext: c.context,
		Context:        api.Context{Cluster: c.cluster, Namespace: c.namespace},
	}
	if c.kubeconfig == "" {
		return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), overrides), nil
	}
	loaded, err := parse(c.kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("configured Kubernetes cluster is unreachable: failed to parse kubeconfig data in `kubernetes:config:kubeconfig`- %w", err)
	}
	return clientcmd.NewDefaultClientConfig(*loaded, overrides), nil
}

// parse reads a kubeconfig, given by its path or its content. Any string that is not the
// path of a file counts as content, also the path of a missing file.
func parse(given string) (*api.Config, error) {
	if given == "" {
		return api.NewConfig(), nil
	}
	path := given
	if home, err := os.UserHomeDir(); err == nil && (given == "~" || strings.HasPrefix(given, "~/")) {
		path = filepath.Join(home, given[1:])
	}
	content := []byte(given)
	if _, err := os.Stat(path); err == nil {
		if content, err = os.ReadFile(path); err != nil {
			return nil, err
		}
	}
	return clientcmd.Load(content)
}

// active returns the active cluster of a configuration's kubeconfig, or nil. The
// environment's kubeconfig is ignored.
func active(kubeconfig *api.Config, properties resource.PropertyMap) *api.Cluster {
	current := kubeconfig.CurrentContext
	if properties["context"].IsString() {
		current = properties["context"].StringValue()
	}
	found := kubeconfig.Contexts[current]
	if found == nil {
		return nil
	}
	if properties["cluster"].IsString() {
		return kubeconfig.Clusters[properties["cluster"].StringValue()]
	}
	return kubeconfig.Clusters[found.Cluster]
}
