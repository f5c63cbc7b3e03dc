package kubernetes

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"k8s.io/client-go/tools/clientcmd/api"
)

const identifierKey = "clusterIdentifier"

// locating lists the properties that identify the cluster.
var locating = []resource.PropertyKey{"kubeconfig", "context", "cluster"}

// diffConfig compares two configurations as upstream does. Another cluster replaces
// the provider, and with it all that was created there. A cluster is identified by the
// identifier, if there was one and there is one; else by the active cluster's entry in
// the kubeconfig, where there is a kubeconfig.
//
// Upstream reads the old kubeconfig as well, so that the file of an old path must still
// exist.
func diffConfig(olds, news resource.PropertyMap) (plugin.DiffResult, error) {
	olds, news = inClear(olds), inClear(news)
	diff := olds.Diff(news)
	if diff == nil {
		return plugin.DiffResult{Changes: plugin.DiffNone}, nil
	}
	var replaces []resource.PropertyKey
	if diff.Updated(identifierKey) {
		replaces = append(replaces, identifierKey)
	}
	result := plugin.DiffResult{Changes: plugin.DiffSome, ChangedKeys: diff.ChangedKeys()}
	moved, err := movesCluster(olds, news, diff)
	if err != nil {
		return plugin.DiffResult{}, err
	}
	if !diff.Same(identifierKey) || !news.HasValue(identifierKey) {
		result.ReplaceKeys = append(replaces, moved...)
	}
	return result, nil
}

// movesCluster returns the properties whose change leads to another cluster by the
// kubeconfigs. A value that is not known yet may.
func movesCluster(olds, news resource.PropertyMap, diff *resource.ObjectDiff) ([]resource.PropertyKey, error) {
	for _, key := range locating {
		if news[key].IsComputed() || news[key].IsOutput() {
			return []resource.PropertyKey{key}, nil
		}
	}
	from, err := activeOf(olds)
	if err != nil {
		return nil, err
	}
	to, err := activeOf(news)
	if err != nil || from == nil || to == nil || reflect.DeepEqual(from, to) {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(locating), func(key resource.PropertyKey) bool { return diff.Same(key) }), nil
}

func activeOf(properties resource.PropertyMap) (*api.Cluster, error) {
	given := ""
	if properties["kubeconfig"].IsString() {
		given = properties["kubeconfig"].StringValue()
	}
	kubeconfig, err := parse(given)
	if err != nil {
		return nil, fmt.Errorf("failed to parse kubeconfig: %w", err)
	}
	return active(kubeconfig, properties), nil
}

// inClear returns the properties without marks of secrecy.
func inClear(properties resource.PropertyMap) resource.PropertyMap {
	clear := resource.PropertyMap{}
	for key, value := range properties {
		for value.IsSecret() {
			value = value.SecretValue().Element
		}
		clear[key] = value
	}
	return clear
}
