package api

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// chunk is a chunk as a client reads it.
type chunk struct {
	ID                string
	Object            string
	Created           int64
	Model             string
	SystemFingerprint *string `json:"system_fingerprint"`
	Choices           []struct {
		Index        int
		Delta        map[string]any
		Logprobs     json.RawMessage
		FinishReason *string `json:"finish_reason"`
	}
	Usage *chatUsage
	Error *openAIError
}

// parseSSE reads a stream as clients do: events apart by blank lines, comments left out.
// It reports whether the stream had the mark of its end.
func parseSSE(t testing.TB, text string) (all []chunk, whole bool) {
	t.Helper()
	require.True(t, strings.HasSuffix(text, "\n\n"), "whole events")
	for event := range strings.SplitSeq(strings.TrimSuffix(text, "\n\n"), "\n\n") {
		require.False(t, whole, "an event after the end")
		require.NotContains(t, event, "\n")
		if strings.HasPrefix(event, ":") {
			continue
		}
		data, found := strings.CutPrefix(event, "data: ")
		require.True(t, found, event)
		if data == "[DONE]" {
			whole = true
			continue
		}
		var c chunk
		decoder := json.NewDecoder(strings.NewReader(data))
		decoder.DisallowUnknownFields()
		require.NoError(t, decoder.Decode(&c), data)
		all = append(all, c)
	}
	return all, whole
}

// written returns the deltas of the chunks for pieces, as JSON.
func written(t *testing.T, pieces ...chat.Delta) []string {
	t.Helper()
	w := &chunks{id: "chatcmpl-1", model: testModel}
	var text []byte
	var whole chat.Assembly
	for _, d := range pieces {
		text = append(text, w.piece(d)...)
		whole.Add(d)
	}
	text = append(text, w.end(chat.Completion{Choices: whole.Choices()})...)
	all, done := parseSSE(t, string(text))
	assert.True(t, done)
	deltas := make([]string, len(all))
	for i, c := range all {
		require.Len(t, c.Choices, 1)
		delta, err := marshal(c.Choices[0].Delta)
		require.NoError(t, err)
		deltas[i] = string(delta)
		if reason := c.Choices[0].FinishReason; reason != nil {
			deltas[i] += " " + *reason
		}
		if logprobs := string(c.Choices[0].Logprobs); logprobs != "null" {
			deltas[i] += " " + logprobs
		}
		if c.Choices[0].Index > 0 {
			deltas[i] += " of another"
		}
	}
	return deltas
}

