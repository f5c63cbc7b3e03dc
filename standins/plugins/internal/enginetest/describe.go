package enginetest

import (
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

var kinds = map[plugin.DiffKind]string{
	plugin.DiffAdd: "add", plugin.DiffAddReplace: "add&replace",
	plugin.DiffUpdate: "update", plugin.DiffUpdateReplace: "update&replace",
	plugin.DiffDelete: "delete", plugin.DiffDeleteReplace: "delete&replace",
}

// Describe returns the differences, in the order of their paths.
func Describe(diff plugin.DiffResult) string {
	var parts []string
	for _, path := range slices.Sorted(maps.Keys(diff.DetailedDiff)) {
		parts = append(parts, path+" "+kinds[diff.DetailedDiff[path].Kind])
	}
	if diff.DeleteBeforeReplace {
		parts = append(parts, "delete first")
	}
	return strings.Join(parts, ", ")
}
