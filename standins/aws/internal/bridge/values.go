package bridge

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// elements returns those of a list or a set; none if it is null or unknown.
func elements(v tftypes.Value) []tftypes.Value {
	var all []tftypes.Value
	if v.Type() == nil || v.IsNull() || !v.IsKnown() || v.As(&all) != nil {
		return nil
	}
	return all
}

// element returns the one at a position; the zero value if there is none.
func element(v tftypes.Value, position int) tftypes.Value {
	all := elements(v)
	if position < 0 || position >= len(all) {
		return tftypes.Value{}
	}
	return all[position]
}

// withElement returns the list or set with one element changed; unchanged if there is none at the position.
func withElement(v tftypes.Value, position int, change func(tftypes.Value) tftypes.Value) tftypes.Value {
	all := slices.Clone(elements(v))
	if position < 0 || position >= len(all) {
		return v
	}
	all[position] = change(all[position])
	return tftypes.NewValue(v.Type(), all)
}

// attributes returns those of an object, or the members of a map; none if it is null or unknown.
func attributes(v tftypes.Value) map[string]tftypes.Value {
	all := map[string]tftypes.Value{}
	if v.Type() == nil || v.IsNull() || !v.IsKnown() || v.As(&all) != nil {
		return nil
	}
	return all
}

// attribute returns the one with a name; the zero value if there is none.
func attribute(v tftypes.Value, name string) tftypes.Value { return attributes(v)[name] }

// withAttribute returns the object with one attribute changed; unchanged if it has none of that name.
func withAttribute(v tftypes.Value, name string, change func(tftypes.Value) tftypes.Value) tftypes.Value {
	all := attributes(v)
	if _, ok := all[name]; !ok {
		return v
	}
	all[name] = change(all[name])
	return tftypes.NewValue(v.Type(), all)
}

// empty reports whether a value counts as left out: without elements, with empty attributes, or null.
func empty(ty tftypes.Type) tftypes.Value {
	switch ty := ty.(type) {
	case tftypes.Set, tftypes.List:
		return tftypes.NewValue(ty, []tftypes.Value{})
	case tftypes.Object:
		all := map[string]tftypes.Value{}
		for name, attribute := range ty.AttributeTypes {
			all[name] = empty(attribute)
		}
		return tftypes.NewValue(ty, all)
	}
	return tftypes.NewValue(ty, nil)
}

// find returns the position of the planned element that a given one has become; -1 if there is none.
func find(given, planned tftypes.Value) int {
	if given.Type() == nil {
		return -1
	}
	return slices.IndexFunc(elements(planned), func(v tftypes.Value) bool { return agrees(given, v) })
}

// agrees reports whether a planned value is the given one, with what the provider adds to it.
func agrees(given, planned tftypes.Value) bool {
	if given.Type() == nil || given.IsNull() || !given.IsKnown() || !planned.IsKnown() {
		return true
	}
	switch ty := given.Type(); {
	case ty.Is(tftypes.Object{}), ty.Is(tftypes.Map{}):
		for name, v := range attributes(given) {
			if !agrees(v, attribute(planned, name)) {
				return false
			}
		}
		return true
	case ty.Is(tftypes.Set{}):
		return !slices.ContainsFunc(elements(given), func(v tftypes.Value) bool { return find(v, planned) < 0 })
	case ty.Is(tftypes.List{}):
		for i, v := range elements(given) {
			if !agrees(v, element(planned, i)) {
				return false
			}
		}
		return true
	}
	return canonical(given) == canonical(planned)
}

// canonical returns the same string for values that terraform-plugin-sdk takes for equal: null counts as empty, and a
// set has no order.
func canonical(v tftypes.Value) string {
	if v.Type() == nil || v.IsNull() {
		return ""
	}
	if !v.IsKnown() {
		return "unknown"
	}
	switch ty := v.Type(); {
	case ty.Is(tftypes.Object{}), ty.Is(tftypes.Map{}):
		var parts []string
		for name, value := range attributes(v) {
			if text := canonical(value); text != "" {
				parts = append(parts, fmt.Sprintf("%q:%s", name, text))
			}
		}
		return joinedSorted("{", parts, "}")
	case ty.Is(tftypes.Set{}):
		return joinedSorted("{", canonicals(v), "}")
	case ty.Is(tftypes.List{}):
		return strings.Join(canonicals(v), ",")
	}
	return primitive(v)
}

func canonicals(v tftypes.Value) []string {
	var all []string
	for _, value := range elements(v) {
		all = append(all, canonical(value))
	}
	return all
}

func joinedSorted(open string, parts []string, end string) string {
	if len(parts) == 0 {
		return ""
	}
	slices.Sort(parts)
	return open + strings.Join(parts, ",") + end
}

func primitive(v tftypes.Value) string {
	var (
		text   string
		truth  bool
		number big.Float
	)
	switch {
	case v.As(&text) == nil && text != "":
		return fmt.Sprintf("%q", text)
	case v.As(&truth) == nil && truth:
		return "true"
	case v.As(&number) == nil && number.Sign() != 0:
		return number.Text('g', -1)
	}
	return ""
}
