package api

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// BenchmarkInvoke measures the handler without the model: from the event's bytes to the
// response's, log and metrics included.
func BenchmarkInvoke(b *testing.B) {
	long := `{"messages":[{"role":"user","content":"` + strings.Repeat("All work and no play makes Jack a dull boy. ", 1400) + `"}]}`
	for _, test := range []struct {
		name  string
		event event
	}{
		{"models", post(hello)},
		{"completions", postChat(helloChat)},
		{"models, 62 kB", post(long)},
		{"20 tools, 50 turns", postChat(agentBody())},
		{"refused", post(`{"messages":[{"role":"me"}],"max_tokens":-1}`)},
		{"healthz", request("GET", "/api/healthz", "")},
	} {
		b.Run(test.name, func(b *testing.B) {
			s := newSetup()
			s.Metrics, s.Log = io.Discard, slog.New(slog.NewJSONHandler(io.Discard, nil))
			payload, err := json.Marshal(test.event)
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				s.fake.calls = s.fake.calls[:0]
				if _, err := s.Invoke(b.Context(), payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkStream measures a token of a stream, from the backend's piece to the bytes that
// Lambda's client reads: two hand-overs between goroutines, and the chunk.
func BenchmarkStream(b *testing.B) {
	s := newStreamingSetup(nil)
	s.Metrics, s.Log = io.Discard, slog.New(slog.NewJSONHandler(io.Discard, nil))
	s.fake.script = &scripted{repeat: b.N, result: sayGoodDay().result}
	payload, err := json.Marshal(restChat(streamChat))
	require.NoError(b, err)
	b.ReportAllocs()
	b.ResetTimer()
	r, err := s.Stream(b.Context(), payload)
	require.NoError(b, err)
	_, err = io.CopyBuffer(io.Discard, struct{ io.Reader }{r.Body}, make([]byte, 32<<10))
	require.NoError(b, err)
}

// BenchmarkChunk measures the chunk alone.
func BenchmarkChunk(b *testing.B) {
	w := &chunks{id: "chatcmpl-1", model: testModel}
	b.ReportAllocs()
	for b.Loop() {
		w.piece(chat.Delta{Text: " gatehouse"})
	}
}

// An agent's request is read with few allocations: the body's texts are parts of it.
func TestAgentsRequestTakesFewAllocations(t *testing.T) {
	s := newSetup()
	s.Metrics, s.Log = io.Discard, slog.New(slog.NewJSONHandler(io.Discard, nil))
	payload, err := json.Marshal(postChat(agentBody()))
	require.NoError(t, err)
	allocations := testing.AllocsPerRun(20, func() {
		s.fake.calls = s.fake.calls[:0]
		_, err = s.Invoke(t.Context(), payload)
	})
	require.NoError(t, err)
	assert.Less(t, allocations, 500.0)
}

// agentBody returns a request as agents make them: 20 tools, and a history of 50 turns in
// which the model calls them.
func agentBody() string {
	var tools, messages []string
	for i := range 20 {
		var properties []string
		for j := range 12 {
			properties = append(properties, fmt.Sprintf(`"property_%d":{"type":"string","description":"What the tool needs to know","enum":["a","b"]}`, j))
		}
		tools = append(tools, fmt.Sprintf(`{"type":"function","function":{"name":"tool_%d","description":"Does something useful",`+
			`"parameters":{"type":"object","properties":{%s},"required":["property_0"]}}}`, i, strings.Join(properties, ",")))
	}
	for i := range 50 {
		switch i % 4 {
		case 0:
			messages = append(messages, `{"role":"user","content":"All work and no play makes Jack a dull boy."}`)
		case 1:
			messages = append(messages, fmt.Sprintf(`{"role":"assistant","content":null,"tool_calls":[{"id":"call_%d","type":"function",`+
				`"function":{"name":"tool_%d","arguments":"{\"property_0\":\"a\"}"}}]}`, i, i%20))
		case 2:
			messages = append(messages, fmt.Sprintf(`{"role":"tool","tool_call_id":"call_%d","content":"It worked."}`, i-1))
		case 3:
			messages = append(messages, `{"role":"assistant","content":"All work and no play makes Jack a dull boy."}`)
		}
	}
	messages = append(messages, user)
	return `{"model":"amazon.nova-micro-v1:0","messages":[` + strings.Join(messages[1:], ",") + `],"tools":[` + strings.Join(tools, ",") + `]}`
}
