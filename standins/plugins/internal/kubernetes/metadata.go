package kubernetes

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Annotations that Pulumi's provider supports.
const (
	autonamed      = "pulumi.com/autonamed"
	timeoutSeconds = "pulumi.com/timeoutSeconds"
	patchForce     = "pulumi.com/patchForce"
	patchManager   = "pulumi.com/patchFieldManager"
	propagation    = "pulumi.com/deletionPropagationPolicy"
)

// metadata returns the object's metadata, which may have values that are not known
// yet.
func metadata(object *unstructured.Unstructured) map[string]any {
	metadata, ok := object.Object["metadata"].(map[string]any)
	if !ok {
		metadata = map[string]any{}
		if object.Object["metadata"] == nil {
			object.Object["metadata"] = metadata
		}
	}
	return metadata
}

func annotation(object *unstructured.Unstructured, name string) string {
	annotations, _ := metadata(object)["annotations"].(map[string]any)
	value, _ := annotations[name].(string)
	return value
}

// isNamed reports whether the object has a name, known or not.
func isNamed(object *unstructured.Unstructured) bool {
	name, given := metadata(object)["name"]
	_, whole := object.Object["metadata"].(unknown)
	return whole || given && name != ""
}

// named gives an object without a name the one that it had before, or a new one,
// and marks it as generated: then a replacement gets another one, and can be
// created before the old object is deleted.
func named(object *unstructured.Unstructured, r plugin.CheckRequest) (problem string) {
	if isNamed(object) {
		return ""
	}
	if metadata(object)["generateName"] != nil {
		return "metadata.generateName needs the server to make the name up, which server-side apply does not; leave it out, and Pulumi does"
	}
	name := ""
	if old := toObject(r.Olds); annotation(old, autonamed) == "true" {
		name = old.GetName()
	}
	switch {
	case name != "":
	case r.Autonaming != nil && r.Autonaming.Mode == plugin.AutonamingModeDisabled:
		return "metadata.name is missing, and names are not made up: pulumi:autonaming is disabled"
	case r.Autonaming != nil:
		name = r.Autonaming.ProposedName
	default:
		var err error
		if name, err = resource.NewUniqueName(r.RandomSeed, r.URN.Name()+"-", 0, 0, nil); err != nil {
			return "metadata.name is missing, and can't be made up: " + err.Error()
		}
	}
	metadata(object)["name"] = name
	annotate(object, autonamed, "true")
	return ""
}

func annotate(object *unstructured.Unstructured, name, value string) {
	annotations, ok := metadata(object)["annotations"].(map[string]any)
	if !ok {
		if metadata(object)["annotations"] != nil {
			return // not known yet
		}
		annotations = map[string]any{}
		metadata(object)["annotations"] = annotations
	}
	annotations[name] = value
}

// propagationOf returns how the objects that a deleted one owns are deleted.
func propagationOf(object *unstructured.Unstructured) v1.DeletionPropagation {
	switch strings.ToLower(annotation(object, propagation)) {
	case "orphan":
		return v1.DeletePropagationOrphan
	case "background":
		return v1.DeletePropagationBackground
	default:
		return v1.DeletePropagationForeground
	}
}

// idOf returns an object's ID: NAMESPACE/NAME, or NAME.
func idOf(object *unstructured.Unstructured) resource.ID {
	if object.GetNamespace() == "" {
		return resource.ID(object.GetName())
	}
	return resource.ID(object.GetNamespace() + "/" + object.GetName())
}

func parseID(id resource.ID) (namespace, name string) {
	namespace, name, found := strings.Cut(string(id), "/")
	if !found {
		return "", namespace
	}
	return namespace, name
}
