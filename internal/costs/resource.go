package costs

import (
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// Resource holds the type and inputs of a declared resource.
type Resource struct {
	Type   string // "aws:kms/key:Key"
	Inputs property.Map
}

// at returns the input at the path of keys, null if there is none.
func (r Resource) at(keys ...string) property.Value {
	value := property.New(r.Inputs)
	for _, key := range keys {
		if !value.IsMap() {
			return property.Value{}
		}
		value = value.AsMap().Get(key)
	}
	return value
}

func (r Resource) text(keys ...string) string {
	if value := r.at(keys...); value.IsString() {
		return value.AsString()
	}
	return ""
}

func (r Resource) number(keys ...string) float64 {
	if value := r.at(keys...); value.IsNumber() {
		return value.AsNumber()
	}
	return 0
}

func (r Resource) list(keys ...string) []property.Value {
	if value := r.at(keys...); value.IsArray() {
		return value.AsArray().AsSlice()
	}
	return nil
}
