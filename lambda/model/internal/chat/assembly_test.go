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

func TestReasonsQuoteNothingOfTheConversation(t *testing.T) {
	for _, test := range []struct {
		message, reason string
		members         []string
	}{
		{
			"The model returned the following errors: `temperature` and `top_p` cannot both be specified for this model. Please use only one.",
			"The model … the following …: `temperature` and `top_p` cannot both be specified for this model. Please use only one.",
			[]string{"model", "temperature", "top_p"},
		},
		{"messages.3: Zebra-7 is invalid at 4111111111111111", "messages.3: … is invalid at …", []string{"messages"}},
		{"Malformed input request: #/stopSequences/0: string [\n] does not match pattern", "Malformed input request: #/stopSequences/0: string [\n] does not match pattern", []string{"input", "stop"}},
		{"Unsupported parameter: 'top_p' isn't supported with 'Zebra'. Use \"top_k\"", "Unsupported parameter: 'top_p' isn't supported with '…'. Use \"top_k\"", []string{"top_k", "top_p"}},
		{"", "", nil},
	} {
		reason, members := Reason(test.message)
		assert.Equal(t, test.reason, reason)
		assert.Equal(t, test.members, members)
	}
}
