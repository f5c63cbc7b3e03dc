package bridge

import (
	"context"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/info"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// The classic bridge ignores a change by leaving it out of Terraform's diff. In such a diff an element of a set is
// identified by a hash of all of its values: an element with one other value is a new element, whose ignored values are
// only in the entries that are left out. It is planned, and sent, without them. Property values, which this bridge
// compares, would keep them.

// setPath leads into an element of a set: names of attributes, and positions as the program gives them.
type setPath []any

// splitIgnored separates the paths of ignoreChanges into elements of sets from the others.
func (t *classicType) splitIgnored(ignored []string) (inSets []setPath, others []string) {
	if t == nil {
		return nil, ignored
	}
	for _, text := range ignored {
		parsed, err := resource.ParsePropertyPath(text)
		if err != nil {
			others = append(others, text) // and the bridge returns the error
			continue
		}
		path, inSet := t.resolve(parsed)
		switch {
		case !inSet:
			others = append(others, text)
		case path != nil:
			inSets = append(inSets, path)
		}
	}
	return inSets, others
}

// resolve turns a path of properties into one of attributes. It is nil if it has a wildcard, which matches no
// value in the classic bridge.
func (t *classicType) resolve(properties resource.PropertyPath) (path setPath, inSet bool) {
	schema, infos, values, wildcard := t.schema, t.infos, t.values, false
	for len(properties) > 0 {
		key, ok := properties[0].(string)
		object, isObject := values.(tftypes.Object)
		if !ok || !isObject {
			return nil, false
		}
		name := tfbridge.PulumiToTerraformName(key, schema, infos)
		attribute, ok := schema.GetOk(name)
		if !ok {
			return nil, false
		}
		path, properties, values = append(path, name), properties[1:], object.AttributeTypes[name]
		block := objectSchema(attribute)
		if len(properties) == 0 {
			break
		}
		if block == nil {
			return nil, false // a member of a map, or of a list of values
		}
		if !tfbridge.IsMaxItemsOne(attribute, infos[name]) {
			position, ok := properties[0].(int)
			path, properties, wildcard = append(path, position), properties[1:], wildcard || !ok
		} else {
			path = append(path, 0)
		}
		if len(properties) == 0 {
			break // an element as a whole
		}
		switch ty := values.(type) {
		case tftypes.Set:
			values, inSet = ty.ElementType, true
		case tftypes.List:
			values = ty.ElementType
		}
		schema, infos = block, nestedInfos(infos[name])
	}
	if wildcard {
		path = nil
	}
	return path, inSet
}

func nestedInfos(i *info.Schema) map[string]*info.Schema {
	if i == nil || i.Elem == nil {
		return nil
	}
	return i.Elem.Fields
}

type ignoredInSetsKey struct{}

func withIgnoredInSets(ctx context.Context, paths []setPath) context.Context {
	return context.WithValue(ctx, ignoredInSetsKey{}, paths)
}

func ignoredInSets(ctx context.Context) []setPath {
	paths, _ := ctx.Value(ignoredInSetsKey{}).([]setPath)
	return paths
}

// lose returns the planned value without the one at the path, if that is in an element that the state doesn't have.
func (path setPath) lose(prior, config, planned tftypes.Value) tftypes.Value {
	name, isName := path[0].(string)
	if isName {
		return withAttribute(planned, name, func(v tftypes.Value) tftypes.Value {
			return path[1:].lose(attribute(prior, name), attribute(config, name), v)
		})
	}
	position := path[0].(int)
	if !planned.Type().Is(tftypes.Set{}) {
		return withElement(planned, position, func(v tftypes.Value) tftypes.Value {
			return path[1:].lose(element(prior, position), element(config, position), v)
		})
	}
	given := element(config, position)
	return withElement(planned, find(given, planned), func(v tftypes.Value) tftypes.Value {
		for _, had := range elements(prior) {
			if canonical(had) == canonical(v) {
				return v
			}
		}
		return path[1:].drop(given, v)
	})
}

// drop returns the planned value without the one at the path.
func (path setPath) drop(config, planned tftypes.Value) tftypes.Value {
	if len(path) == 0 {
		return empty(planned.Type())
	}
	if name, ok := path[0].(string); ok {
		return withAttribute(planned, name, func(v tftypes.Value) tftypes.Value {
			return path[1:].drop(attribute(config, name), v)
		})
	}
	position := path[0].(int)
	given := element(config, position)
	if planned.Type().Is(tftypes.Set{}) {
		position = find(given, planned)
	}
	return withElement(planned, position, func(v tftypes.Value) tftypes.Value { return path[1:].drop(given, v) })
}
