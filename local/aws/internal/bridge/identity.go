package bridge

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// identities are the properties that identify a resource for which Terraform has no id.
var identities = map[string]resource.PropertyKey{}

// identify returns the id of a resource that has none in Terraform.
func identify(terraform string) func(context.Context, resource.PropertyMap) (resource.ID, error) {
	return func(_ context.Context, p resource.PropertyMap) (resource.ID, error) {
		for _, key := range []resource.PropertyKey{identities[terraform], "arn", "name"} {
			if v, ok := p[key]; ok && v.IsString() && v.StringValue() != "" {
				return resource.ID(v.StringValue()), nil
			}
		}
		return "", fmt.Errorf("%s has neither an arn nor a name to identify it by", terraform)
	}
}
