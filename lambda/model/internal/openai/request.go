package openai

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// requestBody returns the request for a conversation in a server's dialect.
func requestBody(c chat.Conversation, d dialect, stream bool) []byte {
	w := newWriter()
	w.begin('{')
	w.stringMember("model", c.Model)
	w.name("messages")
	w.begin('[')
	for _, m := range c.Messages {
		w.message(m, d)
	}
	w.end(']')
	w.tools(c)
	w.format(c.Format)
	w.optional("reasoning_effort", c.ReasoningEffort)
	w.sampling(c, d)
	w.member("stream", stream)
	if stream && !d.noStreamOptions {
		w.name("stream_options")
		w.raw(json.RawMessage(`{"include_usage":true}`))
	}
	w.others(c.Options)
	w.others(c.PassThrough)
	w.end('}')
	return w.buffer.Bytes()
}

func (w *writer) sampling(c chat.Conversation, d dialect) {
	if c.MaxTokens > 0 {
		w.member(d.limit(), c.MaxTokens)
	}
	if c.Temperature != nil {
		w.member("temperature", *c.Temperature)
	}
	if c.TopP != nil {
		w.member("top_p", *c.TopP)
	}
	if len(c.Stop) > 0 {
		w.member("stop", c.Stop)
	}
}

// ours are the members that the types of package chat have. Others must not replace them.
var ours = map[string]bool{
	"model": true, "messages": true, "tools": true, "tool_choice": true, "parallel_tool_calls": true, "response_format": true,
	"reasoning_effort": true, "max_tokens": true, "max_completion_tokens": true, "temperature": true, "top_p": true, "stop": true,
	"stream": true, "stream_options": true,
}

func (w *writer) others(members map[string]json.RawMessage) {
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !ours[name] {
			w.name(name)
			w.raw(members[name])
		}
	}
}

func (w *writer) tools(c chat.Conversation) {
	if len(c.Tools) > 0 {
		w.name("tools")
		w.begin('[')
		for _, tool := range c.Tools {
			w.tool(tool)
		}
		w.end(']')
	}
	w.toolChoice(c)
	if c.ParallelToolCalls != nil && len(c.Tools) > 0 {
		w.member("parallel_tool_calls", *c.ParallelToolCalls)
	}
}

func (w *writer) tool(t chat.Tool) {
	w.begin('{')
	w.stringMember("type", "function")
	w.name("function")
	w.begin('{')
	w.stringMember("name", t.Name)
	w.optional("description", t.Description)
	if t.Parameters != nil {
		w.name("parameters")
		w.raw(t.Parameters)
	}
	if t.Strict {
		w.member("strict", true)
	}
	w.end('}')
	w.end('}')
}

// toolChoice leaves out a choice that changes nothing without tools, and which servers
// refuse then.
func (w *writer) toolChoice(c chat.Conversation) {
	switch choice := c.ToolChoice; choice.Mode {
	case "":
	case chat.ChooseTool:
		w.name("tool_choice")
		w.begin('{')
		w.stringMember("type", "function")
		w.name("function")
		w.begin('{')
		w.stringMember("name", choice.Name)
		w.end('}')
		w.end('}')
	case chat.ChooseNone, chat.ChooseAuto:
		if len(c.Tools) > 0 {
			w.stringMember("tool_choice", choice.Mode)
		}
	default:
		w.stringMember("tool_choice", choice.Mode)
	}
}

func (w *writer) format(f chat.Format) {
	if f.Type == "" {
		return
	}
	w.name("response_format")
	w.begin('{')
	w.stringMember("type", f.Type)
	if f.Type == chat.FormatSchema {
		w.name("json_schema")
		w.begin('{')
		w.stringMember("name", f.Name)
		w.optional("description", f.Description)
		if f.Schema != nil {
			w.name("schema")
			w.raw(f.Schema)
		}
		if f.Strict {
			w.member("strict", true)
		}
		w.end('}')
	}
	w.end('}')
}
