package openai

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// read returns a reply and its pieces. It replaces ids that were made by "made".
func read(body io.Reader) (chat.Completion, []chat.Delta, error) {
	var pieces []chat.Delta
	got, err := readReply(body, func(d chat.Delta) error {
		pieces = append(pieces, d)
		return nil
	})
	for _, choice := range got.Choices {
		for i, call := range choice.ToolCalls {
			if len(call.ID) == madeID && strings.Trim(call.ID, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == "" {
				choice.ToolCalls[i].ID = "made"
			}
		}
	}
	return got, pieces, err
}

func assemble(pieces []chat.Delta) []chat.Choice {
	var a chat.Assembly
	for _, piece := range pieces {
		a.Add(piece)
	}
	return a.Choices()
}

func TestRepliesOfOneChoice(t *testing.T) {
	for _, test := range []struct {
		name, message, finish string
		want                  chat.Choice
	}{
		{"text", `{"content":"Hi"}`, `"stop"`, chat.Choice{Text: "Hi", StopReason: chat.EndTurn}},
		{"null content", `{"content":null}`, `"length"`, chat.Choice{StopReason: chat.MaxTokens}},
		{"no content", `{}`, `"stop"`, chat.Choice{StopReason: chat.EndTurn}},
		{"parts", `{"content":[{"type":"text","text":"Hi"},{"type":"text","text":" you"}," all",{"type":"other"},3]}`, `"stop"`, chat.Choice{Text: "Hi you all", StopReason: chat.EndTurn}},
		{"JSON", `{"content":{"a": 1}}`, `"stop"`, chat.Choice{Text: `{"a": 1}`, StopReason: chat.EndTurn}},
		{"think tags", `{"content":"<think>So</think>Hi"}`, `"stop"`, chat.Choice{Text: "<think>So</think>Hi", StopReason: chat.EndTurn}},
		{"reasoning only", `{"content":null,"reasoning":"So","tool_calls":[],"refusal":null}`, `"length"`, chat.Choice{Reasoning: []chat.Reasoning{{Text: "So"}}, StopReason: chat.MaxTokens}},
		{"reasoning_content", `{"content":"Hi","reasoning_content":"So"}`, `"stop"`, chat.Choice{Text: "Hi", Reasoning: []chat.Reasoning{{Text: "So"}}, StopReason: chat.EndTurn}},
		{"both", `{"content":"Hi","reasoning":"So","reasoning_content":"So","reasoning_details":[{"text":"So"}]}`, `"stop"`, chat.Choice{Text: "Hi", Reasoning: []chat.Reasoning{{Text: "So"}}, StopReason: chat.EndTurn}},
		{"details", `{"content":"Hi","reasoning_details":[{"type":"reasoning.summary","summary":"S"},{"type":"reasoning.text","text":"o"},{"type":"reasoning.encrypted","data":"x"}]}`, `"stop"`, chat.Choice{Text: "Hi", Reasoning: []chat.Reasoning{{Text: "So"}}, StopReason: chat.EndTurn}},
		{"thinking parts", `{"content":[{"type":"thinking","thinking":[{"type":"text","text":"So"}]},{"type":"text","text":"Hi"}]}`, `"stop"`, chat.Choice{Text: "Hi", Reasoning: []chat.Reasoning{{Text: "So"}}, StopReason: chat.EndTurn}},
		{"thinking text", `{"content":[{"type":"thinking","thinking":"So"},{"type":"thinking","thinking":[1]},{"type":"text","text":["x"]},{"type":"text","text":"Hi"}]}`, `"stop"`, chat.Choice{Text: "Hi", Reasoning: []chat.Reasoning{{Text: "So"}}, StopReason: chat.EndTurn}},
		{"reasoning as an object", `{"content":"Hi","reasoning":{"effort":"low"},"reasoning_details":"none"}`, `"stop"`, chat.Choice{Text: "Hi", StopReason: chat.EndTurn}},
		{"refusal", `{"content":null,"refusal":"No."}`, `"stop"`, chat.Choice{Refusal: "No.", StopReason: chat.EndTurn}},
		{"refusal as a part", `{"content":[{"type":"refusal","refusal":"No."}]}`, `"stop"`, chat.Choice{Refusal: "No.", StopReason: chat.EndTurn}},
		{
			"calls", `{"content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\": 1}"}},{"id":"call_2","type":"function","function":{"name":"f","arguments":"{}"}}]}`, `"tool_calls"`,
			chat.Choice{ToolCalls: []chat.ToolCall{{ID: "call_1", Name: "f", Arguments: `{"a": 1}`}, {ID: "call_2", Name: "f", Arguments: "{}"}}, StopReason: chat.ToolUse},
		},
		{
			"calls as Ollama has them", `{"content":"","tool_calls":[{"function":{"name":"f","arguments":{"a": 1}}},{"function":{"name":"f","arguments":null}}]}`, `"stop"`,
			chat.Choice{ToolCalls: []chat.ToolCall{{ID: "made", Name: "f", Arguments: `{"a": 1}`}, {ID: "made", Name: "f"}}, StopReason: chat.ToolUse},
		},
		{"a function call", `{"content":"So","function_call":{"name":"f","arguments":"{}"}}`, `"function_call"`, chat.Choice{Text: "So", ToolCalls: []chat.ToolCall{{ID: "made", Name: "f", Arguments: "{}"}}, StopReason: chat.ToolUse}},
		{"calls without a reason", `{"tool_calls":[{"id":"1","function":{"name":"f","arguments":""}}]}`, `"null"`, chat.Choice{ToolCalls: []chat.ToolCall{{ID: "1", Name: "f"}}, StopReason: chat.Other}},
		{"calls cut off", `{"tool_calls":[{"id":"1","function":{"name":"f","arguments":"{"}}]}`, `"length"`, chat.Choice{ToolCalls: []chat.ToolCall{{ID: "1", Name: "f", Arguments: "{"}}, StopReason: chat.MaxTokens}},
		{"no calls", `{"content":"Hi","tool_calls":null}`, `"tool_calls"`, chat.Choice{Text: "Hi", StopReason: chat.EndTurn}},
		{"filtered", `{"content":""}`, `"content_filter"`, chat.Choice{StopReason: chat.Filtered}},
		{"full", `{"content":"Hi"}`, `"model_length"`, chat.Choice{Text: "Hi", StopReason: chat.ContextWindow}},
		{"another reason", `{"content":"Hi"}`, `"abort"`, chat.Choice{Text: "Hi", StopReason: chat.Other}},
	} {
		whole := fmt.Sprintf(`{"choices":[{"index":0,"message":%s,"finish_reason":%s,"logprobs":null}],"usage":null}`, test.message, test.finish)
		got, pieces, err := read(strings.NewReader(whole))
		require.NoError(t, err, test.name)
		assert.Equal(t, []chat.Choice{test.want}, got.Choices, test.name)
		assert.Equal(t, chat.Usage{}, got.Usage)
		assert.Equal(t, test.want.StopReason, pieces[len(pieces)-1].StopReason)

		stream := fmt.Sprintf("data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n"+
			"data: {\"choices\":[{\"index\":0,\"delta\":%s}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":%s}]}\n\ndata: [DONE]\n\n", test.message, test.finish)
		got, _, err = read(strings.NewReader(stream))
		require.NoError(t, err, test.name)
		assert.Equal(t, []chat.Choice{test.want}, got.Choices, "%s, as a stream", test.name)
	}
}

