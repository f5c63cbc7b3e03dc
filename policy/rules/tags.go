package rules

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// required are the tags by which costs and orphaned resources are found.
var required = []string{"project", "stack", "managed-by"}

// tags checks the provider: its default tags are on every resource that supports tags.
var tags = Rule{
	Name:        "tags",
	Description: "Every resource has the tags of its project and stack.",
	check: byType{
		"pulumi:providers:aws": func(r Resource) (p problems) {
			given := unpacked(r.at("defaultTags")).at("tags")
			for _, tag := range required {
				p.unless(given.at(tag).isSet(), fmt.Sprintf("defaultTags.tags must have %q", tag))
			}
			return p
		},
	}.check,
}

// unpacked decodes an input of a provider, which the engine keeps as JSON in a string.
func unpacked(v value) value {
	if !v.IsString() {
		return v
	}
	var plain any
	if json.Unmarshal([]byte(v.AsString()), &plain) != nil {
		return v
	}
	return v.below(resource.FromResourcePropertyValue(resource.NewPropertyValue(plain)))
}
