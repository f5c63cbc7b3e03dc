package bridge

import (
	"context"
	"fmt"
	"sort"
	"strings"

	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// identify returns an id for a resource that has none in Terraform: its arn, its name, or its required attributes, as
// in the ids that Terraform imports.
func identify(
	terraform string, schema shim.SchemaMap,
) func(context.Context, resource.PropertyMap) (resource.ID, error) {
	var demanded []string
	schema.Range(func(attribute string, s shim.Schema) bool {
		if s.Required() && s.Type() == shim.TypeString {
			demanded = append(demanded, propertyName(attribute, schema, nil))
		}
		return true
	})
	sort.Strings(demanded)
	return func(_ context.Context, p resource.PropertyMap) (resource.ID, error) {
		for _, keys := range [][]string{{"arn"}, {"name"}, demanded} {
			if id := joined(p, keys); id != "" {
				return resource.ID(id), nil
			}
		}
		return "", fmt.Errorf("%s has no property to identify it by", terraform)
	}
}

func joined(p resource.PropertyMap, keys []string) string {
	var values []string
	for _, key := range keys {
		if v, ok := p[resource.PropertyKey(key)]; ok && v.IsString() && v.StringValue() != "" {
			values = append(values, v.StringValue())
		}
	}
	return strings.Join(values, ",")
}
