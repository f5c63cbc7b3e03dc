package bedrock

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// replies are responses whose messages clients send back.
var replies = map[string]string{
	"text":           `[{"text": "Hi."}]`,
	"nothing":        `[]`,
	"blank":          `[{"text": "\n"}]`,
	"call":           `[{"text": "I'll look."}, {"toolUse": {"toolUseId": "t1", "name": "ns_time_9abbe6e2fc6097c4", "input": {"zone": "CET"}}}]`,
	"no arguments":   `[{"toolUse": {"toolUseId": "t1", "name": "weather", "input": {}}}]`,
	"two calls":      `[{"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Bonn"}}}, {"toolUse": {"toolUseId": "t2", "name": "weather", "input": {}}}]`,
	"reasoning":      `[{"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}}, {"reasoningContent": {"redactedContent": "AQI="}}, {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {}}}]`,
	"only reasoning": `[{"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}}]`,
	"blank and call": `[{"text": " "}, {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {}}}]`,
	"citations":      `[{"citationsContent": {"content": [{"text": "As said."}], "citations": []}}]`,
}

// TestRepliesCanBeSentBack checks that any answer is accepted as a turn of the next
// request.
func TestRepliesCanBeSentBack(t *testing.T) {
	for family, model := range goldenModels {
		for name, content := range replies {
			provider, service := before(t, answer{200, "", `{
				"output": {"message": {"role": "assistant", "content": ` + content + `}}, "stopReason": "end_turn",
				"usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}
			}`})
			c := chat.Conversation{
				Model: model, Messages: []chat.Message{user("Hello")}, MaxTokens: 4096, ReasoningEffort: "low",
				Tools: []chat.Tool{{Name: "weather"}, {Name: "ns.time"}},
			}
			got, err := provider.Complete(t.Context(), provider.Adapt(c).Conversation)
			require.NoError(t, err)
			choice := got.Choices[0]
			c.Messages = append(c.Messages, chat.Message{
				Role: chat.RoleAssistant, Content: []chat.Part{{Text: choice.Text}}, Reasoning: choice.Reasoning, ToolCalls: choice.ToolCalls,
			})
			for _, call := range choice.ToolCalls {
				c.Messages = append(c.Messages, chat.Message{Role: chat.RoleTool, ToolCallID: call.ID})
			}
			if len(choice.ToolCalls) == 0 {
				c.Messages = append(c.Messages, user("Go on."))
			}
			adapted := provider.Adapt(c)
			assert.Empty(t, adapted.Refused, "%s: %s", family, name)
			_, err = provider.Complete(t.Context(), adapted.Conversation)
			require.NoError(t, err)
			checkRequest(t, service.requests[1].body, family+": "+name)
		}
	}
}

// TestReasoningAloneIsNoTurn checks an answer that its limit cut off while the model
// reasoned, sent back without another message.
func TestReasoningAloneIsNoTurn(t *testing.T) {
	c := chat.Conversation{
		Model: claude5Model, MaxTokens: 4096, ReasoningEffort: "low",
		Messages: []chat.Message{user("Hello"), {Role: chat.RoleAssistant, Reasoning: []chat.Reasoning{{Text: "Hm.", Signature: "c2ln"}}}},
	}
	assert.Len(t, messagesOf(testPlan(c)), 1)
}
