package bedrock

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// ended are the last events of a stream.
func ended(reason string) []event {
	return []event{
		{"messageStop", `{"stopReason": "` + reason + `"}`},
		{"metadata", `{"usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7, "cacheReadInputTokens": 10}, "metrics": {"latencyMs": 5}}`},
	}
}

// streamed returns the completion of events that are sent as Bedrock does, and its pieces.
func streamed(t *testing.T, c chat.Conversation, sent ...event) (chat.Completion, []chat.Delta, error) {
	t.Helper()
	provider, _ := before(t, answer{200, "", encoded(t, sent...)})
	var pieces []chat.Delta
	done, err := provider.Stream(t.Context(), c, func(d chat.Delta) error {
		pieces = append(pieces, d)
		return nil
	})
	return done, pieces, err
}

func TestStreams(t *testing.T) {
	c := hello
	c.Tools = []chat.Tool{{Name: "weather"}, {Name: "ns.time"}}
	done, pieces, err := streamed(t, c, append([]event{
		{"messageStart", `{"role": "assistant"}`},
		{"contentBlockDelta", `{"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "They want "}}}`},
		{"contentBlockDelta", `{"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "two."}}}`},
		{"contentBlockDelta", `{"contentBlockIndex": 0, "delta": {"reasoningContent": {"signature": "c2ln"}}}`},
		{"contentBlockStop", `{"contentBlockIndex": 0}`},
		{"contentBlockDelta", `{"contentBlockIndex": 1, "delta": {"text": "I'll "}}`},
		{"contentBlockDelta", `{"contentBlockIndex": 1, "delta": {"text": "look."}}`},
		{"contentBlockStop", `{"contentBlockIndex": 1}`},
		{"contentBlockStart", `{"contentBlockIndex": 2, "start": {"toolUse": {"toolUseId": "t1", "name": "weather"}}}`},
		{"contentBlockDelta", `{"contentBlockIndex": 2, "delta": {"toolUse": {"input": "{\"city\": "}}}`},
		{"contentBlockDelta", `{"contentBlockIndex": 2, "delta": {"toolUse": {"input": "\"Bonn\"}"}}}`},
		{"contentBlockStop", `{"contentBlockIndex": 2}`},
		{"contentBlockStart", `{"contentBlockIndex": 3, "start": {"toolUse": {"toolUseId": "t2", "name": "` + alias("ns.time") + `"}}}`},
		{"contentBlockStop", `{"contentBlockIndex": 3}`},
	}, ended("tool_use")...)...)
	require.NoError(t, err)
	assert.Equal(t, chat.Completion{
		Choices: []chat.Choice{{
			Text: "I'll look.", StopReason: chat.ToolUse,
			Reasoning: []chat.Reasoning{{Text: "They want two.", Signature: "c2ln"}},
			ToolCalls: []chat.ToolCall{{ID: "t1", Name: "weather", Arguments: `{"city": "Bonn"}`}, {ID: "t2", Name: "ns.time", Arguments: "{}"}},
		}},
		Usage:   chat.Usage{InputTokens: 13, OutputTokens: 4, TotalTokens: 17, CachedTokens: 10},
		Version: "v1:0",
	}, done)
	assert.Len(t, pieces, 11)
	var whole chat.Assembly
	for _, d := range pieces {
		whole.Add(d)
	}
	assert.Equal(t, done.Choices, whole.Choices())
}

