package kubernetes

import (
	"maps"
	"reflect"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-iac/gatehouse/standins/plugins/internal/change"
)

// changes returns the differences between the object's present values of the
// fields that the old inputs had, and the new inputs.
func changes(live, wanted *unstructured.Unstructured, m mutable) []change.Change {
	fields := fixedFields(wanted, m)
	var changes []change.Change
	compare(nil, live.Object, wanted.Object, func(path resource.PropertyPath, kind plugin.DiffKind) {
		isFixed := func(field resource.PropertyPath) bool { return field.Contains(path) }
		if slices.ContainsFunc(fields, isFixed) || len(path) == 1 && path[0] == "metadata" {
			kind = change.Replacing(kind)
		}
		changes = append(changes, change.Change{Path: path, Kind: kind})
	})
	return changes
}

func compare(path resource.PropertyPath, live, wanted any, differs func(resource.PropertyPath, plugin.DiffKind)) {
	switch wanted := wanted.(type) {
	case map[string]any:
		if live, ok := live.(map[string]any); ok {
			compareObjects(path, live, wanted, differs)
			return
		}
	case []any:
		if live, ok := live.([]any); ok {
			compareLists(path, live, wanted, differs)
			return
		}
	}
	if !sameValue(live, wanted) {
		differs(path, plugin.DiffUpdate)
	}
}

func compareObjects(path resource.PropertyPath, live, wanted map[string]any, differs func(resource.PropertyPath, plugin.DiffKind)) {
	both := maps.Clone(live)
	maps.Copy(both, wanted)
	for _, key := range slices.Sorted(maps.Keys(both)) {
		at := at(path, underscored(key))
		before, was := live[key]
		after, is := wanted[key]
		switch {
		case !is:
			differs(at, plugin.DiffDelete)
		case !was:
			differs(at, plugin.DiffAdd)
		default:
			compare(at, before, after, differs)
		}
	}
}

func compareLists(path resource.PropertyPath, live, wanted []any, differs func(resource.PropertyPath, plugin.DiffKind)) {
	for i := range max(len(live), len(wanted)) {
		switch at := at(path, i); {
		case i >= len(wanted):
			differs(at, plugin.DiffDelete)
		case i >= len(live):
			differs(at, plugin.DiffAdd)
		default:
			compare(at, live[i], wanted[i], differs)
		}
	}
}

func at(path resource.PropertyPath, element any) resource.PropertyPath {
	return append(slices.Clone(path), element)
}

func sameValue(live, wanted any) bool {
	if _, isUnknown := wanted.(unknown); isUnknown {
		return false
	}
	if a, ok := asNumber(live); ok {
		b, ok := asNumber(wanted)
		return ok && a == b
	}
	return reflect.DeepEqual(live, wanted)
}

func asNumber(value any) (float64, bool) {
	switch value := value.(type) {
	case int64:
		return float64(value), true
	case float64:
		return value, true
	}
	return 0, false
}
