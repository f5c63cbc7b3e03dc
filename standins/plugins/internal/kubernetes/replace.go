package kubernetes

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// identity lists the fields that identify an object.
var identity = []resource.PropertyPath{{"metadata", "name"}, {"metadata", "namespace"}}

// fixed lists the fields, beside the identity, that upstream lists as immutable, by
// group and kind. It applies to any version, though upstream lists the versions one
// by one. "*" is each element of a list.
var fixed = map[string][]resource.PropertyPath{
	"apps/DaemonSet":  {{"spec", "selector"}},
	"apps/Deployment": {{"spec", "selector"}},
	"apps/StatefulSet": {
		{"spec", "podManagementPolicy"},
		{"spec", "revisionHistoryLimit"},
		{"spec", "selector"},
		{"spec", "serviceName"},
		{"spec", "volumeClaimTemplates"},
	},
	"batch/Job": {{"spec", "completions"}, {"spec", "parallelism"}, {"spec", "selector"}, {"spec", "template"}},
	"rbac.authorization.k8s.io/ClusterRoleBinding": {{"roleRef"}},
	"rbac.authorization.k8s.io/RoleBinding":        {{"roleRef"}},
	"storage.k8s.io/StorageClass":                  {{"parameters"}, {"provisioner"}},
	"/PersistentVolumeClaim": {
		{"spec", "accessModes"}, {"spec", "selector"}, {"spec", "storageClassName"}, {"spec", "volumeName"},
	},
	"/ResourceQuota": {{"spec", "scopes"}},
	"/Secret":        {{"type"}},
	"/Service":       {{"spec", "clusterIP"}},
}

// mutable holds which objects may change their content.
type mutable struct{ secrets, configMaps bool }

// fixedFields returns the fields of an object whose change requires a new object.
func fixedFields(object *unstructured.Unstructured, m mutable) []resource.PropertyPath {
	kind := object.GroupVersionKind()
	immutable, _ := object.Object["immutable"].(bool)
	paths := slices.Concat(identity, fixed[kind.Group+"/"+kind.Kind])
	switch {
	case kind.Group == "" && kind.Kind == "Secret" && (!m.secrets || immutable):
		paths = append(paths, resource.PropertyPath{"data"}, resource.PropertyPath{"stringData"})
	case kind.Group == "" && kind.Kind == "ConfigMap" && (!m.configMaps || immutable):
		paths = append(paths, resource.PropertyPath{"data"}, resource.PropertyPath{"binaryData"})
	}
	return paths
}