func TestStreamsOfTheAnswersTool(t *testing.T) {
	c := hello
	c.Format = chat.Format{Type: chat.FormatSchema, Schema: []byte(citySchema)}
	call := []event{
		{"contentBlockDelta", `{"contentBlockIndex": 0, "delta": {"text": "Here it is:"}}`},
		{"contentBlockStart", `{"contentBlockIndex": 1, "start": {"toolUse": {"toolUseId": "t1", "name": "answer"}}}`},
		{"contentBlockDelta", `{"contentBlockIndex": 1, "delta": {"toolUse": {"input": "{\"city\":"}}}`},
		{"contentBlockDelta", `{"contentBlockIndex": 1, "delta": {"toolUse": {"input": "\"Bonn\"}"}}}`},
		{"contentBlockStop", `{"contentBlockIndex": 1}`},
	}
	again := []event{
		{"contentBlockStart", `{"contentBlockIndex": 2, "start": {"toolUse": {"toolUseId": "t2", "name": "answer"}}}`},
		{"contentBlockDelta", `{"contentBlockIndex": 2, "delta": {"toolUse": {"input": "{}"}}}`},
		{"contentBlockStop", `{"contentBlockIndex": 2}`},
	}
	weather := []event{
		{"contentBlockStart", `{"contentBlockIndex": 3, "start": {"toolUse": {"toolUseId": "t3", "name": "weather"}}}`},
		{"contentBlockStop", `{"contentBlockIndex": 3}`},
	}
	for _, test := range []struct {
		title string
		sent  []event
		stop  string
		want  chat.Choice
	}{
		{"the answer", call, "tool_use", chat.Choice{Text: `{"city":"Bonn"}`, StopReason: chat.EndTurn}},
		{"two answers", append(append([]event{}, call...), again...), "tool_use", chat.Choice{Text: `{"city":"Bonn"}`, StopReason: chat.EndTurn}},
		{"an answer that is cut off", call[:3], "max_tokens", chat.Choice{Text: `{"city":`, StopReason: chat.MaxTokens}},
		{"only text", call[:1], "end_turn", chat.Choice{Text: "Here it is:", StopReason: chat.EndTurn}},
		{
			"the answer and a call", append(append([]event{}, call...), weather...), "tool_use",
			chat.Choice{Text: `{"city":"Bonn"}`, StopReason: chat.ToolUse, ToolCalls: []chat.ToolCall{{ID: "t3", Name: "weather", Arguments: "{}"}}},
		},
	} {
		done, pieces, err := streamed(t, c, append(append([]event{}, test.sent...), ended(test.stop)...)...)
		require.NoError(t, err, test.title)
		assert.Equal(t, []chat.Choice{test.want}, done.Choices, test.title)
		var whole chat.Assembly
		for _, d := range pieces {
			whole.Add(d)
		}
		assert.Equal(t, done.Choices, whole.Choices(), test.title)
	}
}

func TestErrorsInAStream(t *testing.T) {
	text := event{"contentBlockDelta", `{"contentBlockIndex": 0, "delta": {"text": "Go"}}`}
	other := errors.New("none of ours")
	for _, test := range []struct {
		title string
		sent  []event
		want  error
	}{
		{"throttled", []event{text, {"throttlingException", quoting}}, chat.ErrBusy},
		{"rejected", []event{text, {"validationException", quoting}}, chat.ErrRejected},
		{"unavailable", []event{{"serviceUnavailableException", quoting}}, chat.ErrUnavailable},
		{"failed", []event{text, {"modelStreamErrorException", quoting}}, other},
		{"internal", []event{text, {"internalServerException", quoting}}, other},
		{"cut off", []event{text}, other},
		{"no usage", []event{text, ended("end_turn")[0]}, other},
		{"empty", nil, other},
		{"a piece of a call that didn't start", []event{{"contentBlockDelta", `{"contentBlockIndex": 0, "delta": {"toolUse": {"input": "Sesame"}}}`}}, other},
		{"malformed", append([]event{text}, ended("malformed_tool_use")...), chat.ErrMalformed},
		{"arguments that are no JSON", append([]event{
			{"contentBlockStart", `{"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "t", "name": "f"}}}`},
			{"contentBlockDelta", `{"contentBlockIndex": 0, "delta": {"toolUse": {"input": "{Sesame"}}}`},
		}, ended("tool_use")...), chat.ErrMalformed},
		{"no JSON", []event{{"contentBlockDelta", `Sesame`}}, other},
	} {
		done, _, err := streamed(t, hello, test.sent...)
		require.Error(t, err, test.title)
		if test.want == other {
			for _, known := range knownErrors {
				require.NotErrorIs(t, err, known, test.title)
			}
		} else {
			require.ErrorIs(t, err, test.want, test.title)
		}
		assert.Equal(t, test.want == chat.ErrMalformed, done.Usage.OutputTokens == 4, "%s: the usage", test.title)
		assert.NotContains(t, err.Error(), "Sesame", test.title)
	}
}

