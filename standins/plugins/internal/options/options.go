// Package options reads the configuration of a provider.
package options

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// engines are the properties that the engine adds.
var engines = []resource.PropertyKey{"version", "pluginDownloadURL"}

// Read sets each option, a *string, *bool or *int, to the property of its name,
// and returns all problems. A property without an option is one too. A value that
// is not known yet leaves its option unchanged.
func Read(properties resource.PropertyMap, options map[resource.PropertyKey]any) (problems []string) {
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		property := properties[key]
		for property.IsSecret() {
			property = property.SecretValue().Element
		}
		switch {
		case slices.Contains(engines, key) || property.IsNull() || property.ContainsUnknowns():
			continue
		case options[key] == nil:
			problems = append(problems, fmt.Sprintf("%s is a setting of the provider that this stand-in does not serve; it serves %s", key, names(options)))
		default:
			if wanted := assign(options[key], property); wanted != "" {
				problems = append(problems, fmt.Sprintf("%s must be %s", key, wanted))
			}
		}
	}
	return problems
}

func names(options map[resource.PropertyKey]any) string {
	var names []string
	for _, key := range slices.Sorted(maps.Keys(options)) {
		names = append(names, string(key))
	}
	return strings.Join(names, ", ")
}

// assign returns what the option must be if the value is of another type. Numbers
// and booleans may be strings.
func assign(option any, property resource.PropertyValue) (wanted string) {
	text := fmt.Sprint(property.V)
	var err error
	switch option := option.(type) {
	case *string:
		if !property.IsString() {
			return "a text"
		}
		*option = text
	case *bool:
		if *option, err = strconv.ParseBool(text); err != nil {
			return "true or false"
		}
	case *int:
		if *option, err = strconv.Atoi(text); err != nil {
			return "a whole number"
		}
	}
	return ""
}
