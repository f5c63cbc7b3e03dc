package pulumitest

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// inferenceProfile is a profile of the mocked region, eu-west-1, for a geography or
// for all: its models are in no order.
func inferenceProfile(id string) (resource.PropertyMap, error) {
	geography, model, _ := strings.Cut(id, ".")
	regions, known := map[string][]string{"eu": {"eu-west-1", "eu-central-1"}, "global": {"eu-west-1", ""}}[geography]
	if !known || strings.Contains(model, "absent") {
		return nil, fmt.Errorf("the mocked AWS account has no inference profile %s", id)
	}
	var models []resource.PropertyValue
	for _, region := range regions {
		models = append(models, resource.NewProperty(resource.PropertyMap{
			"modelArn": resource.NewProperty(fmt.Sprintf("arn:aws:bedrock:%s::foundation-model/%s", region, model)),
		}))
	}
	return resource.PropertyMap{
		"inferenceProfileArn": resource.NewProperty(fmt.Sprintf("arn:aws:bedrock:eu-west-1:%s:inference-profile/%s", AccountID, id)),
		"models":              resource.NewProperty(models),
	}, nil
}