func TestStreamEndsWithTheClient(t *testing.T) {
	provider, _ := before(t, answer{200, "", encoded(t,
		event{"contentBlockDelta", `{"contentBlockIndex": 0, "delta": {"text": "a"}}`},
		event{"contentBlockDelta", `{"contentBlockIndex": 0, "delta": {"text": "b"}}`},
	)})
	gone := errors.New("the client is gone")
	_, err := provider.Stream(t.Context(), hello, func(chat.Delta) error { return gone })
	require.ErrorIs(t, err, gone)
}

// TestToolsWithoutAStream checks that a model that has no tools in a stream is called
// without one.
func TestToolsWithoutAStream(t *testing.T) {
	provider, service := before(t, answer{200, "", `{
		"output": {"message": {"role": "assistant", "content": [{"text": "Ok."}, {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Bonn"}}}]}},
		"stopReason": "tool_use", "usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}
	}`})
	c := hello
	c.Model, c.Tools = llamaModel, []chat.Tool{{Name: "weather"}}
	var pieces []chat.Delta
	_, err := provider.Stream(t.Context(), c, func(d chat.Delta) error {
		pieces = append(pieces, d)
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, "/model/"+llamaModel+"/converse", service.requests[0].path)
	assert.Equal(t, []chat.Delta{
		{Text: "Ok."},
		{ToolCall: &chat.ToolCallDelta{ID: "t1", Name: "weather"}},
		{ToolCall: &chat.ToolCallDelta{Arguments: `{"city":"Bonn"}`}},
		{StopReason: chat.ToolUse},
	}, pieces)
}

// TestModelWithoutStreams checks a model that the table doesn't say to have no stream.
func TestModelWithoutStreams(t *testing.T) {
	provider, service := before(t,
		answer{400, "ValidationException", `{"message": "This model doesn't support tool use in streaming mode."}`},
		answer{200, "", converseAnswer})
	done, err := provider.Stream(t.Context(), hello, func(chat.Delta) error { return nil })
	require.NoError(t, err)
	assert.Equal(t, "Good day.", done.Choices[0].Text)
	require.Len(t, service.requests, 2)
	assert.Equal(t, "/model/"+testModel+"/converse", service.requests[1].path)
}

// fakeEvents are the events of a stream without a server.
type fakeEvents struct {
	channel chan types.ConverseStreamOutput
	closed  bool
}

func (f *fakeEvents) Events() <-chan types.ConverseStreamOutput { return f.channel }

func (f *fakeEvents) Err() error { return nil }

func (f *fakeEvents) Close() error {
	f.closed = true
	return nil
}

// sending returns a stream of events that ends after them.
func sending(sent ...types.ConverseStreamOutput) *fakeEvents {
	f := &fakeEvents{channel: make(chan types.ConverseStreamOutput, len(sent))}
	for _, e := range sent {
		f.channel <- e
	}
	close(f.channel)
	return f
}

func TestStreamThatHangsIsATimeout(t *testing.T) {
	stream := &fakeEvents{channel: make(chan types.ConverseStreamOutput)}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := read(ctx, testPlan(hello), stream, func(chat.Delta) error { return nil })
	require.ErrorIs(t, err, chat.ErrTimeout)
	assert.True(t, stream.closed)
}

func TestBlocksThatAreNotStoppedEnd(t *testing.T) {
	done, err := read(t.Context(), testPlan(hello), sending(
		&types.ConverseStreamOutputMemberContentBlockStart{Value: types.ContentBlockStartEvent{
			Start: &types.ContentBlockStartMemberToolUse{Value: types.ToolUseBlockStart{Name: aws.String("f"), ToolUseId: aws.String("t")}},
		}},
		&types.ConverseStreamOutputMemberMessageStop{Value: types.MessageStopEvent{StopReason: types.StopReasonToolUse}},
		&types.ConverseStreamOutputMemberMetadata{Value: types.ConverseStreamMetadataEvent{Usage: &types.TokenUsage{}}},
	), func(chat.Delta) error { return nil })
	require.NoError(t, err)
	assert.Equal(t, []chat.ToolCall{{ID: "t", Name: "f", Arguments: "{}"}}, done.Choices[0].ToolCalls)
}
