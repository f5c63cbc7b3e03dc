package bedrock

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// converseRequest has the members of a request that are checked below.
type converseRequest struct {
	System     []struct{ Text *string }
	Messages   []converseMessage
	ToolConfig *struct {
		Tools []struct {
			ToolSpec *struct {
				Name        string
				Description *string
				InputSchema struct{ JSON map[string]any }
			}
		}
	}
}

type converseMessage struct {
	Role    string
	Content []struct {
		Text    *string
		ToolUse *struct {
			ToolUseID, Name string
			Input           any
		}
		ToolResult *struct {
			ToolUseID string
			Content   []struct{ Text *string }
		}
	}
}

var acceptedName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

// checkRequest checks what Converse requires of every request.
func checkRequest(t *testing.T, body []byte, title string) {
	t.Helper()
	var sent converseRequest
	require.NoError(t, json.Unmarshal(body, &sent), title)
	hasCalls := false
	for i, m := range sent.Messages {
		assert.Equal(t, map[bool]string{true: "user", false: "assistant"}[i%2 == 0], m.Role, "%s: roles alternate", title)
		assert.NotEmpty(t, m.Content, title)
		hasCalls = checkContent(t, m, title) || hasCalls
	}
	for _, block := range sent.System {
		assert.True(t, block.Text == nil || !blank(*block.Text), "%s: blank text", title)
	}
	if sent.ToolConfig == nil {
		assert.False(t, hasCalls, "%s: calls need tools", title)
		return
	}
	for _, tool := range sent.ToolConfig.Tools {
		if spec := tool.ToolSpec; spec != nil {
			assert.Regexp(t, acceptedName, spec.Name, title)
			assert.True(t, spec.Description == nil || !blank(*spec.Description), "%s: blank description", title)
			assert.NotNil(t, spec.InputSchema.JSON["type"], title)
		}
	}
}

// checkContent reports whether a turn has calls or results.
func checkContent(t *testing.T, m converseMessage, title string) bool {
	hasCalls := false
	for _, block := range m.Content {
		assert.True(t, block.Text == nil || !blank(*block.Text), "%s: blank text", title)
		if use := block.ToolUse; use != nil {
			hasCalls = true
			assert.Regexp(t, acceptedName, use.Name, title)
			assert.Regexp(t, acceptedName, use.ToolUseID, title)
			assert.IsType(t, map[string]any{}, use.Input, title)
		}
		if result := block.ToolResult; result != nil {
			hasCalls = true
			assert.Regexp(t, acceptedName, result.ToolUseID, title)
			assert.NotEmpty(t, result.Content, title)
		}
	}
	return hasCalls
}

// FuzzRequests checks that what Adapt doesn't refuse is a request that Converse accepts.
// Each byte of the script is a message.
func FuzzRequests(f *testing.F) {
	f.Add("claude-4-5", "usat", "weather", `{"type":"object"}`, "text", `{"a":1}`)
	f.Add("mistral-7b", "uattu", "ns.time", ``, " ", `{`)
	f.Add("nova", "suuaau", "", `{"properties":{}}`, "\n", ``)
	f.Add("llama", "ucctutbv", "f", `{"type":"object"}`, "id", `{}`)
	f.Add("claude-3-7", "-uctbv", "f.g", ``, "id", `{`)
	f.Add("unknown", "ut", "a b", `null`, "x", `[]`)
	f.Fuzz(func(t *testing.T, family, script, tool, schema, text, arguments string) {
		model, ok := goldenModels[family]
		if !ok || len(script) > 50 || !json.Valid([]byte(schema)) && schema != "" {
			return
		}
		c := chat.Conversation{Model: model, MaxTokens: 2000}
		if !strings.Contains(script, "-") {
			c.Tools = []chat.Tool{{Name: tool, Description: text, Parameters: json.RawMessage(schema)}}
		}
		for i := range len(script) {
			c.Messages = append(c.Messages, scripted(script[i], tool, text, arguments))
		}
		provider := &Provider{}
		adapted := provider.Adapt(c)
		if adapted.Refused != nil {
			return
		}
		in, err := provider.input(provider.plan(&adapted.Conversation))
		require.NoError(t, err)
		fake, service := before(t, answer{200, "", converseAnswer})
		_, err = fake.API.Converse(t.Context(), in)
		require.NoError(t, err)
		checkRequest(t, service.requests[0].body, script)
	})
}

// scripted returns the message that a byte stands for.
func scripted(b byte, tool, text, arguments string) chat.Message {
	switch b {
	case 's':
		return message(chat.RoleSystem, text)
	case 'a':
		return message(chat.RoleAssistant, text, "Yes.")
	case 'c':
		return chat.Message{Role: chat.RoleAssistant, ToolCalls: []chat.ToolCall{{ID: text, Name: tool, Arguments: arguments}}}
	case 't':
		return chat.Message{Role: chat.RoleTool, ToolCallID: text, Content: []chat.Part{{Text: arguments}}}
	case 'b':
		return message(chat.RoleAssistant, text)
	case 'v':
		return message(chat.RoleUser, text)
	}
	return message(chat.RoleUser, text, "Hello.")
}

