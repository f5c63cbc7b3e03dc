package vault

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// kind is the type of a property, with its Go type.
type kind int

const (
	text   kind = iota // string
	number             // int
	flag               // bool
	list               // []string
	joined             // []string, which Vault takes as one string with commas
	set                // []string, in any order
	dict               // map[string]string
)

// trait is an attribute of a property beside its kind.
type trait int

const (
	required trait = 1 << iota
	named          // generated from the resource's name when it is not given
	replaces       // a change requires a new resource
	computed       // Vault computes it when it is not given
	output         // only Vault sets it
	secret
	always   // sent although it is empty
	local    // not sent: it is in the path, or for this provider only
	duration // means the same time in another unit
)

// field is a property of a resource, as upstream's schema has it.
type field struct {
	name     string // Vault's
	kind     kind
	traits   trait
	sdk      string   // the SDK's name, where it is not Vault's in camel case
	standard any      // the default
	allowed  []string // the values allowed; any if empty
}

func (f field) is(t trait) bool { return f.traits&t != 0 }

// property returns the SDK's name.
func (f field) property() resource.PropertyKey {
	if f.sdk != "" {
		return resource.PropertyKey(f.sdk)
	}
	words := strings.Split(f.name, "_")
	for i, word := range words[1:] {
		words[i+1] = strings.ToUpper(word[:1]) + word[1:]
	}
	return resource.PropertyKey(strings.Join(words, ""))
}

// values holds properties by Vault's names; missing ones are absent.
type values map[string]any

func (v values) text(name string) string {
	text, _ := v[name].(string)
	return text
}

func (v values) texts(name string) []string {
	texts, _ := v[name].([]string)
	return texts
}

func (v values) number(name string) int {
	number, _ := v[name].(int)
	return number
}

func (v values) flag(name string) bool {
	flag, _ := v[name].(bool)
	return flag
}

// empty reports whether the value means the same as none.
func empty(value any) bool {
	switch v := value.(type) {
	case string:
		return v == ""
	case int:
		return v == 0
	case bool:
		return !v
	case []string:
		return len(v) == 0
	case map[string]string:
		return len(v) == 0
	default:
		return value == nil
	}
}

// none returns the empty value of a kind.
func (k kind) none() any {
	switch k {
	case number:
		return 0
	case flag:
		return false
	case list, joined, set:
		return []string{}
	case dict:
		return map[string]string{}
	default:
		return ""
	}
}

func (k kind) String() string {
	switch k {
	case number:
		return "a whole number"
	case flag:
		return "true or false"
	case list, joined, set:
		return "a list of texts"
	case dict:
		return "texts by name"
	default:
		return "a text"
	}
}

// same reports whether two values of the field mean the same.
func (f field) same(a, b any) bool {
	if empty(a) || empty(b) {
		return empty(a) && empty(b)
	}
	switch a := a.(type) {
	case []string:
		b, ok := b.([]string)
		if f.kind == set {
			a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
		}
		return ok && slices.Equal(a, b)
	case map[string]string:
		b, ok := b.(map[string]string)
		return ok && maps.Equal(a, b)
	case string:
		if f.is(duration) {
			return sameTime(a, b)
		}
	}
	return a == b
}

func sameTime(a, b any) bool {
	if a == b {
		return true
	}
	left, err := parseTime(a.(string))
	right, err2 := parseTime(fmt.Sprint(b))
	return err == nil && err2 == nil && left == right
}

// parseTime reads a duration as Vault does: "1h30m", or a number of seconds.
func parseTime(text string) (time.Duration, error) {
	if seconds, err := strconv.Atoi(text); err == nil {
		return time.Duration(seconds) * time.Second, nil
	}
	return time.ParseDuration(text)
}

// fromSDK returns the value of a property without unknowns. An error does not show
// the value.
func (f field) fromSDK(property resource.PropertyValue) (any, error) {
	v := plain(property)
	switch {
	case f.kind == text && v.IsString():
		return v.StringValue(), nil
	case f.kind == flag && v.IsBool():
		return v.BoolValue(), nil
	case f.kind == number && v.IsNumber() && v.NumberValue() == math.Trunc(v.NumberValue()):
		return int(v.NumberValue()), nil
	case (f.kind == list || f.kind == joined || f.kind == set) && v.IsArray():
		texts := make([]string, len(v.ArrayValue()))
		for i, element := range v.ArrayValue() {
			if !element.IsString() {
				return nil, fmt.Errorf("must be %s", f.kind)
			}
			texts[i] = element.StringValue()
		}
		return texts, nil
	case f.kind == dict && v.IsObject():
		texts := map[string]string{}
		for key, element := range v.ObjectValue() {
			if !element.IsString() {
				return nil, fmt.Errorf("must be %s", f.kind)
			}
			texts[string(key)] = element.StringValue()
		}
		return texts, nil
	}
	return nil, fmt.Errorf("must be %s", f.kind)
}

// plain returns the value without marks of secrecy.
func plain(v resource.PropertyValue) resource.PropertyValue {
	switch {
	case v.IsSecret():
		return plain(v.SecretValue().Element)
	case v.IsArray():
		elements := make([]resource.PropertyValue, len(v.ArrayValue()))
		for i, element := range v.ArrayValue() {
			elements[i] = plain(element)
		}
		return resource.NewProperty(elements)
	case v.IsObject():
		object := resource.PropertyMap{}
		for key, element := range v.ObjectValue() {
			object[key] = plain(element)
		}
		return resource.NewProperty(object)
	}
	return v
}

// toSDK returns the property of a value.
func (f field) toSDK(value any) resource.PropertyValue {
	property := resource.NewPropertyValue(value)
	if f.is(secret) {
		return resource.MakeSecret(property)
	}
	return property
}

// fromVault returns the value in a response of Vault.
func (f field) fromVault(answer any) (any, error) {
	switch v := answer.(type) {
	case nil:
		return nil, nil
	case string:
		switch f.kind {
		case text:
			return v, nil
		case list, joined, set:
			return []string{v}, nil
		}
	case bool:
		if f.kind == flag {
			return v, nil
		}
	case json.Number:
		switch {
		case f.kind == number:
			n, err := v.Int64()
			return int(n), err
		case f.kind == text && f.is(duration):
			n, err := v.Int64()
			return shortTime(time.Duration(n) * time.Second), err
		case f.kind == text:
			return v.String(), nil
		}
	case []any:
		texts := make([]string, len(v))
		for i, element := range v {
			texts[i] = fmt.Sprint(element)
		}
		switch f.kind {
		case text:
			return strings.Join(texts, "\n"), nil
		case list, joined, set:
			return texts, nil
		}
	}
	return nil, fmt.Errorf("the answer of Vault has %s as %T, which is not %s", f.name, answer, f.kind)
}

// toVault returns the value for a request.
func (f field) toVault(value any) any {
	if texts, ok := value.([]string); ok && f.kind == joined {
		return strings.Join(texts, ",")
	}
	return value
}

// shortTime writes an hour as "1h", not as "1h0m0s".
func shortTime(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
