package openai

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// strict is a server that refuses requests with certain members.
type strict struct {
	refuses  map[string]string // messages of the refusals, by member
	requests []map[string]any
}

func (s *strict) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var request map[string]any
	_ = json.NewDecoder(r.Body).Decode(&request)
	s.requests = append(s.requests, request)
	members := map[string]bool{}
	for name := range request {
		members[name] = true
	}
	for _, m := range request["messages"].([]any) {
		for name := range m.(map[string]any) {
			members["messages."+name] = true
		}
	}
	for name, refusal := range s.refuses {
		if members[name] {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, refusal)
			return
		}
	}
	_, _ = io.WriteString(w, completion)
}

func beforeStrict(t *testing.T, s *strict) *Provider {
	t.Helper()
	listening := httptest.NewServer(s)
	t.Cleanup(listening.Close)
	return &Provider{HTTP: NewClient(""), BaseURL: listening.URL}
}

const (
	openaiRefusal = `{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. ` +
		`Use 'max_completion_tokens' instead.","type":"invalid_request_error","param":"max_tokens","code":"unsupported_parameter"}}`
	mistralRefusal = `{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","max_completion_tokens"],` +
		`"msg":"Extra inputs are not permitted","input":9}]},"type":"invalid_request_error","param":null,"code":null}`
	vllmRefusal = `{"object":"error","message":"[{'type': 'extra_forbidden', 'loc': ('body', 'max_completion_tokens'), ` +
		`'msg': 'Extra inputs are not permitted', 'input': 9}]","type":"BadRequestError","param":null,"code":400}`
	groqRefusal = `{"error":{"message":"'messages.1' : for 'role:assistant' the following must be satisfied` +
		`[('messages.1' : property 'reasoning_content' is unsupported)]","type":"invalid_request_error"}}`
)

func TestRefusedMembersAreLeftOutOnce(t *testing.T) {
	thinking := hello
	thinking.Messages = append(thinking.Messages[:1:1], chat.Message{
		Role: chat.RoleAssistant, Reasoning: []chat.Reasoning{{Text: "Hm."}}, ToolCalls: []chat.ToolCall{{ID: "1", Name: "f"}},
	})
	for _, test := range []struct {
		name    string
		refuses map[string]string
		request chat.Conversation
		stream  bool
		known   dialect
		sent    int
		want    dialect
	}{
		{"OpenAI's newer models", map[string]string{"max_tokens": openaiRefusal}, hello, false, dialect{}, 2, dialect{newLimit: true}},
		{"without a reason", map[string]string{"max_tokens": `{"detail":[{"type":"extra_forbidden","loc":["body","max_tokens"],"msg":"Extra inputs are not permitted"}]}`}, hello, false, dialect{}, 2, dialect{newLimit: true}},
		{"a text", map[string]string{"max_tokens": `{"error":"unknown field max_tokens"}`}, hello, false, dialect{}, 2, dialect{newLimit: true}},
		{"Mistral", map[string]string{"max_completion_tokens": mistralRefusal}, hello, false, dialect{newLimit: true}, 2, dialect{}},
		{"vLLM", map[string]string{"max_completion_tokens": vllmRefusal}, hello, false, dialect{newLimit: true}, 2, dialect{}},
		{"in a stream", map[string]string{"max_tokens": openaiRefusal}, hello, true, dialect{}, 2, dialect{newLimit: true}},
		{"stream options", map[string]string{"stream_options": `{"error":{"message":"Extra inputs are not permitted, field: 'stream_options'"}}`}, hello, true, dialect{}, 2, dialect{noStreamOptions: true}},
		{"usage", map[string]string{"stream_options": `{"message":[{"loc":["body","stream_options","include_usage"],"msg":"Extra inputs"}]}`}, hello, true, dialect{}, 2, dialect{noStreamOptions: true}},
		{"reasoning", map[string]string{"messages.reasoning_content": groqRefusal}, thinking, false, dialect{}, 2, dialect{noReasoning: true}},
		{
			"everything",
			map[string]string{"max_tokens": openaiRefusal, "stream_options": `{"message":"stream_options?"}`, "messages.reasoning": `{"message":"property 'reasoning' is unsupported"}`},
			thinking, true,
			dialect{},
			4,
			dialect{true, true, true},
		},
	} {
		s := &strict{refuses: test.refuses}
		p := beforeStrict(t, s)
		p.dialects.set(hello.Model, test.known)
		for range 2 {
			got, err := p.converse(t.Context(), test.request, test.stream, func(chat.Delta) error { return nil })
			require.NoError(t, err, test.name)
			assert.Equal(t, "Good day.", got.Choices[0].Text)
		}
		assert.Len(t, s.requests, test.sent+1, "%s: the second conversation is sent once", test.name)
		assert.Equal(t, test.want, p.dialects.of(hello.Model), test.name)
		assert.Equal(t, dialect{}, p.dialects.of("another"))
	}
}

func TestOtherRefusalsAreFinal(t *testing.T) {
	for _, message := range []string{
		"max_tokens is too large: 9. This model supports at most 4 completion tokens",
		"'max_tokens' or 'max_completion_tokens' is too large: 9. This model's maximum context length is 4 tokens",
		"max_tokens must be less than or equal to 4; max_completion_tokens is not supported",
		"unsupported value: max_tokens",
		"temperature is not supported",
		"The `reasoning_content` in the thinking mode must be passed back to the API.",
		"reasoning_effort is not supported",
		"stream_options is only allowed when stream is true",
	} {
		refusal, err := json.Marshal(map[string]string{"message": message})
		require.NoError(t, err)
		s := &strict{refuses: map[string]string{"model": string(refusal)}}
		p := beforeStrict(t, s)
		_, err = p.Complete(t.Context(), hello)
		require.ErrorIs(t, err, chat.ErrRejected)
		assert.Len(t, s.requests, 1, message)
		assert.Equal(t, dialect{}, p.dialects.of(hello.Model))
	}
}

func TestBothNamesRefusedIsARejection(t *testing.T) {
	s := &strict{refuses: map[string]string{"max_tokens": openaiRefusal, "max_completion_tokens": mistralRefusal}}
	p := beforeStrict(t, s)
	_, err := p.Complete(t.Context(), hello)
	var rejection *chat.Rejection
	require.ErrorAs(t, err, &rejection)
	assert.Equal(t, []string{"max_completion_tokens"}, rejection.Members)
	assert.Len(t, s.requests, 2)
	assert.Equal(t, dialect{}, p.dialects.of(hello.Model), "a dialect that was refused is not kept")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = p.Complete(ctx, hello)
	assert.True(t, errors.Is(err, context.Canceled), err)
}