func TestChunks(t *testing.T) {
	end := chat.Delta{StopReason: chat.EndTurn}
	for title, test := range map[string]struct {
		pieces []chat.Delta
		want   []string
	}{
		"nothing":      {[]chat.Delta{end}, []string{`{"content":"","role":"assistant"}`, `{} stop`}},
		"empty pieces": {[]chat.Delta{{}, {Reasoning: &chat.Reasoning{}}, {Text: "a"}, {}, end}, []string{`{"content":"","role":"assistant"}`, `{"content":"a"}`, `{} stop`}},
		"a refusal":    {[]chat.Delta{{Refusal: "No"}, {Refusal: "."}, end}, []string{`{"content":null,"role":"assistant"}`, `{"refusal":"No"}`, `{"refusal":"."}`, `{} stop`}},
		"calls": {
			[]chat.Delta{
				{ToolCall: &chat.ToolCallDelta{ID: "1", Name: "f"}},
				{ToolCall: &chat.ToolCallDelta{Arguments: `{"a":`}},
				{ToolCall: &chat.ToolCallDelta{Arguments: `"\n"}`}},
				{ToolCall: &chat.ToolCallDelta{Index: 1, ID: "2", Name: "g", Arguments: "{}"}},
				{StopReason: chat.ToolUse},
			},
			[]string{
				`{"content":null,"role":"assistant"}`,
				`{"tool_calls":[{"function":{"arguments":"","name":"f"},"id":"1","index":0,"type":"function"}]}`,
				`{"tool_calls":[{"function":{"arguments":"{\"a\":"},"index":0}]}`,
				`{"tool_calls":[{"function":{"arguments":"\"\\n\"}"},"index":0}]}`,
				`{"tool_calls":[{"function":{"arguments":"{}","name":"g"},"id":"2","index":1,"type":"function"}]}`,
				`{} tool_calls`,
			},
		},
		"reasoning": {
			[]chat.Delta{
				{Reasoning: &chat.Reasoning{Text: "They "}},
				{Reasoning: &chat.Reasoning{Text: "ask."}},
				{Reasoning: &chat.Reasoning{Signature: "c2ln"}},
				{Reasoning: &chat.Reasoning{Redacted: []byte{1}}},
				{Reasoning: &chat.Reasoning{Text: "More", Signature: "x"}},
				{Text: "Yes."},
				end,
			},
			[]string{
				`{"content":null,"role":"assistant"}`, `{"reasoning_content":"They "}`, `{"reasoning_content":"ask."}`,
				`{"thinking_blocks":[{"index":0,"signature":"c2ln","thinking":"They ask.","type":"thinking"}]}`,
				`{"thinking_blocks":[{"data":"AQ==","index":1,"type":"redacted_thinking"}]}`,
				`{"reasoning_content":"More","thinking_blocks":[{"index":2,"signature":"x","thinking":"More","type":"thinking"}]}`,
				`{"content":"Yes."}`, `{} stop`,
			},
		},
		"reasoning only": {
			[]chat.Delta{{Reasoning: &chat.Reasoning{Text: "Hm"}}, {StopReason: chat.MaxTokens}},
			[]string{`{"content":null,"role":"assistant"}`, `{"reasoning_content":"Hm"}`, `{"content":""} length`},
		},
		"log probabilities": {
			[]chat.Delta{{Text: "a", Logprobs: json.RawMessage("{\n \"content\": [1]\n}")}, {Text: "b", Logprobs: json.RawMessage("{")}, end},
			[]string{`{"content":"","role":"assistant"}`, `{"content":"a"} {"content":[1]}`, `{"content":"b"}`, `{} stop`},
		},
		"several choices": {
			[]chat.Delta{{Choice: 1, Text: "b"}, {Text: "a"}, {StopReason: chat.Filtered}, {Choice: 1, StopReason: chat.MaxTokens}},
			[]string{`{"content":"","role":"assistant"} of another`, `{"content":"b"} of another`, `{"content":"","role":"assistant"}`, `{"content":"a"}`, `{} content_filter`, `{} length of another`},
		},
	} {
		assert.Equal(t, test.want, written(t, test.pieces...), title)
	}
}

func TestFingerprintIsThatWhichIsKnown(t *testing.T) {
	w := &chunks{id: "chatcmpl-1", model: testModel}
	var text []byte
	for _, d := range []chat.Delta{{Text: "a"}, {Text: "b", Version: "fp_1"}, {Text: "c"}} {
		text = append(text, w.piece(d)...)
	}
	text = append(text, w.end(chat.Completion{Choices: []chat.Choice{{}}, Version: "fp_2"})...)
	all, _ := parseSSE(t, string(text))
	var versions []string
	for _, c := range all {
		versions = append(versions, "")
		if c.SystemFingerprint != nil {
			versions[len(versions)-1] = *c.SystemFingerprint
		}
	}
	assert.Equal(t, []string{"", "", "fp_1", "fp_1", "fp_2"}, versions)
}

func TestChunkTakesNoAllocation(t *testing.T) {
	w := &chunks{id: "chatcmpl-1", model: testModel}
	w.piece(chat.Delta{Text: strings.Repeat("x", 100)})
	call := chat.Delta{ToolCall: &chat.ToolCallDelta{Arguments: `{"a":`}}
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		w.piece(chat.Delta{Text: " Grüße \"an\" alle\n"})
		w.piece(call)
	}))
}