// FuzzEvents checks that any sequence of events ends in a completion that its pieces add
// up to, or in an error. Each byte of the script is an event.
func FuzzEvents(f *testing.F) {
	f.Add("tttm!", "text", byte(0))
	f.Add("rRxt0i_0.m!", `{"a":1}`, byte(2))
	f.Add("1ii.1i!", "```json\n", byte(1))
	f.Fuzz(func(t *testing.T, script, text string, mode byte) {
		c := hello
		switch mode % 3 {
		case 1:
			c.Format = chat.Format{Type: chat.FormatJSON}
		case 2:
			c.Format = chat.Format{Type: chat.FormatSchema, Schema: json.RawMessage(citySchema)}
		}
		var sent []types.ConverseStreamOutput
		for i := range len(script) {
			sent = append(sent, scriptedEvent(script[i], text))
		}
		var pieces chat.Assembly
		done, err := read(t.Context(), testPlan(c), sending(sent...), func(d chat.Delta) error {
			pieces.Add(d)
			return nil
		})
		if done.Choices == nil {
			require.Error(t, err)
			return
		}
		assert.Equal(t, done.Choices, pieces.Choices())
		require.Len(t, done.Choices, 1)
		assert.NotEmpty(t, done.Choices[0].StopReason)
	})
}

// scriptedEvent returns the event that a byte stands for.
func scriptedEvent(b byte, text string) types.ConverseStreamOutput {
	delta := func(d types.ContentBlockDelta) types.ConverseStreamOutput {
		return &types.ConverseStreamOutputMemberContentBlockDelta{Value: types.ContentBlockDeltaEvent{ContentBlockIndex: aws.Int32(int32(b % 2)), Delta: d}}
	}
	reasoning := func(d types.ReasoningContentBlockDelta) types.ConverseStreamOutput {
		return delta(&types.ContentBlockDeltaMemberReasoningContent{Value: d})
	}
	switch b {
	case 't':
		return delta(&types.ContentBlockDeltaMemberText{Value: text})
	case 'r':
		return reasoning(&types.ReasoningContentBlockDeltaMemberText{Value: text})
	case 'R':
		return reasoning(&types.ReasoningContentBlockDeltaMemberSignature{Value: text})
	case 'x':
		return reasoning(&types.ReasoningContentBlockDeltaMemberRedactedContent{Value: []byte(text)})
	case '0', '1':
		name := map[byte]string{'0': "weather", '1': "answer"}[b]
		return &types.ConverseStreamOutputMemberContentBlockStart{Value: types.ContentBlockStartEvent{
			ContentBlockIndex: aws.Int32(int32(b % 2)),
			Start:             &types.ContentBlockStartMemberToolUse{Value: types.ToolUseBlockStart{Name: &name, ToolUseId: &text}},
		}}
	case 'i', 'j':
		return delta(&types.ContentBlockDeltaMemberToolUse{Value: types.ToolUseBlockDelta{Input: &text}})
	case '.', '/':
		return &types.ConverseStreamOutputMemberContentBlockStop{Value: types.ContentBlockStopEvent{ContentBlockIndex: aws.Int32(int32(b % 2))}}
	case 'm':
		return &types.ConverseStreamOutputMemberMessageStop{Value: types.MessageStopEvent{StopReason: types.StopReasonEndTurn}}
	case 'u':
		return &types.ConverseStreamOutputMemberMessageStop{Value: types.MessageStopEvent{StopReason: types.StopReasonToolUse}}
	case '!':
		return &types.ConverseStreamOutputMemberMetadata{Value: types.ConverseStreamMetadataEvent{Usage: &types.TokenUsage{}}}
	}
	return nil
}

// FuzzSchemas checks that a tool's schema is always that of an object, and that checking
// one ends.
func FuzzSchemas(f *testing.F) {
	f.Add(citySchema)
	f.Add(`{"$defs":{"a":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"}`)
	f.Add(` { } `)
	f.Add(`{"tYpe":"string"}`)
	f.Add(`{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"anyOf":[{"$ref":"#/$defs/a"},true]}},"properties":{"x":{"$ref":"#/$defs/a","title":"X"}}}`)
	f.Fuzz(func(t *testing.T, schema string) {
		if !json.Valid([]byte(schema)) {
			return
		}
		nativeSchema([]byte(schema))
		var sent map[string]any
		require.NoError(t, json.Unmarshal(toolSchema([]byte(schema)), &sent))
		assert.Contains(t, sent, "type")
		checkPlain(t, plainSchema(toolSchema([]byte(schema))))
	})
}
