package bedrock

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/strictjson"
)

// formatMode is the means by which the answer gets its form.
type formatMode int

const (
	textMode        formatMode = iota // no form
	nativeMode                        // Converse's outputConfig
	toolMode                          // a tool that the model has to call: its arguments are the answer
	instructionMode                   // an instruction to the model
)

// planFormat decides how the answer gets the form that the conversation asks for. A
// schema is left to the model's own means if it has them, else to a tool that it is
// forced to call. JSON without a schema is an instruction: there is no other means.
func (p *plan) planFormat() {
	c := p.c
	_, native := ownFormat(p.family, c)
	switch {
	case c.Format.Type == "":
	case native:
		p.format = nativeMode
	case c.Format.Type == chat.FormatSchema && p.canForce() && objectSchema(c.Format.Schema):
		p.planFormatTool()
	default:
		p.format = instructionMode
	}
}

// ownFormat reports whether the model's own means give the answer the form of a schema,
// and returns the schema's complexity if they do.
func ownFormat(f *family, c *chat.Conversation) (complexity, bool) {
	if c.Format.Type != chat.FormatSchema || !f.has(nativeFormat) || prefilled(c.Messages) {
		return complexity{}, false
	}
	size, native := nativeSchema(c.Format.Schema)
	if !native || !size.accepted() {
		return complexity{}, false
	}
	return size, true
}

// canForce reports whether the model can be forced to call a tool in place of answering.
func (p *plan) canForce() bool {
	c, f := p.c, p.family
	mode := c.ToolChoice.Mode
	switch {
	case !f.known(), prefilled(c.Messages), reasons(f, c):
		return false
	case len(c.Tools) == 0:
		return f.has(namedTool) || f.has(anyTool) && len(p.tools) == 0
	}
	// A model that is forced to call one of the client's tools doesn't answer.
	return f.has(anyTool) && mode != chat.ChooseRequired && mode != chat.ChooseTool
}

// planFormatTool adds the tool whose arguments are the answer. Beside the client's tools,
// the model may call any of them.
func (p *plan) planFormatTool() {
	p.format = toolMode
	p.formatTool = "answer"
	for p.taken(p.formatTool) {
		p.formatTool += "_"
	}
	description := "Gives the answer to the user. Call it when the answer is complete."
	if !blank(p.c.Format.Description) {
		description += "\n" + p.c.Format.Description
	}
	p.tools = append(slices.Clip(p.tools), chat.Tool{Name: p.formatTool, Description: description, Parameters: p.c.Format.Schema})
	if len(p.c.Tools) == 0 && p.family.has(namedTool) {
		p.choice = chat.ToolChoice{Mode: chat.ChooseTool, Name: p.formatTool}
	} else {
		p.choice = chat.ToolChoice{Mode: chat.ChooseRequired}
	}
}

func (p *plan) taken(name string) bool {
	return slices.ContainsFunc(p.tools, func(t chat.Tool) bool { return p.family.toolName(t.Name) == name })
}

// instruction returns the text that asks the model for the form of the answer.
func (p *plan) instruction() string {
	if p.format != instructionMode {
		return ""
	}
	const object = "Answer with a JSON value only: no other text, and no code fence."
	format := &p.c.Format
	if format.Type == chat.FormatJSON {
		return strings.Replace(object, "value", "object", 1)
	}
	text := object + " It must match this JSON schema"
	if !blank(format.Description) {
		text += " (" + format.Description + ")"
	}
	return text + ":\n" + string(format.Schema)
}

// objectSchema reports whether a schema is that of an object, as a tool's arguments are.
func objectSchema(schema json.RawMessage) bool {
	var root map[string]json.RawMessage
	return json.Unmarshal(schema, &root) == nil && string(root["type"]) == `"object"`
}