func TestStringsAreWrittenAsMarshalDoes(t *testing.T) {
	for _, text := range []string{"", "a", "\"\\/<>&'", "\x00\x01\b\f\n\r\t\x1f\x7f", "Grüße 👋", "\u2028\u2029", "a\xffb\xc3", "\xed\xa0\x80", "\ufffd"} {
		want, err := marshal(text)
		require.NoError(t, err)
		got := appendString(nil, text)
		assert.JSONEq(t, string(want), string(got), "%q", text)
		assert.NotContains(t, string(got), "\n")
	}
}

// FuzzChunks finds pieces that aren't the same once they were written and parsed.
func FuzzChunks(f *testing.F) {
	f.Add("Hello \"<b>\"\n\n", "\r\ndata: [DONE]\n\n", "call_1", `{"content":[ 1 ]}`, uint8(1))
	f.Add("\xff\x00\u2028", "", "", "{\n}", uint8(0))
	f.Add("", ": keep-alive", "\n", "null", uint8(200))
	f.Fuzz(func(t *testing.T, text, other, name, logprobs string, index uint8) {
		w := &chunks{id: name, model: other, version: text, usage: index%2 == 0}
		pieces := []chat.Delta{
			{Choice: int(index), Text: text},
			{Choice: int(index), Refusal: other, Logprobs: json.RawMessage(logprobs)},
			{Choice: int(index), Reasoning: &chat.Reasoning{Text: text, Signature: other}},
			{Choice: int(index), ToolCall: &chat.ToolCallDelta{Index: int(index), ID: name, Name: text, Arguments: other}},
		}
		var stream []byte
		for _, d := range pieces {
			stream = append(stream, w.piece(d)...)
		}
		stream = append(stream, w.end(chat.Completion{Choices: make([]chat.Choice, int(index)+1)})...)
		all, whole := parseSSE(t, string(stream))
		assert.True(t, whole)
		got := assembleChunks(t, all)[int(index)]
		assert.Equal(t, valid(text), got.text)
		assert.Equal(t, valid(other), got.refusal)
		assert.Equal(t, valid(text), got.reasoning)
		assert.Equal(t, "stop", got.finishReason)
		if other != "" {
			require.Len(t, got.blocks, 1)
			assert.Equal(t, map[string]any{"index": 0.0, "type": thinkingType, "thinking": valid(text), "signature": valid(other)}, got.blocks[0])
		}
		if name+text != "" {
			assert.Equal(t, assembledCall{id: valid(name), name: valid(text), arguments: valid(other)}, got.calls[int(index)])
		}
		for _, c := range all {
			assert.Equal(t, valid(name), c.ID)
			assert.Equal(t, valid(other), c.Model)
		}
		assert.Equal(t, w.usage, all[len(all)-1].Usage != nil)
	})
}

// valid returns a text with the replacement character in place of each byte that is not
// UTF-8.
func valid(text string) string { return string([]rune(text)) }

// TestStreamedBlocksCanBeSentBack checks that a client may send a message back as it put it
// together: the index of a block stays in it.
func TestStreamedBlocksCanBeSentBack(t *testing.T) {
	s := rest()
	r, body := s.ask(t, t.Context(), restChat(strings.TrimSuffix(conversation(user+`,{"role":"assistant","content":"Yes.",
		"reasoning_content":"They ask.","thinking_blocks":[{"index":0,"type":"thinking","thinking":"They ask.","signature":"c2ln"},{"index":1,"type":"redacted_thinking","data":"AQ=="}]},`+user), "}")+`,"stream":true}`))
	require.Equal(t, 200, r.StatusCode, body)
	assert.NotContains(t, r.Headers, droppedHeader)
	assert.Equal(t, []chat.Reasoning{{Text: "They ask.", Signature: "c2ln"}, {Redacted: []byte{1}}}, s.fake.calls[0].Messages[1].Reasoning)
}
