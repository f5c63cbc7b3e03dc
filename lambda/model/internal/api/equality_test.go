package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/bedrock"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/openai"
)

// randomReply is a model's reply, which a backend returns whole or in pieces.
type randomReply struct {
	reasoning []chat.Reasoning
	text      string
	calls     []chat.ToolCall
	stop      string
	random    *rand.Rand // cuts it into pieces
}

var words = []string{"Good ", "day.", "\n", "Grüße 👋", `"`, `\`, "{", "<b>", "\t", "```json\n", "\n```", " ", "data: [DONE]\n\n"}

func phrase(r *rand.Rand) string {
	var text strings.Builder
	for range r.IntN(8) {
		text.WriteString(words[r.IntN(len(words))])
	}
	return text.String()
}

var answers = []string{"", "", `{"city":"Bonn"}`, "```json\n{\"city\":\"Bonn\"}\n```", `{"city":7}`, `{"city":"Bo`, "No."}

func newRandomReply(r *rand.Rand, signed bool) *randomReply {
	reply := &randomReply{text: phrase(r), random: r, stop: "stop"}
	if r.IntN(3) == 0 {
		reply.text = answers[r.IntN(len(answers))]
	}
	for range r.IntN(3) {
		block := chat.Reasoning{Text: phrase(r)}
		if signed && r.IntN(2) == 0 {
			block.Signature = "c2lnbmF0dXJl"
		}
		if signed && r.IntN(4) == 0 {
			block = chat.Reasoning{Redacted: []byte{1, 2}}
		}
		reply.reasoning = append(reply.reasoning, block)
	}
	names := []string{"weather", "answer", "time"}
	for i := range r.IntN(3) {
		reply.calls = append(reply.calls, chat.ToolCall{
			ID: fmt.Sprintf("call_%d", i), Name: names[r.IntN(len(names))], Arguments: []string{"{}", `{"city":"Bonn"}`, `{"city":"Gr\"<\n"}`}[r.IntN(3)],
		})
	}
	if len(reply.calls) > 0 {
		reply.stop = "tool"
	}
	if r.IntN(5) == 0 {
		reply.stop = []string{"length", "filter"}[r.IntN(2)]
	}
	for i := range reply.calls { // valid JSON on one line
		reply.calls[i].Arguments = strings.ReplaceAll(reply.calls[i].Arguments, "\n", `\n`)
	}
	return reply
}

// cut cuts a text into pieces, between characters.
func (r *randomReply) cut(text string) []string {
	var pieces []string
	for runes := []rune(text); len(runes) > 0; {
		n := 1 + r.random.IntN(min(len(runes), 6))
		pieces = append(pieces, string(runes[:n]))
		runes = runes[n:]
	}
	return pieces
}

func text(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

type object map[string]any

// converse returns the reply as Bedrock's Converse does.
func (r *randomReply) converse() string {
	content := []object{}
	for _, block := range r.reasoning {
		if block.Redacted != nil {
			content = append(content, object{"reasoningContent": object{"redactedContent": base64.StdEncoding.EncodeToString(block.Redacted)}})
			continue
		}
		content = append(content, object{"reasoningContent": object{"reasoningText": object{"text": block.Text, "signature": block.Signature}}})
	}
	if r.text != "" {
		content = append(content, object{"text": r.text})
	}
	for _, call := range r.calls {
		content = append(content, object{"toolUse": object{"toolUseId": call.ID, "name": call.Name, "input": json.RawMessage(call.Arguments)}})
	}
	return text(object{
		"output": object{"message": object{"role": "assistant", "content": content}}, "stopReason": r.bedrockStop(),
		"usage": object{"inputTokens": 3, "outputTokens": 4, "totalTokens": 7, "cacheReadInputTokens": 2},
	})
}

func (r *randomReply) bedrockStop() string {
	return map[string]string{"stop": "end_turn", "tool": "tool_use", "length": "max_tokens", "filter": "guardrail_intervened"}[r.stop]
}

// converseStream returns the reply as Bedrock's ConverseStream does.
func (r *randomReply) converseStream() []byte {
	var stream bytes.Buffer
	encoder := eventstream.NewEncoder()
	send := func(kind string, body any) {
		message := eventstream.Message{Payload: []byte(text(body))}
		message.Headers.Set(":content-type", eventstream.StringValue("application/json"))
		message.Headers.Set(":message-type", eventstream.StringValue("event"))
		message.Headers.Set(":event-type", eventstream.StringValue(kind))
		if err := encoder.Encode(&stream, message); err != nil {
			panic(err)
		}
	}
	block := 0
	delta := func(value any) { send("contentBlockDelta", object{"contentBlockIndex": block, "delta": value}) }
	stop := func() {
		send("contentBlockStop", object{"contentBlockIndex": block})
		block++
	}
	send("messageStart", object{"role": "assistant"})
	for _, one := range r.reasoning {
		for _, piece := range r.cut(one.Text) {
			delta(object{"reasoningContent": object{"text": piece}})
		}
		if one.Signature != "" {
			delta(object{"reasoningContent": object{"signature": one.Signature}})
		}
		if one.Redacted != nil {
			delta(object{"reasoningContent": object{"redactedContent": base64.StdEncoding.EncodeToString(one.Redacted)}})
		}
		stop()
	}
	for _, piece := range r.cut(r.text) {
		delta(object{"text": piece})
	}
	stop()
	for _, call := range r.calls {
		send("contentBlockStart", object{"contentBlockIndex": block, "start": object{"toolUse": object{"toolUseId": call.ID, "name": call.Name}}})
		for _, piece := range r.cut(call.Arguments) {
			delta(object{"toolUse": object{"input": piece}})
		}
		stop()
	}
	send("messageStop", object{"stopReason": r.bedrockStop()})
	send("metadata", object{"usage": object{"inputTokens": 3, "outputTokens": 4, "totalTokens": 7, "cacheReadInputTokens": 2}, "metrics": object{"latencyMs": 5}})
	return stream.Bytes()
}

// openAI returns the reply as a server with OpenAI's API does, as one choice of several
// that are the same, in the order in which it has them.
func (r *randomReply) openAI(choices int) string {
	all := make([]object, choices)
	for i := range all {
		message := object{"role": "assistant", "content": r.text, "reasoning_content": r.thoughts()}
		if len(r.calls) > 0 {
			message["tool_calls"] = r.openAICalls()
		}
		all[i] = object{"index": i, "message": message, "finish_reason": r.openAIStop(), "logprobs": object{"content": []any{object{"token": "a"}, object{"token": "b"}}, "refusal": nil}}
	}
	return text(object{"object": "chat.completion", "system_fingerprint": "fp_1", "choices": all, "usage": openAIUsage})
}

var openAIUsage = object{"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}

func (r *randomReply) openAIStop() string {
	return map[string]string{"stop": "stop", "tool": "tool_calls", "length": "length", "filter": "content_filter"}[r.stop]
}

func (r *randomReply) thoughts() string {
	var all strings.Builder
	for _, block := range r.reasoning {
		all.WriteString(block.Text)
	}
	return all.String()
}

func (r *randomReply) openAICalls() []object {
	var calls []object
	for i, call := range r.calls {
		calls = append(calls, object{"index": i, "id": call.ID, "type": "function", "function": object{"name": call.Name, "arguments": call.Arguments}})
	}
	return calls
}

// openAIStream returns the reply in pieces, as servers send them: with or without names of
// events, line feeds, comments and the mark of the end.
func (r *randomReply) openAIStream(choices int) string {
	var deltas [][]object // by choice
	for range choices {
		deltas = append(deltas, r.openAIDeltas())
	}
	lineEnd := []string{"\n", "\r\n", "\r"}[r.random.IntN(3)]
	var stream strings.Builder
	send := func(value any) {
		if r.random.IntN(4) == 0 {
			stream.WriteString(": keep-alive" + lineEnd + lineEnd)
		}
		stream.WriteString("data: " + text(value) + lineEnd + lineEnd)
	}
	chunk := func(choice object) object {
		return object{"object": "chat.completion.chunk", "system_fingerprint": "fp_1", "choices": []object{choice}}
	}
	for pending := choices; pending > 0; {
		i := r.random.IntN(choices)
		if len(deltas[i]) == 0 {
			continue
		}
		choice := object{"index": i, "delta": deltas[i][0], "finish_reason": nil}
		if logprobs, ok := deltas[i][0]["logprobs"]; ok {
			choice["delta"], choice["logprobs"] = object{}, logprobs
		}
		if deltas[i] = deltas[i][1:]; len(deltas[i]) == 0 {
			choice["finish_reason"] = r.openAIStop()
			pending--
		}
		send(chunk(choice))
	}
	send(object{"object": "chat.completion.chunk", "choices": []object{}, "usage": openAIUsage})
	if r.random.IntN(2) == 0 {
		stream.WriteString("data: [DONE]" + lineEnd + lineEnd)
	}
	return stream.String()
}

func (r *randomReply) openAIDeltas() []object {
	all := []object{{"role": "assistant", "content": ""}}
	for _, piece := range r.cut(r.thoughts()) {
		all = append(all, object{"reasoning_content": piece})
	}
	for _, piece := range r.cut(r.text) {
		all = append(all, object{"content": piece})
	}
	for _, token := range []string{"a", "b"} {
		all = append(all, object{"logprobs": object{"content": []any{object{"token": token}}}})
	}
	for i, call := range r.openAICalls() {
		first := object{"index": i, "id": call["id"], "type": "function", "function": object{"name": r.calls[i].Name, "arguments": ""}}
		all = append(all, object{"tool_calls": []object{first}})
		for _, piece := range r.cut(r.calls[i].Arguments) {
			all = append(all, object{"tool_calls": []object{{"index": i, "function": object{"arguments": piece}}}})
		}
	}
	return append(all, object{})
}

// backends serves both backends' protocols with the present reply.
type backends struct {
	reply   atomic.Pointer[randomReply]
	choices int
	ignores bool // whether the server ignores that a stream was requested
}

func (b *backends) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	reply := b.reply.Load()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case strings.HasSuffix(r.URL.Path, "/converse-stream"):
		w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
		_, _ = w.Write(reply.converseStream())
	case strings.HasSuffix(r.URL.Path, "/converse"):
		_, _ = io.WriteString(w, reply.converse())
	case strings.Contains(string(body), `"stream":true`) && !b.ignores:
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, reply.openAIStream(b.choices))
	default:
		_, _ = io.WriteString(w, reply.openAI(b.choices))
	}
}

