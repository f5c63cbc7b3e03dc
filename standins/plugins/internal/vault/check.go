package vault

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// defaultsKey is the key under which inputs list the properties that were filled in, as in every provider that upstream's bridge serves.
const defaultsKey = "__defaults"

func isDefault(inputs resource.PropertyMap, key resource.PropertyKey) bool {
	defaults := inputs[defaultsKey]
	return defaults.IsArray() && slices.ContainsFunc(defaults.ArrayValue(), func(v resource.PropertyValue) bool {
		return v.IsString() && v.StringValue() == string(key)
	})
}

// check returns all problems of the inputs, and fills in missing values.
func (d definition) check(r plugin.CheckRequest) (resource.PropertyMap, []string) {
	var problems []string
	inputs, defaults := resource.PropertyMap{}, []string{}
	known := map[resource.PropertyKey]bool{defaultsKey: true}
	for _, f := range d.fields {
		key := f.property()
		if f.is(output) {
			continue
		}
		known[key] = true
		given := r.News[key]
		if given.IsNull() {
			given, problems = d.filled(f, r, problems)
			if given.IsNull() {
				continue
			}
			defaults = append(defaults, string(key))
		}
		if problem := f.problem(given); problem != "" {
			problems = append(problems, problem)
		}
		inputs[key] = given
	}
	for _, key := range slices.Sorted(maps.Keys(r.News)) {
		if !known[key] {
			problems = append(problems, fmt.Sprintf("%s is not a property of this resource", key))
		}
	}
	slices.Sort(defaults)
	inputs[defaultsKey] = resource.NewPropertyValue(defaults)
	return inputs, problems
}

// filled returns the value of a field that was not given, if there is one.
func (d definition) filled(f field, r plugin.CheckRequest, problems []string) (resource.PropertyValue, []string) {
	switch {
	case f.is(named):
		name, problem := madeUp(f, r)
		if problem != "" {
			return resource.PropertyValue{}, append(problems, problem)
		}
		return resource.NewProperty(name), problems
	case f.is(required):
		return resource.PropertyValue{}, append(problems, fmt.Sprintf("%s is missing", f.property()))
	case f.standard != nil:
		return f.toSDK(f.standard), problems
	}
	return resource.PropertyValue{}, problems
}

// problem returns what is wrong with a given value, or an empty string.
func (f field) problem(given resource.PropertyValue) string {
	if given.ContainsUnknowns() {
		return ""
	}
	value, err := f.fromSDK(given)
	if err != nil {
		return fieldError(f, err).Error()
	}
	shown := "[secret]"
	if !given.ContainsSecrets() && !f.is(secret) {
		shown = fmt.Sprintf("%q", value)
	}
	switch {
	case f.allowed != nil && !slices.Contains(f.allowed, value.(string)):
		return fmt.Sprintf("%s is %s; allowed: %s", f.property(), shown, strings.Join(f.allowed, ", "))
	case f.is(duration) && !empty(value):
		if _, err := parseTime(value.(string)); err != nil {
			return fmt.Sprintf("%s is %s, which is no time: 30s, 12h, …", f.property(), shown)
		}
	}
	return ""
}

// Generated names are the resource's with a random part.
const (
	randomLength  = 7
	longestMadeUp = 255
)

// madeUp returns a name for a resource without one: its present one, or a new one.
func madeUp(f field, r plugin.CheckRequest) (name, problem string) {
	if old := r.Olds[f.property()]; old.IsString() && isDefault(r.Olds, f.property()) {
		return old.StringValue(), ""
	}
	if r.Autonaming != nil {
		if r.Autonaming.Mode == plugin.AutonamingModeDisabled {
			return "", fmt.Sprintf("%s is missing, and names are not made up: pulumi:autonaming is disabled", f.property())
		}
		return r.Autonaming.ProposedName, ""
	}
	name, err := resource.NewUniqueName(r.RandomSeed, r.URN.Name()+"-", randomLength, longestMadeUp, nil)
	if err != nil {
		return "", fmt.Sprintf("%s is missing, and can't be made up: %v", f.property(), err)
	}
	return name, ""
}