func TestUsage(t *testing.T) {
	for text, want := range map[string]chat.Usage{
		`null`: {},
		`{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}`:        {InputTokens: 3, OutputTokens: 4, TotalTokens: 7},
		`{"prompt_tokens":3,"completion_tokens":4}`:                         {InputTokens: 3, OutputTokens: 4, TotalTokens: 7},
		`{"prompt_tokens":3.0,"completion_tokens":null,"total_tokens":"7"}`: {InputTokens: 3, TotalTokens: 3},
		`{"prompt_tokens":-3,"completion_tokens":{},"total_tokens":1e300}`:  {TotalTokens: maxCount},
		`{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13,"prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":2}}`: {InputTokens: 9, OutputTokens: 4, TotalTokens: 13, CachedTokens: 8, ReasoningTokens: 2},
		`{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13,"prompt_tokens_details":null,"completion_tokens_details":null,"prompt_cache_hit_tokens":8}`:      {InputTokens: 9, OutputTokens: 4, TotalTokens: 13, CachedTokens: 8},
		`{"prompt_tokens":9,"completion_tokens":4,"total_tokens":113,"completion_tokens_details":{"reasoning_tokens":100}}`:                                          {InputTokens: 9, OutputTokens: 104, TotalTokens: 113, ReasoningTokens: 100},
	} {
		got, _, err := read(strings.NewReader(`{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}],"usage":` + text + `}`))
		require.NoError(t, err, text)
		assert.Equal(t, want, got.Usage, text)
	}
}