// nativeKeywords are the keywords of JSON Schema that Bedrock's structured outputs
// accept. Those of the second kind don't restrict the value.
var nativeKeywords = map[string]bool{
	"type": true, "properties": true, "required": true, "additionalProperties": true, "items": true, "minItems": true,
	"enum": true, "const": true, "anyOf": true, "allOf": true, "$ref": true, "$defs": true, "definitions": true, "format": true,
	"$schema": true, "title": true, "description": true, "default": true, "examples": true,
}

// nativeFormats are the values of the keyword format that are accepted.
var nativeFormats = map[string]bool{
	"date-time": true, "time": true, "date": true, "duration": true, "email": true, "hostname": true, "uri": true,
	"ipv4": true, "ipv6": true, "uuid": true,
}

// nativeSchema reports whether a schema is in the subset that Bedrock's structured outputs
// accept, and returns its complexity. Source:
// https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html
func nativeSchema(schema json.RawMessage) (complexity, bool) {
	var root map[string]any
	if json.Unmarshal(schema, &root) != nil || root == nil {
		return complexity{}, false
	}
	s := subset{root: root, entered: map[string]bool{}}
	native := s.accepts(root)
	return s.size, native
}

// subset checks a schema, with the references that it has entered.
type subset struct {
	root    map[string]any
	entered map[string]bool
	visited int // number of schemas
	size    complexity
}

// maxSchemas limits the schemas that are visited, since references can multiply them.
const maxSchemas = 5000

func (s *subset) accepts(schema any) bool {
	object, ok := schema.(map[string]any)
	if s.visited++; !ok || s.visited > maxSchemas {
		return false
	}
	for keyword, value := range object {
		if !nativeKeywords[keyword] || !s.acceptsKeyword(keyword, value) {
			return false
		}
	}
	s.count(object)
	if object["type"] == "object" || object["properties"] != nil {
		return object["additionalProperties"] == false
	}
	return true
}

// count adds to the complexity what a schema has itself.
func (s *subset) count(schema map[string]any) {
	_, types := schema["type"].([]any)
	if types || schema["anyOf"] != nil {
		s.size.unions++
	}
	properties, _ := schema["properties"].(map[string]any)
	required, _ := schema["required"].([]any)
	for name := range properties {
		if !slices.Contains(required, any(name)) {
			s.size.optional++
		}
	}
}

func (s *subset) acceptsKeyword(keyword string, value any) bool {
	switch keyword {
	case "properties":
		return s.acceptsAll(value)
	case "$defs", "definitions": // they count where they are referred to
		size := s.size
		accepted := s.acceptsAll(value)
		s.size = size
		return accepted
	case "items":
		return s.accepts(value)
	case "anyOf", "allOf":
		list, ok := value.([]any)
		return ok && !slices.ContainsFunc(list, func(one any) bool { return !s.accepts(one) })
	case "additionalProperties":
		return value == false
	case "minItems":
		return value == 0.0 || value == 1.0
	case "format":
		name, ok := value.(string)
		return ok && nativeFormats[name]
	case "enum":
		list, ok := value.([]any)
		return ok && !slices.ContainsFunc(list, compound)
	case "$ref":
		return s.acceptsReference(value)
	}
	return true
}

func (s *subset) acceptsAll(value any) bool {
	named, ok := value.(map[string]any)
	if !ok {
		return false
	}
	for _, one := range named {
		if !s.accepts(one) {
			return false
		}
	}
	return true
}

// acceptsReference reports whether a reference is to a definition of the schema, which
// doesn't refer to itself.
func (s *subset) acceptsReference(value any) bool {
	reference, ok := value.(string)
	if !ok || !strings.HasPrefix(reference, "#/") || s.entered[reference] {
		return false
	}
	var target any = s.root
	for token := range strings.SplitSeq(reference[2:], "/") {
		object, ok := target.(map[string]any)
		if !ok {
			return false
		}
		target = object[strictjson.Unescape(token)]
	}
	s.entered[reference] = true
	defer delete(s.entered, reference)
	return s.accepts(target)
}

func compound(value any) bool {
	switch value.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}
