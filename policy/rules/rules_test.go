package rules

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Inputs are written with Go's own types and these.
type (
	object map[string]any
	list   []any
	secret struct{ of any }
)

var unknown = property.New(property.Computed)

func input(t *testing.T, v any) property.Value {
	t.Helper()
	switch v := v.(type) {
	case object:
		fields := map[string]property.Value{}
		for key, field := range v {
			fields[key] = input(t, field)
		}
		return property.New(fields)
	case list:
		var elements []property.Value
		for _, element := range v {
			elements = append(elements, input(t, element))
		}
		return property.New(elements)
	case secret:
		return input(t, v.of).WithSecret(true)
	case property.Value:
		return v
	case string:
		return property.New(v)
	case bool:
		return property.New(v)
	case int:
		return property.New(float64(v))
	}
	require.Failf(t, "no such input", "%T", v)
	return property.Value{}
}

type example struct {
	typ    string
	inputs object
	wrong  string // a part of the one sentence about it; empty if it is fine
}

func TestRules(t *testing.T) {
	for rule, all := range examples {
		t.Run(rule, func(t *testing.T) {
			for _, e := range all {
				found := named(t, rule).Check(Resource{Type: e.typ, Name: "example", Inputs: input(t, e.inputs).AsMap()})
				if e.wrong == "" {
					assert.Empty(t, found, "%s %v", e.typ, e.inputs)
					continue
				}
				require.Len(t, found, 1, "%s %v", e.typ, e.inputs)
				assert.Contains(t, found[0], e.wrong)
			}
		})
	}
}

func TestEachRuleHasAFailingExample(t *testing.T) {
	for _, rule := range All {
		assert.Condition(t, func() bool {
			for _, e := range examples[rule.Name] {
				if e.wrong != "" {
					return true
				}
			}
			return false
		}, rule.Name)
	}
}

// An input with a required value may also be unknown, and a type without
// inputs is not a reason to panic.
func TestEveryRuleAcceptsUnknownInputs(t *testing.T) {
	for rule, all := range examples {
		for _, e := range all {
			if e.wrong != "" {
				continue // what is missing stays missing
			}
			inputs := map[string]property.Value{}
			for key := range e.inputs {
				inputs[key] = unknown
			}
			assert.Empty(t, named(t, rule).Check(Resource{Type: e.typ, Inputs: property.NewMap(inputs)}), "%s of %s %v", rule, e.typ, e.inputs)
			assert.NotPanics(t, func() { named(t, rule).Check(Resource{Type: e.typ}) })
		}
	}
}

func TestNoRuleQuotesASecret(t *testing.T) {
	for _, rule := range All {
		for _, e := range examples[rule.Name] {
			for _, sentence := range rule.Check(Resource{Type: e.typ, Inputs: input(t, e.inputs).AsMap()}) {
				assert.NotContains(t, sentence, "hush")
			}
		}
	}
}

func named(t *testing.T, name string) Rule {
	t.Helper()
	for _, rule := range All {
		if rule.Name == name {
			return rule
		}
	}
	require.Failf(t, "no such rule", "%s", name)
	return Rule{}
}
