package openai

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

func texts(all ...string) []chat.Part {
	parts := make([]chat.Part, len(all))
	for i, one := range all {
		parts[i].Text = one
	}
	return parts
}

func TestMessages(t *testing.T) {
	call := chat.ToolCall{ID: "call_1", Name: "weather", Arguments: `{"city": "Köln"}`}
	for _, test := range []struct {
		name    string
		message chat.Message
		want    string
	}{
		{"text", chat.Message{Role: chat.RoleUser, Content: texts("a <b> & \"c\"\n")}, `{"role":"user","content":"a <b> & \"c\"\n"}`},
		{"texts", chat.Message{Role: chat.RoleSystem, Content: texts("Be", "brief.")}, `{"role":"system","content":[{"type":"text","text":"Be"},{"type":"text","text":"brief."}]}`},
		{"empty", chat.Message{Role: chat.RoleAssistant}, `{"role":"assistant","content":""}`},
		{"empty text", chat.Message{Role: chat.RoleAssistant, Content: texts("")}, `{"role":"assistant","content":""}`},
		{"name", chat.Message{Role: chat.RoleUser, Name: "ann", Content: texts("Hi")}, `{"role":"user","name":"ann","content":"Hi"}`},
		{
			"image",
			chat.Message{Role: chat.RoleUser, Content: []chat.Part{{Text: "What?"}, {Image: &chat.Image{Format: "png", Data: []byte{1, 2, 3, 250}, Detail: "low"}}}},
			`{"role":"user","content":[{"type":"text","text":"What?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AQID+g==","detail":"low"}}]}`,
		},
		{
			"image alone",
			chat.Message{Role: chat.RoleUser, Content: []chat.Part{{Image: &chat.Image{Format: "webp"}}}},
			`{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/webp;base64,"}}]}`,
		},
		{
			"file",
			chat.Message{Role: chat.RoleUser, Content: []chat.Part{{File: &chat.File{Format: "pdf", Name: "a \"b\".pdf", Data: []byte("%PDF")}}}},
			`{"role":"user","content":[{"type":"file","file":{"filename":"a \"b\".pdf","file_data":"data:application/pdf;base64,JVBERg=="}}]}`,
		},
		{
			"file without a name",
			chat.Message{Role: chat.RoleUser, Content: []chat.Part{{File: &chat.File{Format: "pdf"}}}},
			`{"role":"user","content":[{"type":"file","file":{"filename":"document.pdf","file_data":"data:application/pdf;base64,"}}]}`,
		},
		{
			"calls",
			chat.Message{Role: chat.RoleAssistant, ToolCalls: []chat.ToolCall{call, {ID: "call_2", Name: "now"}}},
			`{"role":"assistant","content":null,"tool_calls":[` +
				`{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\": \"Köln\"}"}},` +
				`{"id":"call_2","type":"function","function":{"name":"now","arguments":"{}"}}]}`,
		},
		{
			"calls with text and reasoning",
			chat.Message{
				Role: chat.RoleAssistant, Content: texts("Let me see."), ToolCalls: []chat.ToolCall{call},
				Reasoning: []chat.Reasoning{{Text: "I need ", Signature: "c2ln"}, {Redacted: []byte{1}}, {Text: "the weather."}},
			},
			`{"role":"assistant","content":"Let me see.","reasoning_content":"I need the weather.","reasoning":"I need the weather.","tool_calls":[` +
				`{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\": \"Köln\"}"}}]}`,
		},
		{"reasoning", chat.Message{Role: chat.RoleAssistant, Content: texts("4"), Reasoning: []chat.Reasoning{{Text: "2+2"}}}, `{"role":"assistant","content":"4"}`},
		{"refusal", chat.Message{Role: chat.RoleAssistant, Refusal: "I can't."}, `{"role":"assistant","content":"I can't."}`},
		{"text and refusal", chat.Message{Role: chat.RoleAssistant, Content: texts("So"), Refusal: "No."}, `{"role":"assistant","content":[{"type":"text","text":"So"},{"type":"text","text":"No."}]}`},
		{"result", chat.Message{Role: chat.RoleTool, ToolCallID: "call_1", Content: texts("22 °C"), ToolFailed: true}, `{"role":"tool","tool_call_id":"call_1","content":"22 °C"}`},
	} {
		w := newWriter()
		w.message(test.message, dialect{})
		assert.Equal(t, test.want, w.buffer.String(), test.name)
	}
}

func pointer[T any](value T) *T { return &value }

