package api

import (
	"slices"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/strictjson"
)

// chatMembers are the members of a message that have an effect, for error texts.
const chatMembers = "role, content, name, tool_calls, tool_call_id, reasoning_content, refusal"

// isChatMember reports whether the API knows a member of a message.
var isChatMember = among("role", "content", "name", "tool_calls", "tool_call_id", "status", "refusal",
	"reasoning_content", "reasoning", "thinking_blocks", "annotations", "audio", "function_call")

// chatRoles are OpenAI's roles; developer is its newer name for system.
var chatRoles = map[string]string{
	"system": chat.RoleSystem, "developer": chat.RoleSystem, "user": chat.RoleUser, "assistant": chat.RoleAssistant, "tool": chat.RoleTool,
}

// messages returns the conversation's messages, each read by one. The model may restrict
// their order.
func (r *reader) messages(at pointer, value strictjson.Value, one func(pointer, strictjson.Value) chat.Message) []chat.Message {
	elements := r.elements(at, value, "message")
	if elements == nil {
		return nil
	}
	messages := make([]chat.Message, len(elements))
	for i, element := range elements {
		messages[i] = one(at.element(i), element)
	}
	return messages
}

func (r *reader) chatMessage(at pointer, value strictjson.Value) chat.Message {
	if !r.isObject(at, value, chatMembers) {
		return chat.Message{}
	}
	r.unknown(at, value, "messages.", isChatMember, chatMembers)
	role := chatRoles[value.Get("role").Text()]
	m := chat.Message{
		Role: role,
		Name: r.optionalText(at.member("name"), value.Get("name")),
	}
	switch role {
	case chat.RoleAssistant:
		r.assistantMessage(&m, at, value)
	case chat.RoleTool:
		r.toolMessage(&m, at, value)
	case "":
		r.refuse(at.member("role"), "want system, developer, user, assistant or tool, got %s", kindOf(value.Get("role")))
	default:
		m.Content = r.content(at.member("content"), value.Get("content"), partsOf[role])
		r.absent(at, value, "tool_calls", "tool_call_id")
	}
	return m
}

// absent refuses members that only messages of another role have. Clients send empty ones.
func (r *reader) absent(at pointer, value strictjson.Value, names ...string) {
	for _, name := range names {
		if member := value.Get(name); member.Kind != strictjson.Null && !isEmptyArray(member) {
			r.refuse(at.member(name), "want none in a message of this role, got %s", kindOf(member))
		}
	}
}

// assistantMessage reads a message that a model wrote: its content may be absent, and a
// refusal is a text as any other.
func (r *reader) assistantMessage(m *chat.Message, at pointer, value strictjson.Value) {
	m.Content = r.optionalContent(at.member("content"), value.Get("content"), partsOf[chat.RoleAssistant])
	if refusal := r.optionalText(at.member("refusal"), value.Get("refusal")); refusal != "" {
		m.Content = append(m.Content, chat.Part{Text: refusal})
	}
	m.ToolCalls = r.toolCalls(at.member("tool_calls"), value.Get("tool_calls"))
	m.Reasoning = r.reasoning(at, value)
	r.absent(at, value, "tool_call_id")
	for _, name := range []string{"audio", "function_call"} {
		if value.Get(name).Kind != strictjson.Null {
			r.refuse(at.member(name), "want null: there is no audio, and calls are in tool_calls")
		}
	}
}

func (r *reader) toolMessage(m *chat.Message, at pointer, value strictjson.Value) {
	m.Content = r.optionalContent(at.member("content"), value.Get("content"), partsOf[chat.RoleTool])
	m.ToolCallID = r.text(at.member("tool_call_id"), value.Get("tool_call_id"))
	m.ToolFailed = r.choice(at.member("status"), value.Get("status"), "success", "error") == "error"
	r.absent(at, value, "tool_calls")
}

// maxCalls is the maximum number of calls of a message: more than any model makes.
const maxCalls = 128

func (r *reader) toolCalls(at pointer, value strictjson.Value) []chat.ToolCall {
	if value.Kind == strictjson.Null || isEmptyArray(value) {
		return nil
	}
	elements := r.elements(at, value, "call")
	if len(elements) > maxCalls {
		r.refuse(at, "want at most %d calls, got %s", maxCalls, kindOf(value))
		return nil
	}
	calls := make([]chat.ToolCall, len(elements))
	for i, element := range elements {
		calls[i] = r.toolCall(at.element(i), element)
		if slices.ContainsFunc(calls[:i], func(c chat.ToolCall) bool { return c.ID == calls[i].ID }) {
			r.refuse(at.element(i).member("id"), "want another id than that of an earlier call")
		}
	}
	return calls
}

func (r *reader) toolCall(at pointer, value strictjson.Value) chat.ToolCall {
	if !r.isObject(at, value, "id, type function and function") {
		return chat.ToolCall{}
	}
	r.unknown(at, value, "messages.tool_calls.", among("id", "type", "index", "function"), "id, type, function")
	r.choice(at.member("type"), value.Get("type"), "function")
	called, in := value.Get("function"), at.member("function")
	if !r.isObject(in, called, "name and arguments") {
		return chat.ToolCall{}
	}
	r.unknown(in, called, "messages.tool_calls.function.", among("name", "arguments"), "name, arguments")
	return chat.ToolCall{
		ID:        r.text(at.member("id"), value.Get("id")),
		Name:      r.text(in.member("name"), called.Get("name")),
		Arguments: r.optionalText(in.member("arguments"), called.Get("arguments")),
	}
}

// reasoning reads the reasoning that came with an answer: blocks with signatures, or else
// its text, under either of the names that servers have for it.
func (r *reader) reasoning(at pointer, value strictjson.Value) []chat.Reasoning {
	if blocks := value.Get("thinking_blocks"); blocks.Kind != strictjson.Null && !isEmptyArray(blocks) {
		return r.thinkingBlocks(at.member("thinking_blocks"), blocks)
	}
	for _, name := range []string{"reasoning_content", "reasoning"} {
		if text := r.optionalText(at.member(name), value.Get(name)); text != "" {
			return []chat.Reasoning{{Text: text}}
		}
	}
	return nil
}
