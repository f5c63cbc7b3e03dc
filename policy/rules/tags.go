package rules

import "fmt"

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