// requests are conversations that a model answers in several ways.
var requests = []string{
	``,
	`,"tools":[{"type":"function","function":{"name":"weather"}},{"type":"function","function":{"name":"time"}}]`,
	`,"response_format":{"type":"json_object"}`,
	`,"response_format":{"type":"json_schema","json_schema":{"name":"city","schema":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}}}`,
	`,"response_format":{"type":"json_schema","json_schema":{"name":"city","schema":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}},"tools":[{"type":"function","function":{"name":"weather"}}]`,
	`,"reasoning_effort":"low","max_tokens":5000`,
}

func bedrockAt(url string) chat.Provider {
	return &bedrock.Provider{API: bedrockruntime.New(bedrockruntime.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(url), Credentials: credentials.NewStaticCredentialsProvider("AKIATEST", "secret", ""),
	})}
}

func openAIAt(url string) chat.Provider {
	return &openai.Provider{HTTP: openai.NewClient(""), BaseURL: url + "/v1"}
}

// TestStreamAddsUpToTheAnswer checks that what a client puts together from a stream equals
// what it gets in one piece, for random replies of models of each kind.
func TestStreamAddsUpToTheAnswer(t *testing.T) {
	for _, test := range []struct {
		name    string
		at      func(url string) chat.Provider
		models  []string
		choices int
		ignores bool
	}{
		{"bedrock", bedrockAt, []string{
			"amazon.nova-micro-v1:0", "anthropic.claude-3-haiku-20240307-v1:0", "anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic.claude-opus-5-v1:0",
			"meta.llama3-1-8b-instruct-v1:0", "unheard.of-v1:0",
		}, 1, false},
		{"openai", openAIAt, []string{"llama3.2"}, 1, false},
		{"openai, several choices", openAIAt, []string{"llama3.2"}, 3, false},
		{"openai, a server that ignores stream", openAIAt, []string{"llama3.2"}, 2, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			served := &backends{choices: test.choices, ignores: test.ignores}
			server := httptest.NewServer(served)
			t.Cleanup(server.Close)
			s := newStreamingSetup(nil)
			s.Limits.Models, s.Limits.MaxTokens = test.models, 10_000
			s.provider = test.at(server.URL)
			outcomes := map[string]int{}
			for seed := range uint64(120) {
				model, members := test.models[int(seed)%len(test.models)], requests[int(seed)/len(test.models)%len(requests)]
				body := `{"model":"` + model + `","messages":[{"role":"user","content":"Hello"}]` + members
				reply := func() *randomReply { return newRandomReply(rand.New(rand.NewPCG(seed, 19)), test.name == "bedrock") }
				s.reset()
				served.reply.Store(reply())
				whole, answer := s.ask(t, t.Context(), restChat(body+`}`))
				served.reply.Store(reply())
				head, stream := s.ask(t, t.Context(), restChat(body+`,"stream":true,"stream_options":{"include_usage":true}}`))
				outcomes[compare(t, whole.StatusCode, answer, head.StatusCode, stream)]++
				if t.Failed() {
					t.Fatalf("seed %d, %s, %s:\n%s\n%s", seed, model, members, answer, stream)
				}
			}
			assert.GreaterOrEqual(t, outcomes["equal"], 50, "%v", outcomes)
			assert.Positive(t, outcomes[codeSchemaMismatch], "%v", outcomes)
		})
	}
}

