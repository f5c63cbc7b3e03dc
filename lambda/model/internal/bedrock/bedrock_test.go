package bedrock

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

const converseAnswer = `{
	"output": {"message": {"role": "assistant", "content": [{"text": "Good "}, {"reasoningContent": {"reasoningText": {"text": "hm"}}}, {"text": "day."}]}},
	"stopReason": "end_turn",
	"usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}
}`

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
		Choices: []chat.Choice{{Text: "Good day.", Reasoning: []chat.Reasoning{{Text: "hm"}}, StopReason: chat.EndTurn}},
		Usage:   chat.Usage{InputTokens: 3, OutputTokens: 4, TotalTokens: 7}, Version: "v1:0",
	}, got)

	require.Len(t, service.requests, 1)
	assert.Equal(t, "/model/"+testModel+"/converse", service.requests[0].path)
	assert.JSONEq(t, `{
		"system": [{"text": "Be brief."}],
		"messages": [
			{"role": "user", "content": [{"text": "Hello"}, {"text": "again"}, {"text": "and again"}, {"text": "System: Be kind."}]},
			{"role": "assistant", "content": [{"text": "Hi"}]},
			{"role": "user", "content": [{"text": "1+1?"}]}
		],
		"inferenceConfig": {"maxTokens": 9, "temperature": 0.5, "stopSequences": ["END"]},
		"guardrailConfig": {"guardrailIdentifier": "gr1", "guardrailVersion": "2"}
	}`, string(service.requests[0].body))
}

const quoting = `{"message": "cannot read Sesame"}`

// knownErrors are those that callers distinguish.
var knownErrors = []error{chat.ErrBusy, chat.ErrTimeout, chat.ErrRejected, chat.ErrUnavailable, chat.ErrMalformed}

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
		for _, streamed := range []bool{false, true} {
			if streamed && test.answer.status == 200 {
				continue
			}
			provider, service := before(t, test.answer)
			_, err := completed(t.Context(), provider, hello, streamed)
			title := test.answer.errorType + test.answer.body
			require.Error(t, err, title)
			assert.Len(t, service.requests, test.sent, title)
			if test.want == other {
				for _, known := range knownErrors {
					require.NotErrorIs(t, err, known, title)
				}
			} else {
				require.ErrorIs(t, err, test.want, title)
			}
			assert.NotContains(t, err.Error(), "Sesame", "it may quote the conversation: %s", title)
		}
	}
}

// completed returns the completion of a conversation, in a stream or not.
func completed(ctx context.Context, p *Provider, c chat.Conversation, streamed bool) (chat.Completion, error) {
	if streamed {
		return p.Stream(ctx, c, func(chat.Delta) error { return nil })
	}
	return p.Complete(ctx, c)
}

// TestFailuresOfTheModel checks what is known of a model that failed, in a stream and
// before it.
func TestFailuresOfTheModel(t *testing.T) {
	const toolUse = `{"message": "Model produced invalid sequence as part of ToolUse. Please refer to Sesame."}`
	const other = `{"message": "The model failed: an unexpected error with Sesame", "originalStatusCode": 500}`
	for body, malformed := range map[string]bool{toolUse: true, other: false} {
		var errs []error
		for _, streamed := range []bool{false, true} {
			provider, _ := before(t, answer{424, "ModelErrorException", body})
			_, err := completed(t.Context(), provider, hello, streamed)
			errs = append(errs, err)
		}
		_, _, err := streamed(t, hello, event{"modelStreamErrorException", body})
		for _, err := range append(errs, err) {
			require.Error(t, err)
			assert.Equal(t, malformed, errors.Is(err, chat.ErrMalformed), err)
			assert.Contains(t, err.Error(), map[bool]string{true: "invalid sequence as part of", false: "an unexpected error with …"}[malformed])
			assert.Contains(t, err.Error(), "ErrorException: ")
			assert.NotContains(t, err.Error(), "Sesame")
		}
	}
}

func TestRejectionsNameTheMembers(t *testing.T) {
	provider, _ := before(t, answer{400, "ValidationException", `{"message": "The model returned the following errors: ` +
		"`temperature` and `top_p`" + ` cannot both be specified for this model. Please use only one."}`})
	_, err := provider.Complete(t.Context(), hello)
	var rejection *chat.Rejection
	require.ErrorAs(t, err, &rejection)
	assert.Subset(t, rejection.Members, []string{"temperature", "top_p"})
	assert.Contains(t, rejection.Reason, "cannot both be specified")
}

