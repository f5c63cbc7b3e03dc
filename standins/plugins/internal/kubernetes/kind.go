package kubernetes

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// kindOf returns the kind of a type of the SDK: "kubernetes:apps/v1:Deployment".
func kindOf(token tokens.Type) (schema.GroupVersionKind, error) {
	parts := strings.Split(string(token), ":")
	if len(parts) == 3 && parts[0] == "kubernetes" && parts[2] != "" {
		group, version, found := strings.Cut(parts[1], "/")
		if isPartial(group, parts[2]) {
			return schema.GroupVersionKind{}, fmt.Errorf("%s is a type that this stand-in does not serve: it makes whole objects, one by one", token)
		}
		if group == "core" {
			group = ""
		}
		if found && version != "" && !strings.Contains(version, "/") {
			return schema.GroupVersionKind{Group: group, Version: version, Kind: parts[2]}, nil
		}
	}
	return schema.GroupVersionKind{}, fmt.Errorf("%s is not a type of the form kubernetes:GROUP/VERSION:KIND, and only those are served", token)
}

// isPartial reports whether the SDK has the type beside the kinds of the group:
// for a part of an object, or for many of them.
func isPartial(group, kind string) bool {
	builtIn := !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io")
	return builtIn && (strings.HasSuffix(kind, "Patch") || strings.HasSuffix(kind, "List"))
}

// describe names a kind for messages to users.
func describe(kind schema.GroupVersionKind) string {
	return fmt.Sprintf("%s of %s", kind.Kind, kind.GroupVersion())
}
