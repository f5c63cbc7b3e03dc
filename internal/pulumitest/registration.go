package pulumitest

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Registration holds a resource that the program registered.
type Registration struct {
	Type    string
	Name    string
	Inputs  resource.PropertyMap // secrets marked
	Request *pulumirpc.RegisterResourceRequest
}

// Custom reports whether a provider manages the resource; components are not.
func (r Registration) Custom() bool { return r.Request.GetCustom() }

// Input returns the input at path, such as "origins[0].customHeaders", with all secrets
// unwrapped; it is null if there is none.
func (r Registration) Input(path string) resource.PropertyValue {
	value, _ := parsePath(path).Get(inClear(resource.NewProperty(r.Inputs)))
	return value
}

// Text returns the string input at path; it is empty if there is none.
func (r Registration) Text(path string) string {
	if value := r.Input(path); value.IsString() {
		return value.StringValue()
	}
	return ""
}

// SecretAt reports whether the input at path, or one that contains it, is marked
// secret.
func (r Registration) SecretAt(path string) bool {
	value := resource.NewProperty(r.Inputs)
	for _, key := range parsePath(path) {
		var ok bool
		if value, ok = (resource.PropertyPath{key}).Get(value); !ok {
			return false
		}
		if value.IsSecret() {
			return true
		}
	}
	return false
}

func parsePath(path string) resource.PropertyPath {
	parsed, err := resource.ParsePropertyPath(path)
	if err != nil {
		panic(err) // a mistake of the test
	}
	return parsed
}

// inClear returns value with all secrets unwrapped, at any depth.
func inClear(value resource.PropertyValue) resource.PropertyValue {
	switch {
	case value.IsSecret():
		return inClear(value.SecretValue().Element)
	case value.IsArray():
		elements := make([]resource.PropertyValue, len(value.ArrayValue()))
		for i, element := range value.ArrayValue() {
			elements[i] = inClear(element)
		}
		return resource.NewProperty(elements)
	case value.IsObject():
		fields := resource.PropertyMap{}
		for key, field := range value.ObjectValue() {
			fields[key] = inClear(field)
		}
		return resource.NewProperty(fields)
	default:
		return value
	}
}
