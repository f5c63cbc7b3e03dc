package bridge

import (
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/info"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/table"
)

// kinds holds the properties of one type whose values differ between Pulumi and Terraform.
type kinds struct {
	kind   table.Kind
	fields map[resource.PropertyKey]*kinds
}

// newKinds returns nil if no value differs.
func newKinds(fields table.Fields, schema shim.SchemaMap) *kinds {
	k := &kinds{fields: map[resource.PropertyKey]*kinds{}}
	infos := fields.Infos()
	for attribute, field := range fields {
		nested := &kinds{kind: field.Kind}
		if object := objectSchema(schema.Get(attribute)); object != nil {
			nested = newKinds(field.Fields, object)
		}
		if nested != nil && (nested.kind != "" || len(nested.fields) > 0) {
			k.fields[resource.PropertyKey(propertyName(attribute, schema, infos))] = nested
		}
	}
	if len(k.fields) == 0 {
		return nil
	}
	return k
}

func objectSchema(s shim.Schema) shim.SchemaMap {
	if s == nil {
		return nil
	}
	if r, ok := s.Elem().(shim.Resource); ok {
		return r.Schema()
	}
	return nil
}

func propertyName(attribute string, schema shim.SchemaMap, infos map[string]*info.Schema) string {
	return tfbridge.TerraformToPulumiNameV2(attribute, schema, infos)
}

// convert converts one value of a kind.
type convert func(table.Kind, resource.PropertyValue) (resource.PropertyValue, error)

// each returns the properties with every value that has a kind converted. The argument is not changed.
func (k *kinds) each(properties resource.PropertyMap, c convert) (resource.PropertyMap, error) {
	if k == nil || properties == nil {
		return properties, nil
	}
	converted := properties.Copy()
	for key, nested := range k.fields {
		value, ok := properties[key]
		if !ok {
			continue
		}
		v, err := nested.value(value, c)
		if err != nil {
			return nil, err
		}
		converted[key] = v
	}
	return converted, nil
}

func (k *kinds) value(v resource.PropertyValue, c convert) (resource.PropertyValue, error) {
	switch {
	case v.IsSecret():
		inner, err := k.value(v.SecretValue().Element, c)
		return resource.MakeSecret(inner), err
	case v.IsOutput():
		o := v.OutputValue()
		inner, err := k.value(o.Element, c)
		o.Element = inner
		return resource.NewOutputProperty(o), err
	case v.IsArray():
		converted := make([]resource.PropertyValue, len(v.ArrayValue()))
		for i, element := range v.ArrayValue() {
			var err error
			if converted[i], err = k.value(element, c); err != nil {
				return v, err
			}
		}
		return resource.NewArrayProperty(converted), nil
	case v.IsNull(), v.IsComputed():
		return v, nil
	case k.kind != "":
		return c(k.kind, v)
	case v.IsObject():
		converted, err := k.each(v.ObjectValue(), c)
		return resource.NewObjectProperty(converted), err
	}
	return v, nil
}
