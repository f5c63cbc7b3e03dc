package scriptedmodel

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

// object is a JSON object whose members keep their order.
type object []objectMember

type objectMember struct {
	name  string
	value any
}

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	text := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			text = append(text, ',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		text = append(append(append(text, name...), ':'), value...)
	}
	return append(text, '}'), nil
}

// maxDepth limits values of a schema that contains itself.
const maxDepth = 6

// fill returns a value that matches the schema, read from the text as far as it has one.
// Name is that of the value, by which it may be mentioned.
func (r *reader) fill(s schema, name string) any {
	s = s.resolve()
	if value, fixed := r.fixed(s); fixed {
		return value
	}
	for _, keyword := range []string{"anyOf", "oneOf"} {
		if branches := s.children(keyword); len(branches) > 0 {
			return r.fill(r.choose(s, keyword, branches, name), name)
		}
	}
	switch r.typeOf(s, name) {
	case "object":
		return r.object(s)
	case "array":
		return r.array(s, name)
	case "integer":
		return r.number(s, name, true)
	case "number":
		return r.number(s, name, false)
	case "boolean":
		return r.boolean(name)
	case "null":
		return nil
	}
	return r.string(s, name)
}

// fixed returns the value of a constant, or one of an enumeration: the first that the text
// mentions, or else the default or the first.
func (r *reader) fixed(s schema) (value any, fixed bool) {
	if s.read("const", &value) {
		return value, true
	}
	var values []any
	if !s.read("enum", &values) || len(values) == 0 {
		return nil, false
	}
	chosen, first := values[0], len(r.text)+1
	if s.read("default", &value) && slices.Contains(values, value) {
		chosen = value
	}
	for _, v := range values {
		text, _ := v.(string)
		if at := r.mentions(text); len(at) > 0 && at[0][0] < first {
			chosen, first = v, at[0][0]
		}
	}
	return chosen, true
}

// choose returns the branch of a choice: null for an optional value that the text doesn't
// have, or else the first branch that is not null.
func (r *reader) choose(s schema, keyword string, branches []schema, name string) schema {
	var null *schema
	var others []schema
	for _, b := range branches {
		if types := b.resolve().types(); slices.Equal(types, []string{"null"}) {
			null = &b
		} else {
			others = append(others, b)
		}
	}
	if len(others) == 0 || null != nil && !r.has(others[0], name) {
		return branches[slices.IndexFunc(branches, func(b schema) bool {
			return slices.Equal(b.resolve().types(), []string{"null"})
		})]
	}
	chosen := others[0]
	for _, b := range others {
		if r.named(b.resolve()) {
			chosen = b
			break
		}
	}
	without := schema{map[string]json.RawMessage{}, s.root}
	for k, v := range s.keywords {
		if k != keyword && k != "title" {
			without.keywords[k] = v
		}
	}
	return without.with(chosen.resolve(), keyword)
}

// named reports whether the text mentions a constant of a branch, as those of a tagged
// choice have.
func (r *reader) named(s schema) bool {
	for _, p := range s.properties() {
		var constant string
		if p.schema.resolve().read("const", &constant) && len(r.mentions(constant)) > 0 {
			return true
		}
	}
	return false
}

// typeOf returns the type of the value. Where there is a choice, null is for what the text
// doesn't have.
func (r *reader) typeOf(s schema, name string) string {
	types := s.types()
	others := slices.DeleteFunc(slices.Clone(types), func(t string) bool { return t == "null" })
	switch {
	case len(types) == 0 && s.keywords["properties"] != nil:
		return "object"
	case len(types) == 0 && s.keywords["items"] != nil:
		return "array"
	case len(types) == 0:
		return "string"
	case len(others) == 0:
		return "null"
	case len(others) < len(types):
		single := s.with(schema{}, "type")
		single.keywords["type"], _ = json.Marshal(others[0])
		if !r.has(single, name) {
			return "null"
		}
	}
	return others[0]
}

