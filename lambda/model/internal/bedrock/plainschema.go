package bedrock

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/strictjson"
)

// plainRoot are the keywords at the root of a tool's schema that Nova accepts.
var plainRoot = map[string]bool{"type": true, "properties": true, "required": true, "additionalProperties": true}

// Keywords whose value is not a schema or a list of schemas.
var (
	schemaMaps  = map[string]bool{"properties": true, "patternProperties": true, "dependentSchemas": true, "$defs": true, "definitions": true}
	plainValues = map[string]bool{"default": true, "const": true, "enum": true, "examples": true}
)

// Limits of what is inlined.
const (
	maxInlined  = 64 << 10 // bytes that references to definitions add to a schema
	inlinedCost = 64       // bytes that a reference counts beside its definition, which limits their number
	maxDepth    = 32       // of schemas in each other, and of the way to a definition
)

// plainSchema returns the schema of a tool's arguments for a model that accepts few
// keywords at its root and no definitions. Each reference is replaced by its definition.
// A definition that refers to itself, or that is above a limit, is replaced by any object:
// it can't be written without a reference. Members keep their order, and what has no
// reference keeps its bytes.
func plainSchema(schema []byte) []byte {
	root, ok := membersOf(schema)
	if !ok {
		return schema
	}
	kept := only(root, func(name string) bool { return plainRoot[name] || name == "$ref" })
	if len(kept) == len(root) && !refers(schema) {
		return schema
	}
	i := inliner{root: schema, left: maxInlined, entered: map[string]bool{}, objects: map[string]map[string]json.RawMessage{}}
	resolved, ok := membersOf(i.schema(objectOf(kept)))
	if !ok {
		return []byte(openSchema)
	}
	return objectOf(only(resolved, func(name string) bool { return plainRoot[name] }))
}

// added returns the number of bytes by which the schemas of a conversation grow when
// definitions are inlined. The schema of the answer may be that of a tool.
func added(f *family, c *chat.Conversation) int {
	if !f.plainTools {
		return 0
	}
	bytes := growth(c.Format.Schema)
	for i := range c.Tools {
		bytes += growth(c.Tools[i].Parameters)
	}
	return bytes
}

func growth(schema []byte) int {
	if !refers(schema) {
		return 0
	}
	return max(0, len(plainSchema(schema))-len(schema))
}

// only returns the members whose names are wanted.
func only(members []member, wanted func(name string) bool) []member {
	kept := make([]member, 0, len(members))
	for _, m := range members {
		if wanted(m.name) {
			kept = append(kept, m)
		}
	}
	return kept
}

// refers reports whether there may be a reference in a schema.
func refers(schema []byte) bool { return bytes.Contains(schema, []byte(`"$ref"`)) }

// inliner replaces references in a schema.
type inliner struct {
	root    []byte
	left    int             // bytes that references may still add
	depth   int             // of the present place
	entered map[string]bool // the references around the present place

	// objects are those on the way to definitions, by their JSON pointers.
	objects map[string]map[string]json.RawMessage
}

// schema returns a schema without references.
func (i *inliner) schema(text []byte) []byte {
	if !refers(text) {
		return text
	}
	members, ok := membersOf(text)
	if !ok {
		return text
	}
	if i.depth == maxDepth {
		return objectOf(anyObject)
	}
	i.depth++
	defer func() { i.depth-- }()
	resolved := make([]member, 0, len(members))
	var definition []member
	for _, m := range members {
		if reference, ok := referenceOf(m); ok {
			definition = i.definition(reference)
			continue
		}
		resolved = append(resolved, member{m.name, i.keyword(m)})
	}
	return objectOf(merged(definition, resolved))
}

// keyword returns the value of a keyword without references.
func (i *inliner) keyword(m member) []byte {
	switch {
	case plainValues[m.name] || !refers(m.value):
		return m.value
	case schemaMaps[m.name]:
		return i.schemas(m.value)
	case m.value[0] != '[':
		return i.schema(m.value)
	}
	var list []json.RawMessage
	if json.Unmarshal(m.value, &list) != nil {
		return m.value
	}
	texts := make([][]byte, len(list))
	for n := range list {
		texts[n] = i.schema(list[n])
	}
	return append(append([]byte("["), bytes.Join(texts, []byte(","))...), ']')
}

// schemas returns named schemas without references.
func (i *inliner) schemas(text []byte) []byte {
	members, ok := membersOf(text)
	if !ok {
		return text
	}
	for n := range members {
		members[n].value = i.schema(members[n].value)
	}
	return objectOf(members)
}

// anyObject is the schema in place of a definition that isn't inlined.
var anyObject = []member{{"type", []byte(`"object"`)}}

// definition returns what a reference refers to, without references.
func (i *inliner) definition(reference string) []member {
	target, ok := i.target(reference)
	cost := len(target) + inlinedCost
	if !ok || i.entered[reference] || cost > i.left {
		return anyObject
	}
	i.left -= cost
	i.entered[reference] = true
	defer delete(i.entered, reference)
	members, ok := membersOf(i.schema(target))
	if !ok {
		return nil // true, which allows anything
	}
	return members
}

// target returns the part of the root that a reference points to.
func (i *inliner) target(reference string) ([]byte, bool) {
	if !strings.HasPrefix(reference, "#/") || strings.Count(reference, "/") > maxDepth {
		return nil, false
	}
	text, pointer := i.root, "#"
	for token := range strings.SplitSeq(reference[2:], "/") {
		object, known := i.objects[pointer]
		if !known {
			if json.Unmarshal(text, &object) != nil {
				return nil, false
			}
			i.objects[pointer] = object
		}
		if text = object[strictjson.Unescape(token)]; text == nil {
			return nil, false
		}
		pointer += "/" + token
	}
	return text, true
}

// referenceOf returns the reference that a member is, if it is one.
func referenceOf(m member) (reference string, ok bool) {
	if m.name != "$ref" {
		return "", false
	}
	return reference, json.Unmarshal(m.value, &reference) == nil
}

// merged returns the members of a definition and those beside the reference to it, which
// are in place of the definition's.
func merged(definition, beside []member) []member {
	names := make(map[string]bool, len(beside))
	for _, m := range beside {
		names[m.name] = true
	}
	all := make([]member, 0, len(definition)+len(beside))
	for _, m := range definition {
		if !names[m.name] {
			all = append(all, m)
		}
	}
	return append(all, beside...)
}

// member is a member of a JSON object.
type member struct {
	name  string
	value []byte
}

// membersOf returns the members of a JSON object in their order, if a text is one.
func membersOf(text []byte) ([]member, bool) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, false
	}
	var members []member
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, false
		}
		var value json.RawMessage
		if decoder.Decode(&value) != nil {
			return nil, false
		}
		members = append(members, member{name.(string), value})
	}
	return members, true
}

// objectOf returns the JSON object with some members.
func objectOf(members []member) []byte {
	text := []byte("{")
	for n, m := range members {
		if n > 0 {
			text = append(text, ',')
		}
		text = append(text, nameText(m.name)...)
		text = append(append(text, ':'), m.value...)
	}
	return append(text, '}')
}

// nameText returns the JSON text of a name, without the escapes for HTML.
func nameText(name string) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(name) != nil { // no string fails
		return []byte(`""`)
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}
