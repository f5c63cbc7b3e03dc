package scriptedmodel

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// schema is a JSON schema. Its keywords are read when they are needed.
type schema struct {
	keywords map[string]json.RawMessage
	root     *schema // in which references are looked up
}

type property struct {
	name     string
	schema   schema
	required bool
}

// parseSchema parses a schema. One that is no object, such as true, permits any value.
func parseSchema(text json.RawMessage) schema {
	s := schema{}
	_ = json.Unmarshal(text, &s.keywords)
	s.root = &s
	return s
}

// child parses a schema within this one.
func (s schema) child(text json.RawMessage) schema {
	c := schema{root: s.root}
	_ = json.Unmarshal(text, &c.keywords)
	return c
}

// read reads a keyword, and reports whether the schema has it in that form.
func (s schema) read(keyword string, into any) bool {
	text, found := s.keywords[keyword]
	return found && json.Unmarshal(text, into) == nil
}

func (s schema) number(keyword string) (n float64, found bool) {
	found = s.read(keyword, &n)
	return n, found
}

func (s schema) string(keyword string) (text string) {
	s.read(keyword, &text)
	return text
}

// types returns the types that the schema permits; none if it permits all.
func (s schema) types() []string {
	var one string
	if s.read("type", &one) {
		return []string{one}
	}
	var several []string
	s.read("type", &several)
	return several
}

// children returns the schemas of a list.
func (s schema) children(keyword string) (all []schema) {
	var texts []json.RawMessage
	s.read(keyword, &texts)
	for _, text := range texts {
		all = append(all, s.child(text))
	}
	return all
}

// maxReferences limits how many references follow each other.
const maxReferences = 20

// resolve follows references, and joins the schemas of allOf.
func (s schema) resolve() schema {
	for range maxReferences {
		reference := s.string("$ref")
		if reference == "" {
			break
		}
		target, found := s.lookUp(reference)
		if !found {
			break
		}
		s = s.with(target, "$ref")
	}
	for _, part := range s.children("allOf") {
		s = s.with(part.resolve(), "allOf")
	}
	return s
}

// with returns the schema with the keywords of another one, and without one of its own.
func (s schema) with(other schema, without string) schema {
	joined := schema{map[string]json.RawMessage{}, s.root}
	maps.Copy(joined.keywords, s.keywords)
	delete(joined.keywords, without)
	for keyword, value := range other.keywords {
		if _, own := joined.keywords[keyword]; !own {
			joined.keywords[keyword] = value
		}
	}
	if s.keywords["properties"] != nil && other.keywords["properties"] != nil {
		joined.keywords["properties"] = joinObjects(other.keywords["properties"], s.keywords["properties"])
	}
	return joined
}

// joinObjects joins the texts of two objects. Their members keep their order.
func joinObjects(first, second json.RawMessage) json.RawMessage {
	a, b := bytes.TrimSpace(first), bytes.TrimSpace(second)
	inner := slices.DeleteFunc([]string{string(a[1 : len(a)-1]), string(b[1 : len(b)-1])}, func(text string) bool {
		return strings.TrimSpace(text) == ""
	})
	return json.RawMessage("{" + strings.Join(inner, ",") + "}")
}

// lookUp returns the schema at a reference within the root, such as #/$defs/Person.
func (s schema) lookUp(reference string) (schema, bool) {
	path, local := strings.CutPrefix(reference, "#")
	at := *s.root
	for name := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if name == "" {
			continue
		}
		name = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
		text, found := at.keywords[name]
		if !found {
			return schema{}, false
		}
		at = s.child(text)
	}
	return at, local
}

// properties returns the properties in the order of the text, those required first.
func (s schema) properties() (all []property) {
	var required []string
	s.read("required", &required)
	for _, m := range membersOf(s.keywords["properties"]) {
		all = append(all, property{m.name, s.child(m.value), slices.Contains(required, m.name)})
	}
	slices.SortStableFunc(all, func(a, b property) int {
		return position(required, a.name) - position(required, b.name)
	})
	return all
}

func position(names []string, name string) int {
	if i := slices.Index(names, name); i >= 0 {
		return i
	}
	return len(names)
}

type member struct {
	name  string
	value json.RawMessage
}

// membersOf returns the members of an object in the order of its text.
func membersOf(object json.RawMessage) (all []member) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil
	}
	for decoder.More() {
		name, err := decoder.Token()
		var m member
		if err != nil || decoder.Decode(&m.value) != nil {
			return all
		}
		m.name, _ = name.(string)
		all = append(all, m)
	}
	return all
}