func TestSeveralChoices(t *testing.T) {
	for _, text := range []string{
		`{"choices":[{"index":1,"message":{"content":"b"},"finish_reason":"length"},{"index":0,"message":{"content":"a"},"finish_reason":"stop"}]}`,
		`{"choices":[{"message":{"content":"a"},"finish_reason":"stop"},{"message":{"content":"b"},"finish_reason":"length"}]}`,
		"data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n" +
			"data: {\"choices\":[{\"index\":1,\"delta\":{},\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n",
	} {
		got, pieces, err := read(strings.NewReader(text))
		require.NoError(t, err)
		want := []chat.Choice{{Text: "a", StopReason: chat.EndTurn}, {Text: "b", StopReason: chat.MaxTokens}}
		assert.Equal(t, want, got.Choices)
		assert.Equal(t, want, assemble(pieces))
	}
}

func TestLogprobsAreKept(t *testing.T) {
	const logprobs = `{"content": [{"token": "Hi", "logprob": -0.50}], "refusal": null}`
	got, pieces, err := read(strings.NewReader(`{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop","logprobs":` + logprobs + `}]}`))
	require.NoError(t, err)
	assert.Equal(t, json.RawMessage(logprobs), pieces[0].Logprobs)
	assert.Equal(t, json.RawMessage(logprobs), got.Choices[0].Logprobs)
}

// stream is a reply as servers stream it, with reasoning, text and two calls of tools.
const stream = `data: {"id":"1","system_fingerprint":"fp_1","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}

data: {"choices":[{"index":0,"delta":{"reasoning_content":"So "},"finish_reason":null}]}

: comment

data: {"choices":[{"index":0,"delta":{"reasoning_content":"what?"}}]}

data: {"choices":[{"index":0,"delta":{"content":"I'll "},"logprobs":{"content":[{"token":"I'll "}]}}]}

data: {"choices":[{"index":0,"delta":{"content":"look."},"logprobs":{"content":[{"token":"look."}]}}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}]}}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]}}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_2","function":{"name":"g","arguments":"{}"}}]}}]}

data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}

data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}

data: [DONE]

`

func streamed() chat.Completion {
	return chat.Completion{
		Choices: []chat.Choice{{
			Text: "I'll look.", Reasoning: []chat.Reasoning{{Text: "So what?"}}, StopReason: chat.ToolUse,
			ToolCalls: []chat.ToolCall{{ID: "call_1", Name: "f", Arguments: `{"a":1}`}, {ID: "call_2", Name: "g", Arguments: "{}"}},
			Logprobs:  json.RawMessage(`{"content":[{"token":"I'll "},{"token":"look."}],"refusal":null}`),
		}},
		Usage: chat.Usage{InputTokens: 3, OutputTokens: 4, TotalTokens: 7}, Version: "fp_1",
	}
}

