package derive

import (
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/info"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"

	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/sdk"
	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/table"
)

// matcher records which properties of each object of the SDK have an attribute. A type that contains itself in the SDK
// is unrolled to some depth in Terraform, so that a property must be found once only.
type matcher map[*sdk.Object]map[string]bool

func (m matcher) lost(token string) []string {
	var lost []string
	for object, found := range m {
		for name := range object.Properties {
			if name != "id" && !found[name] {
				lost = append(lost, token+" "+name)
			}
		}
	}
	return lost
}

// object records where name, shape or type of a property differs from what the bridge would derive.
func (m matcher) object(schema shim.SchemaMap, object *sdk.Object) table.Fields {
	if object == nil {
		return nil
	}
	if m[object] == nil {
		m[object] = map[string]bool{}
	}
	free := maps.Clone(object.Properties)
	delete(free, "id") // the same everywhere
	fields := table.Fields{}
	for _, find := range []finder{m.byName, m.byLikeness} {
		for _, attribute := range attributes(schema) {
			if fields[attribute] != nil || isOption(attribute, object) {
				continue
			}
			if field, name := find(attribute, schema, free); field != nil {
				delete(free, name)
				m[object][name] = true
				fields[attribute] = field
			}
		}
	}
	maps.DeleteFunc(fields, func(_ string, f *table.Field) bool { return f.IsEmpty() })
	return fields
}

// attributes returns them in a stable order.
func attributes(schema shim.SchemaMap) []string {
	var names []string
	schema.Range(func(name string, _ shim.Schema) bool {
		if name != "id" {
			names = append(names, name)
		}
		return true
	})
	slices.Sort(names)
	return names
}

// isOption reports the timeouts of most resources: in the SDK they are a resource option, not a property.
func isOption(attribute string, object *sdk.Object) bool {
	_, ok := object.Properties["timeouts"]
	return attribute == "timeouts" && !ok
}

// finder finds the property of an attribute among those that are free.
type finder func(attribute string, schema shim.SchemaMap, free map[string]sdk.Type) (*table.Field, string)

// shapes lists how a list of at most one element can appear: as in Terraform, as a plain value, as a list.
func shapes() []*bool {
	yes, no := true, false
	return []*bool{nil, &yes, &no}
}

// byName tries the names that the bridge derives.
func (m matcher) byName(attribute string, schema shim.SchemaMap, free map[string]sdk.Type) (*table.Field, string) {
	for _, single := range shapes() {
		name := tfbridge.TerraformToPulumiNameV2(attribute, schema,
			map[string]*info.Schema{attribute: {MaxItemsOne: single}})
		if t, ok := free[name]; ok {
			if field := m.fit(schema.Get(attribute), single, t); field != nil {
				return field, name
			}
		}
	}
	return nil, ""
}

// byLikeness is for the names that pulumi-aws chose itself, as "function" for function_name.
func (m matcher) byLikeness(attribute string, schema shim.SchemaMap, free map[string]sdk.Type) (*table.Field, string) {
	var best *table.Field
	bestName, bestScore := "", 0.0
	for _, name := range slices.Sorted(maps.Keys(free)) {
		for _, single := range shapes() {
			field := matcher{}.fit(schema.Get(attribute), single, free[name])
			if field == nil {
				continue
			}
			score := overlap(singular(attribute), singular(snake(name)))
			if field.Kind == table.Archive || field.Kind == table.Asset {
				score = 1 // only files are file names in Terraform
			}
			if score > bestScore {
				best, bestName, bestScore = field, name, score
			}
		}
	}
	if best == nil {
		return nil, ""
	}
	best = m.fit(schema.Get(attribute), best.Single, free[bestName]) // records the properties inside
	best.Name = bestName
	return best, bestName
}

func singular(name string) []string {
	words := strings.Split(name, "_")
	for i, word := range words {
		words[i] = strings.TrimSuffix(word, "s")
	}
	return words
}

// fit returns what must be recorded if the attribute is a property of that type, or nil if it cannot be.
func (m matcher) fit(schema shim.Schema, single *bool, t sdk.Type) *table.Field {
	field := &table.Field{Single: single}
	ok := false
	switch schema.Type() {
	case shim.TypeList, shim.TypeSet:
		if tfbridge.IsMaxItemsOne(schema, &info.Schema{MaxItemsOne: single}) {
			ok = m.element(field, schema.Elem(), t)
		} else if t.Kind == sdk.List {
			ok = m.element(field, schema.Elem(), *t.Element)
		}
	case shim.TypeMap:
		switch {
		case single != nil:
		case t.Kind == sdk.Map:
			ok = m.element(field, schema.Elem(), *t.Element)
		case t.Kind == sdk.Struct:
			ok = m.element(field, schema.Elem(), t)
		}
	default:
		field.Auto = schema.Required() && t.Kind == sdk.String && t.Optional
		ok = single == nil && scalar(field, schema.Type(), t.Kind)
	}
	if !ok {
		return nil
	}
	return field
}

func (m matcher) element(field *table.Field, elem any, t sdk.Type) bool {
	switch elem := elem.(type) {
	case shim.Resource:
		if t.Kind != sdk.Struct {
			return false
		}
		field.Fields = m.object(elem.Schema(), t.Object)
	case shim.Schema:
		inner := m.fit(elem, nil, t)
		if inner == nil {
			return false
		}
		field.Kind, field.Fields = inner.Kind, inner.Fields
	}
	return true
}

// stringKinds lists the types in the SDK that are a string in Terraform.
var stringKinds = map[sdk.Kind]table.Kind{
	sdk.String: "", sdk.Any: table.Any, sdk.Archive: table.Archive, sdk.Asset: table.Asset,
	sdk.Bool: table.Bool, sdk.Number: table.Number,
}

func scalar(field *table.Field, terraform shim.ValueType, kind sdk.Kind) bool {
	switch terraform {
	case shim.TypeString:
		noted, ok := stringKinds[kind]
		field.Kind = noted
		return ok
	case shim.TypeBool:
		return kind == sdk.Bool || kind == sdk.Any
	case shim.TypeInt, shim.TypeFloat:
		return kind == sdk.Number || kind == sdk.Any
	}
	return kind == sdk.Any
}
