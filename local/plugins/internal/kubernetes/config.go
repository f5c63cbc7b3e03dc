package kubernetes

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/gatehouse-iac/gatehouse/local/plugins/internal/options"
)

// config is the provider's configuration.
type config struct {
	kubeconfig       string // path or content; empty for where kubectl would look
	context, cluster string // instead of those that the kubeconfig says
	namespace        string // of objects without one

	mutable    mutable
	patchForce bool
}

// readConfig also returns all that is wrong.
func readConfig(properties resource.PropertyMap) (config, []string) {
	c, serverSide, ignored := config{}, true, false
	problems := options.Read(properties, map[resource.PropertyKey]any{
		"kubeconfig":                  &c.kubeconfig,
		"context":                     &c.context,
		"cluster":                     &c.cluster,
		"namespace":                   &c.namespace,
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

// load reads the kubeconfig. Its errors don't show its content.
func (c config) load() (clientcmd.ClientConfig, error) {
	overrides := &clientcmd.ConfigOverrides{
		CurrentContext: c.context,
		Context:        api.Context{Cluster: c.cluster, Namespace: c.namespace},
	}
	if c.kubeconfig == "" {
		return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), overrides), nil
	}
	loaded, err := clientcmd.LoadFromFile(c.kubeconfig)
	switch {
	case err == nil:
		err = clientcmd.ResolveLocalPaths(loaded)
	case !isContent(c.kubeconfig):
		if failure, ok := errors.AsType[*fs.PathError](err); ok {
			err = failure.Err // without the path, which is as secret as the content
		}
		return nil, fmt.Errorf("kubeconfig names a file that can't be read: %w", err)
	default:
		if loaded, err = clientcmd.Load([]byte(c.kubeconfig)); err != nil {
			return nil, errors.New("kubeconfig is neither the content of a kubeconfig, which is YAML or JSON, nor the path of one")
		}
	}
	return clientcmd.NewDefaultClientConfig(*loaded, overrides), err
}

// isContent tells the content of a file from its path.
func isContent(text string) bool {
	return strings.ContainsAny(text, "\n{")
}

// active is the cluster that the configuration leads to, or nil.
func (c config) active() *api.Cluster {
	loaded, err := c.load()
	if err != nil {
		return nil
	}
	raw, err := loaded.RawConfig()
	if err != nil {
		return nil
	}
	name, current := c.cluster, raw.CurrentContext
	if c.context != "" {
		current = c.context
	}
	if context := raw.Contexts[current]; name == "" && context != nil {
		name = context.Cluster
	}
	found := raw.Clusters[name]
	if found != nil {
		found = found.DeepCopy()
		found.LocationOfOrigin = ""
	}
	return found
}

// movesCluster reports whether the change of the configuration leads to another
// cluster, where nothing is of what was made. A value that is not known yet may.
func movesCluster(olds, news resource.PropertyMap) (keys []resource.PropertyKey) {
	for _, key := range []resource.PropertyKey{"kubeconfig", "context", "cluster"} {
		if news[key].ContainsUnknowns() {
			return []resource.PropertyKey{key}
		}
		if !olds[key].DeepEquals(news[key]) {
			keys = append(keys, key)
		}
	}
	before, _ := readConfig(olds)
	after, _ := readConfig(news)
	from, to := before.active(), after.active()
	if from == nil || to == nil || reflect.DeepEqual(from, to) {
		return nil
	}
	return keys
}