// TestDeniedCachingIsNotMissingAccess checks the error with which Bedrock rejects cache
// points.
func TestDeniedCachingIsNotMissingAccess(t *testing.T) {
	provider, service := before(t, answer{403, "AccessDeniedException", `{"message": "You invoked an unsupported model or your request did not allow prompt caching. See the documentation for more information."}`})
	_, err := provider.Complete(t.Context(), hello)
	require.ErrorContains(t, err, "cache points")
	require.ErrorContains(t, err, "gatehouse:modelPromptCaching")
	assert.NotContains(t, err.Error(), "AccessDenied")
	assert.Len(t, service.requests, 1)
}

func TestRetriesRejectedRequests(t *testing.T) {
	for _, errorType := range []string{"ThrottlingException", "ServiceUnavailableException", "ModelNotReadyException"} {
		provider, service := before(t, answer{429, errorType, "{}"}, answer{503, errorType, "{}"}, answer{200, "", converseAnswer})
		got, err := provider.Complete(t.Context(), hello)
		require.NoError(t, err, errorType)
		assert.Equal(t, "Good day.", got.Choices[0].Text)
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
	for _, streamed := range []bool{false, true} {
		provider, service := before(t, answer{body: hang})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := completed(ctx, provider, hello, streamed)
		require.ErrorIs(t, err, chat.ErrTimeout)
		assert.Len(t, service.requests, 1)
	}
}

func TestUnreachableServiceIsUnavailable(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	for _, streamed := range []bool{false, true} {
		_, err := completed(t.Context(), at(server.URL), hello, streamed)
		require.ErrorIs(t, err, chat.ErrUnavailable)
	}
	require.ErrorIs(t, at(server.URL).Ready(t.Context()), chat.ErrUnavailable)
}

func testPlan(c chat.Conversation) *plan { return newPlan(familyOf(c.Model), &c) }

func TestResponseMayHaveNoText(t *testing.T) {
	got, err := completionOf(testPlan(hello), &bedrockruntime.ConverseOutput{
		Output:     &types.ConverseOutputMemberMessage{},
		StopReason: types.StopReasonGuardrailIntervened,
		Usage:      &types.TokenUsage{},
	}, nil)
	require.NoError(t, err)
	assert.Equal(t, []chat.Choice{{StopReason: chat.Guardrail}}, got.Choices)
}

func TestEveryStopReasonHasAName(t *testing.T) {
	for _, reason := range types.StopReason("").Values() {
		want := map[types.StopReason]string{
			types.StopReasonMalformedToolUse: chat.Other, types.StopReasonMalformedModelOutput: chat.Other,
			types.StopReasonModelContextWindowExceeded: chat.ContextWindow,
		}[reason]
		if want == "" {
			want = string(reason)
		}
		assert.Equal(t, want, stopReason(reason))
	}
}

func TestMalformedRepliesKeepTheirUsage(t *testing.T) {
	for _, answered := range []string{
		`{"output": {"message": {"role": "assistant", "content": [{"text": "{"}]}}, "stopReason": "malformed_model_output"`,
		`{"output": {"message": {"role": "assistant", "content": []}}, "stopReason": "malformed_tool_use"`,
	} {
		provider, _ := before(t, answer{200, "", answered + `, "usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}}`})
		got, err := provider.Complete(t.Context(), hello)
		require.ErrorIs(t, err, chat.ErrMalformed)
		assert.Equal(t, chat.Usage{InputTokens: 3, OutputTokens: 4, TotalTokens: 7}, got.Usage)
	}
}

func TestUsageCountsCachedTokens(t *testing.T) {
	provider, _ := before(t, answer{200, "", `{
		"output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}}, "stopReason": "end_turn",
		"usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7, "cacheReadInputTokens": 100, "cacheWriteInputTokens": 20}
	}`})
	got, err := provider.Complete(t.Context(), hello)
	require.NoError(t, err)
	assert.Equal(t, chat.Usage{InputTokens: 123, OutputTokens: 4, TotalTokens: 127, CachedTokens: 100, CacheWriteTokens: 20}, got.Usage)
}

func TestReadySendsNoContent(t *testing.T) {
	provider, service := before(t, answer{400, "ValidationException", `{"message": "content is empty"}`})
	require.NoError(t, provider.Ready(t.Context()))
	require.Len(t, service.requests, 1)
	assert.JSONEq(t, `{"messages": [{"role": "user", "content": []}], "inferenceConfig": {"maxTokens": 1}}`, string(service.requests[0].body))
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

const profile = "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/x1y2z3"

func TestDescribe(t *testing.T) {
	provider := &Provider{Foundations: map[string]string{profile: "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"}}
	for id, want := range map[string]chat.Description{
		"amazon.nova-micro-v1:0":                         {Owner: "amazon", Version: "v1:0", Kind: chat.KindChat},
		"eu.amazon.nova-micro-v1:0":                      {Owner: "amazon", Version: "v1:0", Kind: chat.KindChat},
		"us-gov.anthropic.claude-3-haiku-20240307-v1:0":  {Owner: "anthropic", Version: "v1:0", Kind: chat.KindChat},
		"global.anthropic.claude-opus-4-5-20251101-v1:0": {Owner: "anthropic", Version: "v1:0", Kind: chat.KindChat},
		"meta.llama3-8b-instruct-v1:0:8k":                {Owner: "meta", Version: "v1:0:8k", Kind: chat.KindChat},
		"openai.gpt-oss-20b-1:0":                         {Owner: "openai", Version: "1:0", Kind: chat.KindChat},
		"amazon.titan-text-lite-v1":                      {Owner: "amazon", Version: "v1", Kind: chat.KindChat},
		"google.gemma-3-12b-it":                          {Owner: "google", Kind: chat.KindChat},
		"amazon.titan-embed-text-v2:0":                   {Owner: "amazon", Version: "v2:0", Kind: chat.KindEmbedding},
		"eu.cohere.embed-v4:0":                           {Owner: "cohere", Version: "v4:0", Kind: chat.KindEmbedding},
		"novel.model-v1:0":                               {Owner: "novel", Version: "v1:0", Kind: chat.KindUnknown},
		profile:                                          {Owner: "anthropic", Version: "v1:0", Kind: chat.KindChat},
	} {
		assert.Equal(t, want, provider.Describe(id), id)
	}
}

// TestProfilesAreSentAsTheyAre checks that a profile's model decides what is sent, and that
// the profile's ARN is the model that is called.
func TestProfilesAreSentAsTheyAre(t *testing.T) {
	provider, service := before(t, answer{200, "", converseAnswer})
	provider.Foundations = map[string]string{profile: "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"}
	t1, p1 := 0.5, 0.9
	c := hello
	c.Model, c.Temperature, c.TopP = profile, &t1, &p1
	adapted := provider.Adapt(c)
	assert.Equal(t, []string{"top_p"}, adapted.Dropped)
	got, err := provider.Complete(t.Context(), adapted.Conversation)
	require.NoError(t, err)
	assert.Equal(t, "/model/"+profile+"/converse", service.requests[0].path)
	assert.Equal(t, "v1:0", got.Version)
}

// TestDocumentsKeepBytesAndOrder checks that JSON of clients is sent as it is.
func TestDocumentsKeepBytesAndOrder(t *testing.T) {
	provider, service := before(t, answer{200, "", `{
		"output": {"message": {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t1", "name": "f", "input": {"n": 9007199254740993, "html": "<b>", "f": 1.50}}}]}},
		"stopReason": "tool_use", "usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}
	}`})
	c := hello
	c.Tools = []chat.Tool{{Name: "f", Parameters: json.RawMessage(`{"type":"object","properties":{"z":{"maximum":1e400},"a":{"const":9007199254740993}}}`)}}
	c.Messages = append(c.Messages,
		chat.Message{Role: chat.RoleAssistant, ToolCalls: []chat.ToolCall{{ID: "t0", Name: "f", Arguments: `{"z": 1.0, "a": 9007199254740993}`}}},
		chat.Message{Role: chat.RoleTool, ToolCallID: "t0", Content: []chat.Part{{Text: "ok"}}})
	c.PassThrough = map[string]json.RawMessage{"novelty": json.RawMessage(`9007199254740993`)}
	got, err := provider.Complete(t.Context(), c)
	require.NoError(t, err)
	sent := string(service.requests[0].body)
	assert.Contains(t, sent, `{"json":{"type":"object","properties":{"z":{"maximum":1e400},"a":{"const":9007199254740993}}}}`)
	assert.Contains(t, sent, `"input":{"z": 1.0, "a": 9007199254740993}`)
	assert.Contains(t, sent, `"additionalModelRequestFields":{"novelty":9007199254740993}`)
	assert.Equal(t, `{"f":1.50,"html":"<b>","n":9007199254740993}`, got.Choices[0].ToolCalls[0].Arguments)
}
