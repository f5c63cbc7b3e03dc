package bedrock

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// answerMode is the means by which the answer gets its form.
type answerMode int

const (
	plainAnswer      answerMode = iota // no form
	nativeAnswer                       // Converse's outputConfig
	toolAnswer                         // a tool that the model has to call: its arguments are the answer
	instructedAnswer                   // an instruction to the model
)

// planAnswer decides how the answer gets the form that the conversation asks for. A
// schema is left to the model's own means if it has them, else to a tool that it is
// forced to call. JSON without a schema is an instruction: there is no other means.
func (p *plan) planAnswer() {
	c, f := p.c, p.family
	switch {
	case c.Format.Type == "":
	case c.Format.Type == chat.FormatSchema && f.has(nativeFormat) && !prefilled(c.Messages) && nativeSchema(c.Format.Schema):
		p.answer = nativeAnswer
	case c.Format.Type == chat.FormatSchema && p.canForce() && objectSchema(c.Format.Schema):
		p.planAnswerTool()
	default:
		p.answer = instructedAnswer
	}
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

// planAnswerTool adds the tool whose arguments are the answer. Beside the client's tools,
// the model may call any of them.
func (p *plan) planAnswerTool() {
	p.answer = toolAnswer
	p.answerTool = "answer"
	for p.taken(p.answerTool) {
		p.answerTool += "_"
	}
	description := "Gives the answer to the user. Call it when the answer is complete."
	if !blank(p.c.Format.Description) {
		description += "\n" + p.c.Format.Description
	}
	p.tools = append(slices.Clip(p.tools), chat.Tool{Name: p.answerTool, Description: description, Parameters: p.c.Format.Schema})
	if len(p.c.Tools) == 0 && p.family.has(namedTool) {
		p.choice = chat.ToolChoice{Mode: chat.ChooseTool, Name: p.answerTool}
	} else {
		p.choice = chat.ToolChoice{Mode: chat.ChooseRequired}
	}
}

func (p *plan) taken(name string) bool {
	return slices.ContainsFunc(p.tools, func(t chat.Tool) bool { return acceptedOr(t.Name) == name })
}

// instruction returns the text that asks the model for the form of the answer.
func (p *plan) instruction() string {
	if p.answer != instructedAnswer {
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
// accept. Source: https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html
func nativeSchema(schema json.RawMessage) bool {
	var root map[string]any
	if json.Unmarshal(schema, &root) != nil || root == nil {
		return false
	}
	s := subset{root: root, entered: map[string]bool{}}
	return s.accepts(root)
}

// subset checks a schema, with the references that it has entered.
type subset struct {
	root    map[string]any
	entered map[string]bool
	visited int // number of schemas
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
	if object["type"] == "object" || object["properties"] != nil {
		return object["additionalProperties"] == false
	}
	return true
}

func (s *subset) acceptsKeyword(keyword string, value any) bool {
	switch keyword {
	case "properties", "$defs", "definitions":
		return s.acceptsAll(value)
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
		target = object[unescapeToken(token)]
	}
	s.entered[reference] = true
	defer delete(s.entered, reference)
	return s.accepts(target)
}

var tokenEscapes = strings.NewReplacer("~1", "/", "~0", "~")

// unescapeToken returns a part of a JSON pointer without its escapes.
func unescapeToken(token string) string { return tokenEscapes.Replace(token) }

func compound(value any) bool {
	switch value.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}
