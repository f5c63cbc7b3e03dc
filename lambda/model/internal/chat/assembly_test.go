package chat

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDeltasAddUpToACompletion(t *testing.T) {
	var a Assembly
	for _, d := range []Delta{
		{Reasoning: &Reasoning{Text: "They want "}},
		{Reasoning: &Reasoning{Text: "two cities."}},
		{Reasoning: &Reasoning{Signature: "c2ln"}},
		{Reasoning: &Reasoning{Redacted: []byte{1, 2}}},
		{Text: "I'll ", Logprobs: json.RawMessage(`{"content":[{"token":"I'll "}],"refusal":null}`)},
		{Text: "look.", Logprobs: json.RawMessage(`{"content":[{"token":"look."}]}`)},
		{ToolCall: &ToolCallDelta{Index: 0, ID: "call_1", Name: "weather"}},
		{ToolCall: &ToolCallDelta{Index: 0, Arguments: `{"city":`}},
		{ToolCall: &ToolCallDelta{Index: 1, ID: "call_2", Name: "weather", Arguments: `{}`}},
		{ToolCall: &ToolCallDelta{Index: 0, Arguments: `"Bonn"}`}},
		{StopReason: ToolUse},
		{Choice: 1, Refusal: "No."},
		{Choice: 1, StopReason: EndTurn},
	} {
		a.Add(d)
	}
	assert.Equal(t, []Choice{
		{
			Text: "I'll look.", StopReason: ToolUse,
			Reasoning: []Reasoning{{Text: "They want two cities.", Signature: "c2ln"}, {Redacted: []byte{1, 2}}},
			ToolCalls: []ToolCall{{"call_1", "weather", `{"city":"Bonn"}`}, {"call_2", "weather", `{}`}},
			Logprobs:  json.RawMessage(`{"content":[{"token":"I'll "},{"token":"look."}],"refusal":null}`),
		},
		{Refusal: "No.", StopReason: EndTurn},
	}, a.Choices())
}