func TestRequests(t *testing.T) {
	// The schema's order, white space, numbers and escape sequences stay.
	schema := json.RawMessage(`{ "type": "object", "properties": {"z": {"maximum": 1.0e2}, "a": {"pattern": "^\u003c"}} }`)
	tool := chat.Tool{Name: "weather", Description: "Now.", Parameters: schema, Strict: true}
	for _, test := range []struct {
		name   string
		change func(*chat.Conversation)
		want   string // after the messages
	}{
		{"nothing", func(c *chat.Conversation) { c.MaxTokens = 0 }, `"stream":false}`},
		{
			"sampling", func(c *chat.Conversation) {
				c.Temperature, c.TopP, c.Stop = pointer(0.5), pointer(0.0), []string{"<END>", "\n"}
			},
			`"max_tokens":9,"temperature":0.5,"top_p":0,"stop":["<END>","\n"],"stream":false}`,
		},
		{
			"tools", func(c *chat.Conversation) {
				c.Tools, c.ToolChoice, c.ParallelToolCalls = []chat.Tool{tool, {Name: "now"}}, chat.ToolChoice{Mode: chat.ChooseRequired}, pointer(false)
			},
			`"tools":[{"type":"function","function":{"name":"weather","description":"Now.","parameters":` + string(schema) + `,"strict":true}},` +
				`{"type":"function","function":{"name":"now"}}],"tool_choice":"required","parallel_tool_calls":false,"max_tokens":9,"stream":false}`,
		},
		{
			"chosen tool", func(c *chat.Conversation) {
				c.Tools, c.ToolChoice = []chat.Tool{{Name: "now"}}, chat.ToolChoice{Mode: chat.ChooseTool, Name: "now"}
			},
			`"tools":[{"type":"function","function":{"name":"now"}}],"tool_choice":{"type":"function","function":{"name":"now"}},"max_tokens":9,"stream":false}`,
		},
		{
			"no tool", func(c *chat.Conversation) {
				c.Tools, c.ToolChoice = []chat.Tool{{Name: "now"}}, chat.ToolChoice{Mode: chat.ChooseNone}
			},
			`"tools":[{"type":"function","function":{"name":"now"}}],"tool_choice":"none","max_tokens":9,"stream":false}`,
		},
		{
			"choice without tools", func(c *chat.Conversation) {
				c.ToolChoice, c.ParallelToolCalls = chat.ToolChoice{Mode: chat.ChooseAuto}, pointer(true)
			},
			`"max_tokens":9,"stream":false}`,
		},
		{
			"required without tools", func(c *chat.Conversation) { c.ToolChoice = chat.ToolChoice{Mode: chat.ChooseRequired} },
			`"tool_choice":"required","max_tokens":9,"stream":false}`,
		},
		{"JSON", func(c *chat.Conversation) { c.Format.Type = chat.FormatJSON }, `"response_format":{"type":"json_object"},"max_tokens":9,"stream":false}`},
		{
			"schema", func(c *chat.Conversation) {
				c.Format = chat.Format{Type: chat.FormatSchema, Name: "report", Description: "A report.", Schema: schema, Strict: true}
			},
			`"response_format":{"type":"json_schema","json_schema":{"name":"report","description":"A report.","schema":` + string(schema) + `,"strict":true}},"max_tokens":9,"stream":false}`,
		},
		{
			"options", func(c *chat.Conversation) {
				c.ReasoningEffort = "low"
				c.Options = map[string]json.RawMessage{"seed": json.RawMessage(`12345678901234567890`), "logit_bias": json.RawMessage(`{"1": -1.0}`), "n": json.RawMessage("2")}
				c.PassThrough = map[string]json.RawMessage{"top_k": json.RawMessage("4"), "stream": json.RawMessage("true"), "a \"b\"": json.RawMessage("[ ]")}
			},
			`"reasoning_effort":"low","max_tokens":9,"stream":false,"logit_bias":{"1": -1.0},"n":2,"seed":12345678901234567890,"a \"b\"":[ ],"top_k":4}`,
		},
	} {
		c := hello
		test.change(&c)
		got := requestBody(c, dialect{}, false)
		assert.Equal(t, `{"model":"llama3.2","messages":[{"role":"user","content":"Hello"}],`+test.want, string(got), test.name)
		assert.True(t, json.Valid(got))
	}
}

func TestRequestsOfOtherDialects(t *testing.T) {
	const begin = `{"model":"llama3.2","messages":[{"role":"user","content":"Hello"}],`
	assert.Equal(t, begin+`"max_tokens":9,"stream":true,"stream_options":{"include_usage":true}}`, string(requestBody(hello, dialect{}, true)))
	assert.Equal(t, begin+`"max_completion_tokens":9,"stream":true}`, string(requestBody(hello, dialect{newLimit: true, noStreamOptions: true}, true)))
}
