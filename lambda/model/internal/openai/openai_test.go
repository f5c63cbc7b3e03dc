package openai

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

type answer struct {
	status int
	body   string
}

const hang = "hang"

// server returns its answers in order, and repeats the last.
type server struct {
	key      string // required API key; empty for none
	answers  []answer
	requests []*http.Request
	bodies   []string
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.requests, s.bodies = append(s.requests, r), append(s.bodies, string(body))
	if s.key != "" && r.Header.Get("Authorization") != "Bearer "+s.key {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	a := s.answers[min(len(s.requests), len(s.answers))-1]
	if a.body == hang {
		<-r.Context().Done()
		return
	}
	w.Header().Set("Location", "/other")
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

func before(t *testing.T, s *server) *Provider {
	t.Helper()
	listening := httptest.NewServer(s)
	t.Cleanup(listening.Close)
	return &Provider{
		HTTP: NewClient(""), BaseURL: listening.URL + "/v1",
		sleep: func(context.Context, time.Duration) error { return nil },
	}
}

const completion = `{
	"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "llama3.2", "system_fingerprint": "fp_ollama",
	"choices": [{"index": 0, "message": {"role": "assistant", "content": "Good day."}, "finish_reason": "length"}],
	"usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
}`

var hello = chat.Conversation{
	Model: "llama3.2", MaxTokens: 9, Messages: []chat.Message{{Role: chat.RoleUser, Content: []chat.Part{{Text: "Hello"}}}},
}

func TestCompletes(t *testing.T) {
	s := &server{answers: []answer{{200, completion}}}
	got, err := before(t, s).Complete(t.Context(), hello)
	require.NoError(t, err)
	assert.Equal(t, chat.Completion{
		Choices: []chat.Choice{{Text: "Good day.", StopReason: chat.MaxTokens}},
		Usage:   chat.Usage{InputTokens: 3, OutputTokens: 4, TotalTokens: 7}, Version: "fp_ollama",
	}, got)
	require.Len(t, s.requests, 1)
	assert.Equal(t, "POST /v1/chat/completions", s.requests[0].Method+" "+s.requests[0].URL.Path)
	assert.Equal(t, "application/json", s.requests[0].Header.Get("Content-Type"))
	assert.Empty(t, s.requests[0].Header.Get("Authorization"))
}

func TestAdaptChangesNothing(t *testing.T) {
	c := hello
	assert.Equal(t, chat.Adaptation{Conversation: c}, (&Provider{}).Adapt(c))
	c.Messages = append(c.Messages, chat.Message{Role: chat.RoleTool, ToolCallID: "1", ToolFailed: true}, chat.Message{Role: chat.RoleTool, ToolFailed: true})
	assert.Equal(t, chat.Adaptation{Conversation: c, Dropped: []string{"messages.status"}}, (&Provider{}).Adapt(c))
}

func TestErrors(t *testing.T) {
	other := errors.New("none of ours")
	for _, test := range []struct {
		answer answer
		want   error
		sent   int
	}{
		{answer{400, "Sesame"}, chat.ErrRejected, 1},
		{answer{422, "Sesame"}, chat.ErrRejected, 1},
		{answer{429, "Sesame"}, chat.ErrBusy, chat.Attempts},
		{answer{503, "Sesame"}, chat.ErrUnavailable, chat.Attempts},
		{answer{504, "Sesame"}, chat.ErrTimeout, 1},
		{answer{401, "Sesame"}, other, 1},
		{answer{404, "Sesame"}, other, 1},
		{answer{500, "Sesame"}, other, 1},
		{answer{302, ""}, other, 1},
		{answer{200, "Sesame"}, other, 1},
		{answer{200, ""}, other, 1},
		{answer{200, "null"}, other, 1},
		{answer{200, `{"choices": []}`}, other, 1},
		{answer{200, "<html>Sesame</html>"}, other, 1},
		{answer{200, `{"choices": [{}]}`}, other, 1},
		{answer{200, `{"choices": [{"message": "Sesame"}]}`}, other, 1},
		{answer{200, completion[:20]}, other, 1},
	} {
		s := &server{answers: []answer{test.answer}}
		p := before(t, s)
		_, err := p.Complete(t.Context(), hello)
		require.Error(t, err, test.answer.body)
		assert.NotContains(t, err.Error(), "Sesame")
		assert.Len(t, s.requests, test.sent, test.answer.status)
		if test.want == other {
			for _, known := range []error{chat.ErrBusy, chat.ErrTimeout, chat.ErrRejected, chat.ErrUnavailable} {
				require.NotErrorIs(t, err, known)
			}
			continue
		}
		require.ErrorIs(t, err, test.want)
	}
}

func TestRetriesRejectedRequests(t *testing.T) {
	s := &server{answers: []answer{{429, ""}, {503, ""}, {200, completion}}}
	got, err := before(t, s).Complete(t.Context(), hello)
	require.NoError(t, err)
	assert.Equal(t, "Good day.", got.Choices[0].Text)
	assert.Equal(t, s.bodies[0], s.bodies[2])
}

func TestBackoffEndsWithTheDeadline(t *testing.T) {
	s := &server{answers: []answer{{429, ""}}}
	provider := before(t, s)
	provider.sleep = nil
	ctx, cancel := context.WithCancel(t.Context())
	provider.HTTP.Transport = cancelling{provider.HTTP.Transport, cancel}
	_, err := provider.Complete(ctx, hello)
	require.ErrorIs(t, err, chat.ErrBusy)
	assert.Len(t, s.requests, 1)
}

// cancelling cancels the context once there is a response.
type cancelling struct {
	http.RoundTripper
	cancel func()
}

func (c cancelling) RoundTrip(r *http.Request) (*http.Response, error) {
	defer c.cancel()
	return c.RoundTripper.RoundTrip(r.WithContext(context.WithoutCancel(r.Context())))
}

func TestHangingServerIsATimeout(t *testing.T) {
	s := &server{answers: []answer{{body: hang}}}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := before(t, s).Complete(ctx, hello)
	require.ErrorIs(t, err, chat.ErrTimeout)
	assert.Len(t, s.requests, 1)
}

func TestUnreachableServerIsUnavailable(t *testing.T) {
	listening := httptest.NewServer(nil)
	provider := &Provider{HTTP: NewClient(""), BaseURL: listening.URL, sleep: func(context.Context, time.Duration) error { return nil }}
	listening.Close()
	_, err := provider.Complete(t.Context(), hello)
	require.ErrorIs(t, err, chat.ErrUnavailable)
	require.ErrorIs(t, provider.Ready(t.Context()), chat.ErrUnavailable)
}

func TestReadyListsModels(t *testing.T) {
	s := &server{answers: []answer{{200, `{"object": "list", "data": []}`}}}
	require.NoError(t, before(t, s).Ready(t.Context()))
	assert.Equal(t, "GET /v1/models", s.requests[0].Method+" "+s.requests[0].URL.Path)
	require.Error(t, before(t, &server{answers: []answer{{404, ""}}}).Ready(t.Context()))
}

func TestServerNameIsVerified(t *testing.T) {
	listening := httptest.NewTLSServer(&server{answers: []answer{{200, completion}}})
	t.Cleanup(listening.Close)
	authority := listening.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	for serverName, good := range map[string]bool{"example.com": true, "": true, "other.example": false} {
		client := NewClient(serverName)
		client.Transport.(*http.Transport).TLSClientConfig.RootCAs = authority
		provider := &Provider{HTTP: client, BaseURL: listening.URL, sleep: func(context.Context, time.Duration) error { return nil }}
		_, err := provider.Complete(t.Context(), hello)
		assert.Equal(t, good, err == nil, "%s: %v", serverName, err)
	}
}

func TestDescribe(t *testing.T) {
	assert.Equal(t, chat.Description{Owner: "meta-llama"}, (&Provider{}).Describe("meta-llama/Llama-3.1-8B-Instruct"))
	assert.Equal(t, chat.Description{Owner: "self-hosted"}, (&Provider{}).Describe("llama3.2:1b"))
}
