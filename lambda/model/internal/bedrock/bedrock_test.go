package bedrock

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

const testModel = "amazon.nova-micro-v1:0"

// answer is the fake service's response to one request.
type answer struct {
	status    int
	errorType string
	body      string
}

const hang = "hang"

// service fakes Bedrock: it returns its answers in order, and repeats the last.
type service struct {
	answers  []answer
	requests []map[string]any
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var sent map[string]any
	_ = json.NewDecoder(r.Body).Decode(&sent)
	s.requests = append(s.requests, sent)
	a := s.answers[min(len(s.requests), len(s.answers))-1]
	if r.URL.Path != "/model/"+testModel+"/converse" {
		a = answer{400, "ValidationException", `{"message": "not a model"}`}
	}
	if a.body == hang {
		<-r.Context().Done()
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", a.errorType)
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

// at returns a provider for a server, which retries without waiting.
func at(url string) *Provider {
	retryer := NewRetryer().(*retry.Standard)
	return &Provider{Probe: testModel, API: bedrockruntime.New(bedrockruntime.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(url),
		Credentials:  credentials.NewStaticCredentialsProvider("AKIATEST", "secret", ""),
		Retryer:      atOnce{retryer},
	})}
}

type atOnce struct{ *retry.Standard }

func (atOnce) RetryDelay(int, error) (time.Duration, error) { return time.Millisecond, nil }

func before(t *testing.T, answers ...answer) (*Provider, *service) {
	t.Helper()
	s := &service{answers: answers}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return at(server.URL), s
}

const converseAnswer = `{
	"output": {"message": {"role": "assistant", "content": [{"text": "Good "}, {"reasoningContent": {"reasoningText": {"text": "hm"}}}, {"text": "day."}]}},
	"stopReason": "end_turn",
	"usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}
}`

func message(role string, content ...string) chat.Message {
	return chat.Message{Role: role, Content: content}
}

var hello = chat.Conversation{Model: testModel, Messages: []chat.Message{message(chat.RoleUser, "Hello")}, MaxTokens: 1}

func TestConverses(t *testing.T) {
	provider, service := before(t, answer{200, "", converseAnswer})
	provider.Guardrail = Guardrail{"gr1", "2"}
	temperature := 0.5
	got, err := provider.Complete(t.Context(), chat.Conversation{
		Model: testModel,
		Messages: []chat.Message{
			message(chat.RoleSystem, "Be brief."), message(chat.RoleUser, "Hello"), message(chat.RoleUser, "again", "and again"),
			message(chat.RoleSystem, "Be kind."), message(chat.RoleAssistant, "Hi"), message(chat.RoleUser, "1+1?"),
		},
		MaxTokens: 9, Temperature: &temperature, Stop: []string{"END"},
	})
	require.NoError(t, err)
	assert.Equal(t, chat.Completion{
		Text: "Good day.", StopReason: chat.EndTurn, Usage: chat.Usage{InputTokens: 3, OutputTokens: 4, TotalTokens: 7}, Version: "v1:0",
	}, got)

	text, err := json.Marshal(service.requests)
	require.NoError(t, err)
	assert.JSONEq(t, `[{
		"system": [{"text": "Be brief."}, {"text": "Be kind."}],
		"messages": [
			{"role": "user", "content": [{"text": "Hello"}, {"text": "again"}, {"text": "and again"}]},
			{"role": "assistant", "content": [{"text": "Hi"}]},
			{"role": "user", "content": [{"text": "1+1?"}]}
		],
		"inferenceConfig": {"maxTokens": 9, "temperature": 0.5, "stopSequences": ["END"]},
		"guardrailConfig": {"guardrailIdentifier": "gr1", "guardrailVersion": "2"}
	}]`, string(text))
}

const quoting = `{"message": "cannot read Sesame"}`

func TestErrors(t *testing.T) {
	other := errors.New("none of ours")
	for _, test := range []struct {
		answer answer
		want   error
		sent   int // requests
	}{
		{answer{429, "ThrottlingException", quoting}, chat.ErrBusy, 3},
		{answer{400, "ServiceQuotaExceededException", quoting}, chat.ErrBusy, 1},
		{answer{408, "ModelTimeoutException", quoting}, chat.ErrTimeout, 1},
		{answer{400, "ValidationException", quoting}, chat.ErrRejected, 1},
		{answer{503, "ServiceUnavailableException", quoting}, chat.ErrUnavailable, 3},
		{answer{429, "ModelNotReadyException", quoting}, chat.ErrUnavailable, 3},
		{answer{424, "ModelErrorException", quoting}, other, 1},
		{answer{403, "AccessDeniedException", `{"message": "no bedrock:InvokeModel"}`}, other, 1},
		{answer{404, "ResourceNotFoundException", `{"message": "no such model"}`}, other, 1},
		{answer{500, "InternalServerException", `{}`}, other, 1},
		{answer{502, "", `<html>`}, other, 1},
		{answer{200, "", `{}`}, other, 1},
		{answer{200, "", `{"output": {"message": {"role": "assistant", "content": []}}, "stopReason": "end_turn"}`}, other, 1},
		{answer{200, "", `{"output": {"novelty": {}}, "usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}}`}, other, 1},
		{answer{200, "", `no JSON`}, other, 1},
		{answer{200, "", `[]`}, other, 1},
		{answer{200, "", `{"output": {"message": {"content": "Sesame"}}}`}, other, 1},
	} {
		provider, service := before(t, test.answer)
		_, err := provider.Complete(t.Context(), hello)
		title := test.answer.errorType + test.answer.body
		require.Error(t, err, title)
		assert.Len(t, service.requests, test.sent, title)
		if test.want == other {
			for _, known := range []error{chat.ErrBusy, chat.ErrTimeout, chat.ErrRejected, chat.ErrUnavailable} {
				require.NotErrorIs(t, err, known, title)
			}
		} else {
			require.ErrorIs(t, err, test.want, title)
		}
		assert.NotContains(t, err.Error(), "Sesame", "it may quote the conversation: %s", title)
	}
}

func TestRetriesRejectedRequests(t *testing.T) {
	for _, errorType := range []string{"ThrottlingException", "ServiceUnavailableException", "ModelNotReadyException"} {
		provider, service := before(t, answer{429, errorType, "{}"}, answer{503, errorType, "{}"}, answer{200, "", converseAnswer})
		got, err := provider.Complete(t.Context(), hello)
		require.NoError(t, err, errorType)
		assert.Equal(t, "Good day.", got.Text)
		assert.Len(t, service.requests, 3)
	}
}

func TestBacksOffBetweenAttempts(t *testing.T) {
	retryer := NewRetryer()
	assert.Equal(t, chat.Attempts, retryer.MaxAttempts())
	for attempts := 1; attempts < chat.Attempts; attempts++ {
		delay, err := retryer.RetryDelay(attempts, nil)
		require.NoError(t, err)
		assert.Less(t, delay, time.Second)
		assert.NotZero(t, delay)
	}
}

func TestHangingServiceIsATimeout(t *testing.T) {
	provider, service := before(t, answer{body: hang})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := provider.Complete(ctx, hello)
	require.ErrorIs(t, err, chat.ErrTimeout)
	assert.Len(t, service.requests, 1)
}

func TestUnreachableServiceIsUnavailable(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	_, err := at(server.URL).Complete(t.Context(), hello)
	require.ErrorIs(t, err, chat.ErrUnavailable)
	require.ErrorIs(t, at(server.URL).Ready(t.Context()), chat.ErrUnavailable)
}

func TestResponseMayHaveNoText(t *testing.T) {
	got, err := completionOf(&bedrockruntime.ConverseOutput{
		Output:     &types.ConverseOutputMemberMessage{},
		StopReason: types.StopReasonGuardrailIntervened,
		Usage:      &types.TokenUsage{},
	})
	require.NoError(t, err)
	assert.Equal(t, chat.Completion{StopReason: chat.Guardrail}, got)
}

func TestEveryStopReasonHasAName(t *testing.T) {
	for _, reason := range types.StopReason("").Values() {
		want := map[types.StopReason]string{
			types.StopReasonToolUse: chat.Other, types.StopReasonMalformedToolUse: chat.Other, types.StopReasonMalformedModelOutput: chat.Other,
			types.StopReasonModelContextWindowExceeded: chat.ContextWindow,
		}[reason]
		if want == "" {
			want = string(reason)
		}
		assert.Equal(t, want, stopReason(reason))
	}
}

func TestReadySendsNoContent(t *testing.T) {
	provider, service := before(t, answer{400, "ValidationException", `{"message": "content is empty"}`})
	require.NoError(t, provider.Ready(t.Context()))
	text, err := json.Marshal(service.requests)
	require.NoError(t, err)
	assert.JSONEq(t, `[{"messages": [{"role": "user", "content": []}], "inferenceConfig": {"maxTokens": 1}}]`, string(text))
}

func TestReadyDependsOnBedrocksError(t *testing.T) {
	for _, test := range []struct {
		answer answer
		ready  bool
	}{
		{answer{429, "ThrottlingException", "{}"}, true},
		{answer{200, "", converseAnswer}, true},
		{answer{403, "AccessDeniedException", "{}"}, false},
		{answer{404, "ResourceNotFoundException", "{}"}, false},
		{answer{503, "ServiceUnavailableException", "{}"}, false},
		{answer{500, "InternalServerException", "{}"}, false},
		{answer{200, "", "no JSON"}, false},
	} {
		provider, service := before(t, test.answer)
		assert.Equal(t, test.ready, provider.Ready(t.Context()) == nil, test.answer.errorType)
		assert.Len(t, service.requests, 1, "a check is not repeated")
	}
}

func TestDescribe(t *testing.T) {
	for id, want := range map[string]chat.Description{
		"amazon.nova-micro-v1:0":                         {Owner: "amazon", Version: "v1:0"},
		"eu.amazon.nova-micro-v1:0":                      {Owner: "amazon", Version: "v1:0"},
		"us-gov.anthropic.claude-3-haiku-20240307-v1:0":  {Owner: "anthropic", Version: "v1:0"},
		"global.anthropic.claude-opus-4-5-20251101-v1:0": {Owner: "anthropic", Version: "v1:0"},
		"meta.llama3-8b-instruct-v1:0:8k":                {Owner: "meta", Version: "v1:0:8k"},
		"openai.gpt-oss-20b-1:0":                         {Owner: "openai", Version: "1:0"},
		"amazon.titan-text-lite-v1":                      {Owner: "amazon", Version: "v1"},
		"google.gemma-3-12b-it":                          {Owner: "google"},
	} {
		assert.Equal(t, want, (&Provider{}).Describe(id), id)
	}
}
