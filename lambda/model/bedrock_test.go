package main

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
)

// bedrockAt returns the provider before a service that answers with that status,
// error type and body, and what was sent to it.
func bedrockAt(t *testing.T, status int, errorType, body string) (*bedrock, *map[string]any) {
	sent := &map[string]any{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/model/amazon.nova-micro-v1:0/converse", r.URL.Path)
		assert.NoError(t, json.NewDecoder(r.Body).Decode(sent))
		if body == "hang" {
			<-r.Context().Done()
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Amzn-Errortype", errorType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return &bedrock{model: testModel, api: bedrockruntime.New(bedrockruntime.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(server.URL),
		Credentials:  credentials.NewStaticCredentialsProvider("AKIATEST", "secret", ""),
		Retryer:      retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = time.Millisecond }),
	})}, sent
}

const converseAnswer = `{
	"output": {"message": {"role": "assistant", "content": [{"text": "Good "}, {"reasoningContent": {"reasoningText": {"text": "hm"}}}, {"text": "day."}]}},
	"stopReason": "end_turn",
	"usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}
}`

func TestBedrockConverses(t *testing.T) {
	provider, sent := bedrockAt(t, http.StatusOK, "", converseAnswer)
	temperature := 0.5
	got, err := provider.complete(t.Context(), conversation{
		messages: []message{
			{roleSystem, "Be brief."}, {roleUser, "Hello"}, {roleUser, "again"}, {roleSystem, "Be kind."}, {roleAssistant, "Hi"}, {roleUser, "1+1?"},
		},
		maxTokens: 9, temperature: &temperature, stop: []string{"END"},
	})
	require.NoError(t, err)
	assert.Equal(t, completion{text: "Good day.", stopReason: "end_turn", usage: usage{3, 4, 7}}, got)

	text, err := json.Marshal(sent)
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"system": [{"text": "Be brief."}, {"text": "Be kind."}],
		"messages": [
			{"role": "user", "content": [{"text": "Hello"}, {"text": "again"}]},
			{"role": "assistant", "content": [{"text": "Hi"}]},
			{"role": "user", "content": [{"text": "1+1?"}]}
		],
		"inferenceConfig": {"maxTokens": 9, "temperature": 0.5, "stopSequences": ["END"]}
	}`, string(text))
}

func TestBedrockErrorsSayWhatTheyMean(t *testing.T) {
	other := errors.New("none of ours")
	const quoting = `{"message": "cannot read Sesame"}`
	c := conversation{messages: []message{{roleUser, "Sesame"}}, maxTokens: 1}
	for _, test := range []struct {
		status          int
		errorType, body string
		want            error
	}{
		{429, "ThrottlingException", quoting, errBusy},
		{400, "ServiceQuotaExceededException", quoting, errBusy},
		{408, "ModelTimeoutException", quoting, errTimeout},
		{400, "ValidationException", quoting, errRejected},
		{403, "AccessDeniedException", `{"message": "no bedrock:InvokeModel"}`, other},
		{500, "InternalServerException", `{}`, other},
		{200, "", `{}`, other},
		{200, "", `{"output": {"message": {"role": "assistant", "content": []}}, "stopReason": "end_turn"}`, other},
		{200, "", `{"output": {"novelty": {}}, "usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}}`, other},
		{200, "", `no JSON`, other},
	} {
		provider, _ := bedrockAt(t, test.status, test.errorType, test.body)
		_, err := provider.complete(t.Context(), c)
		require.Error(t, err, test.body)
		if test.want == other {
			for _, known := range []error{errBusy, errTimeout, errRejected} {
				require.NotErrorIs(t, err, known, test.body)
			}
			continue
		}
		require.ErrorIs(t, err, test.want, "%s: %v", test.errorType, err)
		if test.want == errRejected {
			assert.NotContains(t, err.Error(), "Sesame")
			assert.Nil(t, errors.Unwrap(errors.Unwrap(err)))
		}
	}
}

func TestBedrockThatHangsIsATimeout(t *testing.T) {
	provider, _ := bedrockAt(t, 0, "", "hang")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := provider.complete(ctx, conversation{messages: []message{{roleUser, "Hello"}}, maxTokens: 1})
	require.ErrorIs(t, err, errTimeout)
}

func TestAnAnswerMayHaveNoText(t *testing.T) {
	got, err := completionOf(&bedrockruntime.ConverseOutput{
		Output:     &types.ConverseOutputMemberMessage{},
		StopReason: types.StopReasonGuardrailIntervened,
		Usage:      &types.TokenUsage{},
	})
	require.NoError(t, err)
	assert.Equal(t, completion{stopReason: "guardrail_intervened"}, got)
}