func TestStream(t *testing.T) {
	for _, text := range []string{
		stream,
		strings.ReplaceAll(stream, "\n", "\r\n"),
		strings.TrimSpace(stream),
		strings.TrimSuffix(stream, "data: [DONE]\n\n"),
		strings.ReplaceAll(stream, "data: ", "data:"),
		" \n\n" + stream + "data: not JSON\n\n",
	} {
		got, pieces, err := read(iotest.HalfReader(strings.NewReader(text)))
		require.NoError(t, err)
		assert.Equal(t, streamed(), got)
		assert.Equal(t, got.Choices, assemble(pieces))
		assert.Len(t, pieces, 9)
		assert.Equal(t, chat.ToolUse, pieces[8].StopReason)
	}
}

func TestUsageOfStreams(t *testing.T) {
	const finished = `"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"`
	for _, text := range []string{
		"data: {" + finished + "}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\ndata: [DONE]\n\n",
		"data: {" + finished + ",\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}]}\n\ndata: [DONE]\n\n",
		"data: {" + finished + "}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n",
	} {
		got, _, err := read(strings.NewReader(text))
		require.NoError(t, err)
		assert.Equal(t, chat.Usage{InputTokens: 3, OutputTokens: 4, TotalTokens: 7}, got.Usage)
	}
}

func TestCutStreamIsNoReply(t *testing.T) {
	finished := strings.Index(stream, `data: {"choices":[{"index":0,"delta":{},"finish_reason"`)
	for end := range finished {
		if _, _, err := read(strings.NewReader(stream[:end])); err == nil {
			t.Fatalf("a stream of %d bytes is a reply", end)
		}
	}
	broken := errors.New("connection reset")
	_, pieces, err := read(io.MultiReader(strings.NewReader(stream[:len(stream)-20]), iotest.ErrReader(broken)))
	require.ErrorIs(t, err, broken)
	assert.NotEmpty(t, pieces)

	_, _, err = read(strings.NewReader("data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"},\"finish_reason\":\"stop\"}]}\n\n"))
	require.ErrorIs(t, err, errCut, "the first of two choices has not ended")
	_, _, err = read(strings.NewReader("data: [DONE]\n\n"))
	require.ErrorIs(t, err, errCut)
}

func TestErrorsInStreams(t *testing.T) {
	for _, event := range []string{
		`data: {"error":{"message":"Zebra"}}`, `data: {"object":"error","message":"Zebra","code":500}`, "event: error\ndata: {\"message\":\"Zebra\"}",
		`data: {"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}],"error":{"message":"Zebra"}}`, "data: Zebra", `data: {"choices":"Zebra"}`,
		`data: {"choices":[{"index":128,"delta":{"content":"Zebra"}}]}`,
	} {
		_, pieces, err := read(strings.NewReader("data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n" + event + "\n\ndata: [DONE]\n\n"))
		require.ErrorContains(t, err, "the model's server", event)
		assert.NotContains(t, err.Error(), "Zebra")
		assert.Equal(t, []chat.Delta{{Text: "Hi"}}, pieces)
	}
}

func TestErrorOfEmitEndsTheStream(t *testing.T) {
	gone := errors.New("client gone")
	for last := range 9 {
		count := 0
		_, err := readReply(strings.NewReader(stream), func(chat.Delta) error {
			if count++; count > last {
				return gone
			}
			return nil
		})
		require.Equal(t, gone, err)
		assert.Equal(t, last+1, count)
	}
}

func TestSizeOfRepliesIsLimited(t *testing.T) {
	piece := func(delta string) string { return `data: {"choices":[{"delta":` + delta + "}]}\n\n" }
	large := strings.Repeat("x", 100_000)
	for _, text := range []string{
		`{"choices":[{"message":{"content":"` + strings.Repeat("x", maxResponse) + `"}}]}`,
		strings.Repeat(piece(`{"content":"`+large+`"}`), 61),
		strings.Repeat(piece(`{"reasoning":"`+large+`"}`), 61),
		strings.Repeat(piece(`{"tool_calls":[{"index":0,"function":{"arguments":"`+large+`"}}]}`), 61),
		strings.Repeat(piece(`{"tool_calls":[{"function":{"name":"f","arguments":""}}]}`), maxCalls+1),
	} {
		_, _, err := read(strings.NewReader(text))
		require.ErrorContains(t, err, "has more than")
	}
}
