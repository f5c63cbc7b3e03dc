package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

const (
	testHeartbeat     = 15 * time.Second
	testAnswerTimeout = 40 * time.Second
	streamChat        = `{"model":"amazon.nova-micro-v1:0","messages":[{"role":"user","content":"Hello"}],"stream":true}`
)

// step is a step of a scripted stream: a piece after a time.
type step struct {
	after time.Duration
	delta chat.Delta
}

// scripted passes steps on, and ends with a result. It honors the context's deadline
// unless it is deaf.
type scripted struct {
	repeat int // pieces at once, before the steps
	steps  []step
	result modelResult
	panics any
	deaf   bool
}

func (s *scripted) run(ctx context.Context, emit func(chat.Delta) error) (chat.Completion, error) {
	for range s.repeat {
		if err := emit(chat.Delta{Text: " gatehouse"}); err != nil {
			return chat.Completion{}, err
		}
	}
	for _, step := range s.steps {
		select {
		case <-time.After(step.after):
		case <-orNever(ctx.Done(), s.deaf):
			if errors.Is(ctx.Err(), context.Canceled) {
				return chat.Completion{}, fmt.Errorf("read the reply: %w", ctx.Err())
			}
			return chat.Completion{}, chat.ErrTimeout
		}
		if err := emit(step.delta); err != nil {
			return chat.Completion{}, err
		}
	}
	if s.panics != nil {
		panic(s.panics)
	}
	return s.result.completion, s.result.err
}

func orNever(done <-chan struct{}, never bool) <-chan struct{} {
	if never {
		return nil
	}
	return done
}

func newStreamingSetup(script *scripted) *setup {
	s := newSetup()
	s.Streaming = &Streaming{Heartbeat: testHeartbeat, AnswerTimeout: testAnswerTimeout}
	s.fake.script = script
	s.now = time.Now
	return s
}

// restRequest returns a request of a REST API that the authorizer accepted.
func restRequest(method, path, body string) restEvent {
	e := restEvent{Path: path, HTTPMethod: method, Body: body, MultiValueHeaders: map[string][]string{"Host": {"x"}}}
	e.RequestContext.RequestID = apiID
	e.RequestContext.Authorizer.OriginKey = "20260131T235959.123Z-0a1b2c3d"
	if body != "" {
		e.MultiValueHeaders["Content-Type"] = []string{"application/json"}
	}
	return e
}

func restChat(body string) restEvent {
	return restRequest(http.MethodPost, "/api/chat/completions", body)
}

// ask sends an event, and returns the response's head and body.
func (s *setup) ask(t testing.TB, ctx context.Context, e restEvent) (*events.APIGatewayProxyStreamingResponse, string) {
	t.Helper()
	payload, err := json.Marshal(e)
	require.NoError(t, err)
	r, err := s.Stream(ctx, payload)
	require.NoError(t, err)
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	assert.NotEmpty(t, body, "a stream without a byte doesn't end")
	assert.NotContains(t, r.Headers, "content-length")
	assert.NotContains(t, r.Headers, "content-encoding")
	return r, string(body)
}

// sayGoodDay is a reply in two pieces.
func sayGoodDay() *scripted {
	return &scripted{
		steps: []step{{0, chat.Delta{Text: "Good "}}, {0, chat.Delta{Text: "day."}}, {0, chat.Delta{StopReason: chat.EndTurn}}},
		result: modelResult{completion: chat.Completion{
			Choices: []chat.Choice{{Text: "Good day.", StopReason: chat.EndTurn}}, Version: "v1:0",
			Usage: chat.Usage{InputTokens: 3, OutputTokens: 4, TotalTokens: 7},
		}},
	}
}

const chunkBegin = `data: {"id":"chatcmpl-Jh3kXh7GIAMEVjQ","object":"chat.completion.chunk","created":946684800,"model":"amazon.nova-micro-v1:0","system_fingerprint":"v1:0","choices":[`

func TestStreamsACompletion(t *testing.T) {
	for options, want := range map[string]struct{ usage, last string }{
		"": {"", ""},
		`,"stream_options":{"include_usage":true,"include_obfuscation":true}`: {
			`,"usage":null`,
			chunkBegin + `],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,"prompt_tokens_details":{"cached_tokens":0}}}` + "\n\n",
		},
		`,"stream_options":{"include_usage":false}`: {"", ""},
		`,"stream_options":null`:                    {"", ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newStreamingSetup(sayGoodDay())
			r, body := s.ask(t, t.Context(), restChat(strings.TrimSuffix(streamChat, "}")+options+"}"))
			assert.Equal(t, http.StatusOK, r.StatusCode)
			assert.Equal(t, map[string]string{
				"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store, no-transform", "x-accel-buffering": "no", "x-request-id": apiID,
			}, r.Headers)
			end := `]` + want.usage + "}\n\n"
			assert.Equal(t, chunkBegin+`{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}`+end+
				chunkBegin+`{"index":0,"delta":{"content":"Good "},"logprobs":null,"finish_reason":null}`+end+
				chunkBegin+`{"index":0,"delta":{"content":"day."},"logprobs":null,"finish_reason":null}`+end+
				chunkBegin+`{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}`+end+
				want.last+"data: [DONE]\n\n", body)
			assert.Equal(t, []chat.Conversation{{Model: testModel, Messages: []chat.Message{{Role: "user", Content: texts("Hello")}}, MaxTokens: testMaxTokens}}, s.fake.calls)
		})
	}
}
