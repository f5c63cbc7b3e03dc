package api

import (
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/strictjson"
)

const (
	// maxTools is the maximum number of tools of a request, as for OpenAI.
	maxTools = 128

	// maxToolName limits a tool's name, in characters. OpenAI's own limit is 64, which
	// clients exceed that make names of modules and paths.
	maxToolName = 256
)

const toolMembers = "type function and function, with name, description, parameters and strict"

// tools reads the functions that the model may call.
func (r *reader) tools(at pointer, value strictjson.Value) []chat.Tool {
	if value.Kind == strictjson.Null {
		return nil
	}
	if value.Kind != strictjson.Array || len(value.Elements()) > maxTools {
		r.refuse(at, "want an array of at most %d tools, got %s", maxTools, kindOf(value))
		return nil
	}
	tools := make([]chat.Tool, len(value.Elements()))
	for i, element := range value.Elements() {
		tools[i] = r.tool(at.element(i), element)
		if tools[i].Name != "" && hasTool(tools[:i], tools[i].Name) {
			r.refuse(at.element(i).member("function").member("name"), "want another name than that of an earlier tool")
		}
	}
	return tools
}

func hasTool(tools []chat.Tool, name string) bool {
	return slices.ContainsFunc(tools, func(t chat.Tool) bool { return t.Name == name })
}

func (r *reader) tool(at pointer, value strictjson.Value) chat.Tool {
	if !r.isObject(at, value, toolMembers) {
		return chat.Tool{}
	}
	if value.Get("type").Text() != "function" {
		r.refuse(at.member("type"), "want function, the only type of tools, got %s", kindOf(value.Get("type")))
		return chat.Tool{}
	}
	r.unknown(at, value, "tools.", among("type", "function"), toolMembers)
	function, in := value.Get("function"), at.member("function")
	if !r.isObject(in, function, "name, description, parameters and strict") {
		return chat.Tool{}
	}
	r.unknown(in, function, "tools.function.", among("name", "description", "parameters", "strict"), "name, description, parameters, strict")
	strict := r.flag(in.member("strict"), function.Get("strict"))
	return chat.Tool{
		Name:        r.toolName(in.member("name"), function.Get("name")),
		Description: r.optionalText(in.member("description"), function.Get("description")),
		Parameters:  r.schema(in.member("parameters"), function.Get("parameters")),
		Strict:      strict != nil && *strict,
	}
}

func (r *reader) toolName(at pointer, value strictjson.Value) string {
	name := r.text(at, value)
	if length := utf8.RuneCountInString(name); length > maxToolName {
		r.refuse(at, "want at most %d characters, got %d", maxToolName, length)
	}
	return name
}

// schema returns the text of a JSON schema that is an object, or nil if value is absent.
func (r *reader) schema(at pointer, value strictjson.Value) json.RawMessage {
	switch value.Kind {
	case strictjson.Null:
		return nil
	case strictjson.Object:
		return json.RawMessage(value.Raw)
	}
	r.refuse(at, "want a JSON schema, got %s", kindOf(value))
	return nil
}

// toolChoice reads which tools the model is to call.
func (r *reader) toolChoice(at pointer, value strictjson.Value, tools []chat.Tool) chat.ToolChoice {
	if value.Kind == strictjson.Object {
		return r.namedTool(at, value, tools)
	}
	mode := r.choice(at, value, chat.ChooseNone, chat.ChooseAuto, chat.ChooseRequired)
	if mode == chat.ChooseRequired && len(tools) == 0 {
		r.refuse(at, "want none or auto without tools")
	}
	if len(tools) == 0 {
		return chat.ToolChoice{}
	}
	return chat.ToolChoice{Mode: mode}
}

func (r *reader) namedTool(at pointer, value strictjson.Value, tools []chat.Tool) chat.ToolChoice {
	if value.Get("type").Text() != "function" {
		r.refuse(at.member("type"), "want function, got %s", kindOf(value.Get("type")))
		return chat.ToolChoice{}
	}
	in := at.member("function").member("name")
	name := r.text(in, value.Get("function").Get("name"))
	if name != "" && !hasTool(tools, name) {
		r.refuse(in, "want the name of one of the tools")
	}
	return chat.ToolChoice{Mode: chat.ChooseTool, Name: name}
}