// compare compares an answer with a stream, and returns their common outcome: "equal", or
// the code of their error.
func compare(t *testing.T, status int, answer string, streamStatus int, stream string) string {
	t.Helper()
	if status != http.StatusOK {
		var p problem
		require.NoError(t, json.Unmarshal([]byte(answer), &p))
		if streamStatus != http.StatusOK {
			assert.Equal(t, status, streamStatus)
			assert.Contains(t, stream, `"code":"`+p.Code+`"`)
			return p.Code
		}
		checkError(t, stream, p.Code)
		return p.Code
	}
	require.Equal(t, http.StatusOK, streamStatus)
	all, whole := parseSSE(t, stream)
	assert.True(t, whole)
	var want chatCompletion
	require.NoError(t, json.Unmarshal([]byte(answer), &want))
	last := all[len(all)-1]
	assert.Empty(t, last.Choices)
	assert.Equal(t, want.Usage, *last.Usage)
	assert.Equal(t, want.Model, last.Model)
	assert.Equal(t, want.SystemFingerprint, last.SystemFingerprint)
	got := assembleChunks(t, all)
	require.Len(t, got, len(want.Choices))
	for i := range want.Choices {
		compareChoice(t, want.Choices[i], got[i])
	}
	return "equal"
}

func compareChoice(t *testing.T, want chatChoice, got *assembled) {
	t.Helper()
	m := want.Message
	assert.Equal(t, m.Content != nil, got.hasText)
	if m.Content != nil {
		assert.Equal(t, *m.Content, got.text)
	}
	assert.Equal(t, m.Refusal == nil, got.refusal == "")
	assert.Equal(t, m.ReasoningContent, got.reasoning)
	assert.Equal(t, want.FinishReason, got.finishReason)
	require.Len(t, got.blocks, len(m.ThinkingBlocks))
	for i, block := range m.ThinkingBlocks {
		assert.Equal(t, float64(i), got.blocks[i]["index"])
		delete(got.blocks[i], "index")
		assert.JSONEq(t, text(block), text(got.blocks[i]))
	}
	require.Len(t, got.calls, len(m.ToolCalls))
	for i, call := range m.ToolCalls {
		assert.Equal(t, assembledCall{call.ID, call.Function.Name, call.Function.Arguments}, got.calls[i])
	}
	if string(want.Logprobs) == "null" {
		assert.Empty(t, got.logprobs)
		return
	}
	tokens := func(all ...json.RawMessage) (joined []any) {
		for _, raw := range all {
			var one struct{ Content []any }
			require.NoError(t, json.Unmarshal(raw, &one))
			joined = append(joined, one.Content...)
		}
		return joined
	}
	assert.Equal(t, tokens(want.Logprobs), tokens(got.logprobs...))
}

// TestTornStreamsOfAServer checks that no reply of a server that was torn off looks whole,
// wherever it was.
func TestTornStreamsOfAServer(t *testing.T) {
	reply := newRandomReply(rand.New(rand.NewPCG(4, 19)), false)
	full := reply.openAIStream(1)
	end := strings.Index(full, `"finish_reason":"`)
	for at := 0; at < end; at += 23 {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, full[:at])
		}))
		s := newStreamingSetup(nil)
		s.provider = openAIAt(server.URL)
		head, stream := s.ask(t, t.Context(), restChat(streamChat))
		server.Close()
		if head.StatusCode != http.StatusOK {
			assert.Equal(t, http.StatusBadGateway, head.StatusCode, "at %d", at)
			continue
		}
		checkError(t, stream, codeModelFailed)
		assert.NotContains(t, stream, `"finish_reason":"stop"`)
	}
}
