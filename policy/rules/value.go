package rules

import (
	"encoding/json"
	"iter"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// value is an input, or a part of one. Parts of a secret are secret, and parts of an
// unknown value are unknown.
type value struct{ property.Value }

// at returns the input at the path of keys; it is null if there is none.
func (r Resource) at(keys ...string) value {
	return value{property.New(r.Inputs)}.at(keys...)
}

func (v value) at(keys ...string) value {
	for _, key := range keys {
		if v.IsComputed() {
			return v
		}
		var below property.Value
		if v.IsMap() {
			below = v.AsMap().Get(key)
		}
		v = v.below(below)
	}
	return v
}

// each returns the elements of a list; there are none in anything else.
func (v value) each() []value {
	if !v.IsArray() {
		return nil
	}
	var all []value
	for _, element := range v.AsArray().All {
		all = append(all, v.below(element))
	}
	return all
}

// fields returns the fields of an object by name, in their order; there are none in
// anything else.
func (v value) fields() iter.Seq2[string, value] {
	return func(yield func(string, value) bool) {
		if !v.IsMap() {
			return
		}
		for name, field := range v.AsMap().AllStable {
			if !yield(name, v.below(field)) {
				return
			}
		}
	}
}

func (v value) below(part property.Value) value {
	return value{part.WithSecret(part.Secret() || v.Secret())}
}

// isSet reports whether there is a value that is not empty, or may be one.
func (v value) isSet() bool {
	return v.IsComputed() || !v.IsNull() && !(v.IsString() && v.AsString() == "")
}

// isSecret reports whether the value is marked secret, or may be: an engine need not
// mark what is unknown.
func (v value) isSecret() bool { return v.Secret() || v.IsComputed() }

// isTrue reports whether the value is true, or may be. The configuration of a provider has
// its values as strings.
func (v value) isTrue() bool {
	return v.IsComputed() || v.IsBool() && v.AsBool() || v.IsString() && v.AsString() == "true"
}

// isOneOf reports whether the value is one of the strings, or may be.
func (v value) isOneOf(allowed ...string) bool {
	return v.IsComputed() || slices.Contains(allowed, v.text())
}

// isAtLeast reports whether the value is a number that is not below least, or may be.
func (v value) isAtLeast(least float64) bool {
	return v.IsComputed() || v.IsNumber() && v.AsNumber() >= least
}

// text returns a string or boolean as a string; it is empty for other and unknown values.
func (v value) text() string {
	switch {
	case v.IsString():
		return v.AsString()
	case v.IsBool():
		return strconv.FormatBool(v.AsBool())
	default:
		return ""
	}
}

// unpacked decodes JSON in a string, such as the inputs of a provider, which the engine
// keeps so. It returns any other value as it is.
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

// packed encodes an object as JSON in a string. It returns any other value as it is.
func packed(v value) value {
	if !v.IsMap() {
		return v
	}
	text, err := json.Marshal(resource.ToResourcePropertyValue(v.Value).Mappable())
	if err != nil {
		return v
	}
	return v.below(property.New(string(text)))
}
