// Package change describes differences to the engine.
package change

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// A Change is one property that differs.
type Change struct {
	Path resource.PropertyPath
	Kind plugin.DiffKind
}

// Replaces reports whether a change of this kind requires a new resource.
func Replaces(kind plugin.DiffKind) bool {
	return kind == plugin.DiffAddReplace || kind == plugin.DiffUpdateReplace || kind == plugin.DiffDeleteReplace
}

// Replacing is the kind that requires a new resource.
func Replacing(kind plugin.DiffKind) plugin.DiffKind {
	switch kind {
	case plugin.DiffAdd:
		return plugin.DiffAddReplace
	case plugin.DiffUpdate:
		return plugin.DiffUpdateReplace
	case plugin.DiffDelete:
		return plugin.DiffDeleteReplace
	default:
		return kind
	}
}

// Result is the response to the engine. Changes at or below a path of ignore are
// left out. deleteFirst reports whether a replacement deletes the old resource
// before it creates the new one.
func Result(changes []Change, ignore []string, deleteFirst bool) (plugin.DiffResult, error) {
	var ignored []resource.PropertyPath
	for _, text := range ignore {
		path, err := resource.ParsePropertyPath(text)
		if err != nil {
			return plugin.DiffResult{}, err
		}
		ignored = append(ignored, path)
	}
	result := plugin.DiffResult{Changes: plugin.DiffNone}
	for _, c := range changes {
		if slices.ContainsFunc(ignored, func(path resource.PropertyPath) bool { return path.Contains(c.Path) }) {
			continue
		}
		if result.DetailedDiff == nil {
			result = plugin.DiffResult{Changes: plugin.DiffSome, DetailedDiff: map[string]plugin.PropertyDiff{}}
		}
		result.DetailedDiff[c.Path.String()] = plugin.PropertyDiff{Kind: c.Kind}
		result.DeleteBeforeReplace = result.DeleteBeforeReplace || deleteFirst && Replaces(c.Kind)
	}
	return result, nil
}
