package openai

import (
	"strings"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

func (w *writer) message(m chat.Message, d dialect) {
	w.begin('{')
	w.stringMember("role", m.Role)
	w.optional("name", m.Name)
	w.optional("tool_call_id", m.ToolCallID)
	w.name("content")
	w.content(m)
	if text := sentReasoning(m); text != "" && !d.noReasoning {
		w.stringMember("reasoning_content", text)
		w.stringMember("reasoning", text)
	}
	if len(m.ToolCalls) > 0 {
		w.name("tool_calls")
		w.begin('[')
		for _, call := range m.ToolCalls {
			w.toolCall(call)
		}
		w.end(']')
	}
	w.end('}')
}

// sentReasoning returns the reasoning that is sent with a message of the history: that of
// messages that call tools. DeepSeek refuses such a message without, and models that
// think between calls, such as Kimi K2 and MiniMax M2, answer worse. DeepSeek and
// llama.cpp name it reasoning_content, vLLM reasoning: it is sent by both names. In
// other messages servers ignore it.
func sentReasoning(m chat.Message) string {
	if len(m.ToolCalls) == 0 {
		return ""
	}
	var text strings.Builder
	for _, block := range m.Reasoning {
		text.WriteString(block.Text)
	}
	return text.String()
}

// content writes a single text as a string, which every chat template takes. A refusal is
// sent as a text, because most servers know no other form.
func (w *writer) content(m chat.Message) {
	parts := m.Content
	if m.Refusal != "" {
		parts = append(parts[:len(parts):len(parts)], chat.Part{Text: m.Refusal})
	}
	switch {
	case len(parts) == 0 && len(m.ToolCalls) > 0:
		w.raw([]byte("null"))
	case len(parts) == 0:
		w.string("")
	case len(parts) == 1 && parts[0].Image == nil && parts[0].File == nil:
		w.string(parts[0].Text)
	default:
		w.begin('[')
		for _, part := range parts {
			w.part(part)
		}
		w.end(']')
	}
}

func (w *writer) part(p chat.Part) {
	w.begin('{')
	switch {
	case p.Image != nil:
		w.stringMember("type", "image_url")
		w.name("image_url")
		w.begin('{')
		w.name("url")
		w.dataURL("image/"+p.Image.Format, p.Image.Data)
		w.optional("detail", p.Image.Detail)
		w.end('}')
	case p.File != nil:
		w.stringMember("type", "file")
		w.name("file")
		w.begin('{')
		w.stringMember("filename", fileName(p.File))
		w.name("file_data")
		w.dataURL("application/"+p.File.Format, p.File.Data)
		w.end('}')
	default:
		w.stringMember("type", "text")
		w.stringMember("text", p.Text)
	}
	w.end('}')
}

// fileName returns a file's name. Servers require one.
func fileName(f *chat.File) string {
	if f.Name == "" {
		return "document." + f.Format
	}
	return f.Name
}

// toolCall writes a call. Servers parse its arguments: none are an empty object.
func (w *writer) toolCall(c chat.ToolCall) {
	arguments := c.Arguments
	if arguments == "" {
		arguments = "{}"
	}
	w.begin('{')
	w.stringMember("id", c.ID)
	w.stringMember("type", "function")
	w.name("function")
	w.begin('{')
	w.stringMember("name", c.Name)
	w.stringMember("arguments", arguments)
	w.end('}')
	w.end('}')
}
