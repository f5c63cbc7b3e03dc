package kubernetes

import (
	"math"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// fieldManagerKey is the key in a resource's state of the name of its field
// manager.
const fieldManagerKey = "__fieldManager"

// unknown stands for a value that is not known yet.
type unknown struct{}

// toObject converts properties to an object, without marks of secrecy. Nulls are
// left out.
func toObject(properties resource.PropertyMap) *unstructured.Unstructured {
	object, _ := lower(resource.NewProperty(properties)).(map[string]any)
	delete(object, fieldManagerKey)
	return &unstructured.Unstructured{Object: object}
}

func lower(v resource.PropertyValue) any {
	switch {
	case v.IsSecret():
		return lower(v.SecretValue().Element)
	case v.IsOutput():
		if !v.OutputValue().Known {
			return unknown{}
		}
		return lower(v.OutputValue().Element)
	case v.IsComputed():
		return unknown{}
	case v.IsNumber():
		if n := v.NumberValue(); n == math.Trunc(n) && math.Abs(n) < 1<<53 {
			return int64(n)
		}
		return v.NumberValue()
	case v.IsArray():
		elements := make([]any, 0, len(v.ArrayValue()))
		for _, element := range v.ArrayValue() {
			elements = append(elements, lower(element))
		}
		return elements
	case v.IsObject():
		object := map[string]any{}
		for key, element := range v.ObjectValue() {
			if !element.IsNull() {
				object[dashed(string(key))] = lower(element)
			}
		}
		return object
	}
	return v.V // string, boolean or null
}

// toProperties converts an object to properties. Values that were secret in one
// of the maps before are secret again, and so is the content of a Secret.
func toProperties(object map[string]any, before ...resource.PropertyMap) resource.PropertyMap {
	properties, _ := raise(object).V.(resource.PropertyMap)
	if properties["kind"].IsString() && properties["kind"].StringValue() == "Secret" {
		for _, key := range []resource.PropertyKey{"data", "stringData"} {
			if held, has := properties[key]; has {
				properties[key] = resource.MakeSecret(held)
			}
		}
	}
	for _, m := range before {
		mark(properties, m)
	}
	return properties
}

func raise(value any) resource.PropertyValue {
	switch value := value.(type) {
	case unknown:
		return resource.MakeComputed(resource.NewProperty(""))
	case int64:
		return resource.NewProperty(float64(value))
	case []any:
		elements := make([]resource.PropertyValue, len(value))
		for i, element := range value {
			elements[i] = raise(element)
		}
		return resource.NewProperty(elements)
	case map[string]any:
		properties := resource.PropertyMap{}
		for key, element := range value {
			properties[resource.PropertyKey(underscored(key))] = raise(element)
		}
		return resource.NewProperty(properties)
	}
	return resource.NewPropertyValue(value)
}

// mark marks as secret the values that are secret in the example: single entries
// of objects, and lists as a whole, as their elements may have moved.
func mark(properties, example resource.PropertyMap) {
	for key, shown := range example {
		property, has := properties[key]
		switch {
		case !has || property.IsSecret():
		case property.IsObject() && shown.IsObject():
			mark(property.ObjectValue(), shown.ObjectValue())
		case shown.ContainsSecrets():
			properties[key] = resource.MakeSecret(property)
		}
	}
}

// The schemas in a CustomResourceDefinition have names with dashes, for which
// the SDK has underscores.
const (
	dashedPrefix      = "x-kubernetes-"
	underscoredPrefix = "x_kubernetes_"
)

func dashed(key string) string {
	if strings.HasPrefix(key, underscoredPrefix) {
		return strings.ReplaceAll(key, "_", "-")
	}
	return key
}

func underscored(key string) string {
	if strings.HasPrefix(key, dashedPrefix) {
		return strings.ReplaceAll(key, "-", "_")
	}
	return key
}

// hasUnknown reports whether anything in the object is not known yet.
func hasUnknown(value any) bool {
	switch value := value.(type) {
	case unknown:
		return true
	case map[string]any:
		for _, element := range value {
			if hasUnknown(element) {
				return true
			}
		}
	case []any:
		for _, element := range value {
			if hasUnknown(element) {
				return true
			}
		}
	}
	return false
}
