package kubernetes

import (
	"encoding/base64"
	"reflect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
)

// serversOwn lists the fields of metadata that only the server sets.
var serversOwn = []string{
	"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid",
}

// normalize writes the object as the server would, so that "0.5" and "500m"
// processors are no difference. It requires a known kind, and known values.
func normalize(object *unstructured.Unstructured) {
	for _, name := range serversOwn {
		unstructured.RemoveNestedField(object.Object, "metadata", name)
	}
	if isSecret(object) {
		encodeStringData(object)
	}
	if hasUnknown(object.Object) {
		return
	}
	typed, err := scheme.Scheme.New(object.GroupVersionKind())
	if err != nil {
		return
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, typed); err != nil {
		return // the server will return the error
	}
	if written, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed); err == nil {
		object.Object, _ = rewritten(object.Object, written).(map[string]any)
	}
}

// rewritten returns the value as it was encoded again, but only its own fields:
// added ones are left out, and dropped ones are kept unless they are empty.
func rewritten(value, anew any) any {
	switch value := value.(type) {
	case map[string]any:
		anew, ok := anew.(map[string]any)
		if !ok {
			return value
		}
		result := map[string]any{}
		for key, element := range value {
			if written, kept := anew[key]; kept {
				result[key] = rewritten(element, written)
			} else if !isEmpty(element) {
				result[key] = element
			}
		}
		return result
	case []any:
		anew, ok := anew.([]any)
		if !ok || len(anew) != len(value) {
			return value
		}
		result := make([]any, len(value))
		for i, element := range value {
			result[i] = rewritten(element, anew[i])
		}
		return result
	}
	return anew
}

func isEmpty(value any) bool {
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Map, reflect.Slice:
		return v.Len() == 0
	default:
		return v.IsZero()
	}
}

func isSecret(object *unstructured.Unstructured) bool {
	return object.GetAPIVersion() == "v1" && object.GetKind() == "Secret"
}

// encodeStringData moves a Secret's strings to data, as the server does.
func encodeStringData(secret *unstructured.Unstructured) {
	texts, ok := secret.Object["stringData"].(map[string]any)
	data, held := secret.Object["data"].(map[string]any)
	if !ok || secret.Object["data"] != nil && !held {
		return // not known yet
	}
	if data == nil {
		data = map[string]any{}
	}
	for name, content := range texts {
		data[name] = content
		if text, known := content.(string); known {
			data[name] = base64.StdEncoding.EncodeToString([]byte(text))
		}
	}
	secret.Object["data"] = data
	delete(secret.Object, "stringData")
}

// pruned returns the fields of an object that another one has: of the fields that
// the server adds, none is compared. Lists are matched by position, and elements
// that others have added at their end are left out.
func pruned(live, shape any) any {
	switch shape := shape.(type) {
	case map[string]any:
		live, ok := live.(map[string]any)
		if !ok {
			return live
		}
		result := map[string]any{}
		for key, element := range live {
			if wanted, has := shape[key]; has {
				result[key] = pruned(element, wanted)
			}
		}
		return result
	case []any:
		live, ok := live.([]any)
		if !ok {
			return live
		}
		result := make([]any, min(len(live), len(shape)))
		for i := range result {
			result[i] = pruned(live[i], shape[i])
		}
		return result
	}
	return live
}