// has reports whether the text has something for a value that may be left out: it mentions
// the name, and doesn't say that there is none.
func (r *reader) has(s schema, name string) bool {
	s = s.resolve()
	var values []any
	if s.read("enum", &values) {
		return slices.ContainsFunc(values, func(v any) bool {
			text, _ := v.(string)
			return len(r.mentions(text)) > 0
		})
	}
	for _, at := range r.mentions(name) {
		before := strings.Fields(r.lower[:at[0]])
		if len(before) == 0 || !slices.Contains([]string{"no", "without", "not"}, before[len(before)-1]) {
			return true
		}
	}
	switch t := s.types(); {
	case slices.Contains(t, "integer") || slices.Contains(t, "number"):
		return r.next(0, len(r.text), numberClue) != nil
	case s.string("format") == "email":
		return r.next(0, len(r.text), emailClue) != nil
	case strings.HasPrefix(s.string("format"), "date"):
		return r.next(0, len(r.text), dateClue) != nil
	}
	return false
}

// object returns the properties that are required or that the text has. Those that the
// text names are read first, so that no other gets their values.
func (r *reader) object(s schema) any {
	r.depth++
	defer func() { r.depth-- }()
	properties := s.properties()
	values := map[string]any{}
	for _, labeled := range []bool{true, false} {
		for _, p := range properties {
			_, done := values[p.name]
			if done || !p.required && (r.depth > maxDepth || !r.has(p.schema, p.name)) {
				continue
			}
			if !labeled || r.labeled(p.name, quotedClue, emailClue, addressClue, dateClue, timeClue, numberClue, nameClue) != nil {
				values[p.name] = r.fill(p.schema, p.name)
			}
		}
	}
	made := object{}
	for _, p := range properties {
		if value, found := values[p.name]; found {
			made = append(made, objectMember{p.name, value})
		}
	}
	return made
}

func (r *reader) boolean(name string) bool {
	for _, at := range r.mentions(name) {
		before := strings.Fields(r.lower[:at[0]])
		after := strings.FieldsFunc(r.lower[at[1]:], func(c rune) bool { return strings.ContainsRune(" :=.,", c) })
		denied := len(before) > 0 && slices.Contains([]string{"no", "not", "without"}, before[len(before)-1]) ||
			slices.ContainsFunc(after[:min(2, len(after))], func(word string) bool {
				return slices.Contains([]string{"no", "not", "false", "off"}, word)
			})
		return !denied
	}
	return false
}

func (r *reader) number(s schema, name string, whole bool) any {
	value := 0.0
	c := r.labeled(name, numberClue)
	if c == nil {
		c = r.next(0, len(r.text), numberClue)
	}
	if c != nil {
		c.used = true
		value, _ = strconv.ParseFloat(c.text, 64)
	} else if s.read("default", &value) {
		return plain(value)
	}
	return plain(bounded(s, value, whole))
}

// plain returns a number that is written without an exponent where it is whole.
func plain(value float64) any {
	if value == math.Trunc(value) && math.Abs(value) < 1<<53 {
		return int64(value)
	}
	return value
}

// bounded returns the nearest number that the schema permits.
func bounded(s schema, value float64, whole bool) float64 {
	step, stepped := s.number("multipleOf")
	if !stepped && whole {
		step, stepped = 1, true
	}
	least := step
	if !stepped {
		least = 1
	}
	if low, found := s.number("minimum"); found {
		value = math.Max(value, low)
	}
	if low, found := s.number("exclusiveMinimum"); found && value <= low {
		value = low + least
	}
	if high, found := s.number("maximum"); found {
		value = math.Min(value, high)
	}
	if high, found := s.number("exclusiveMaximum"); found && value >= high {
		value = high - least
	}
	if stepped && step > 0 {
		rounded := math.Round(value/step) * step
		if low, found := s.number("minimum"); found && rounded < low {
			rounded += step
		}
		if high, found := s.number("maximum"); found && rounded > high {
			rounded -= step
		}
		value = rounded
	}
	return value
}
