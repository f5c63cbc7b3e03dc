package chatapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/chatapi"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

// streamed returns the function that streams, and its role's policy.
func streamed(t *testing.T, changes ...func(*chatapi.Args)) (pulumitest.Registration, string) {
	t.Helper()
	withStreaming := func(a *chatapi.Args) {
		a.Streaming = &chatapi.Streaming{
			Settings:      config.Streaming{Timeout: 5 * time.Minute, Heartbeat: 15 * time.Second, ReservedConcurrency: 30},
			AnswerTimeout: 40 * time.Second,
		}
	}
	recorder := run(t, append([]func(*chatapi.Args){withStreaming}, changes...)...)
	var policies string
	for _, p := range recorder.OfType("aws:iam/rolePolicy:RolePolicy") {
		if strings.HasPrefix(p.Name, "model-stream-function-") {
			policies += p.Text("policy")
		}
	}
	return recorder.Named(t, "aws:lambda/function:Function", "model-stream-function"), policies
}

func TestStreamingFunctionHasItsOwnTimes(t *testing.T) {
	f, _ := streamed(t)
	assert.Equal(t, "gatehouse-test-model-stream", f.Text("name"))
	assert.InDelta(t, 302, f.Input("timeout").NumberValue(), 0, "the model's time, and two seconds to end the response")
	assert.InDelta(t, 30, f.Input("reservedConcurrentExecutions").NumberValue(), 0)
	variables := f.Input("environment.variables").ObjectValue()
	assert.Equal(t, "true", variables["GATEHOUSE_STREAMING"].StringValue())
	assert.Equal(t, "15s", variables["GATEHOUSE_STREAMING_HEARTBEAT"].StringValue())
	assert.Equal(t, "40s", variables["GATEHOUSE_STREAMING_ANSWER_TIMEOUT"].StringValue())
	assert.NotContains(t, variables, "GATEHOUSE_GUARDRAIL_STREAMING", "there is no guardrail")
}

func TestStreamingFunctionMayStreamFromModelsThatRespondToConversations(t *testing.T) {
	f, policy := streamed(t, func(a *chatapi.Args) {
		a.Settings.ID = "eu.amazon.nova-lite-v1:0"
		a.Settings.Others = []string{"amazon.titan-embed-text-v2:0", pulumitest.EmbeddingProfileARN}
		a.Settings.Guardrail = config.Guardrail{ID: "gr1", Version: "3", Streaming: "async"}
	})
	assert.Contains(t, policy, `"Action":["bedrock:InvokeModel","bedrock:InvokeModelWithResponseStream"]`)
	assert.NotContains(t, policy, `"Action":["bedrock:InvokeModel"]`, "each model may be streamed from")
	assert.NotContains(t, policy, "embed")
	assert.NotContains(t, policy, pulumitest.EmbeddingProfileARN)
	assert.Contains(t, policy, "bedrock:GuardrailIdentifier")
	assert.Equal(t, "async", f.Input("environment.variables").ObjectValue()["GATEHOUSE_GUARDRAIL_STREAMING"].StringValue())
}

func TestFunctionBehindTheHTTPAPIMayNotStream(t *testing.T) {
	recorder := run(t)
	require.Len(t, recorder.OfType("aws:lambda/function:Function"), 1)
	assert.NotContains(t, recorder.Only(t, "aws:iam/rolePolicy:RolePolicy").Text("policy"), "ResponseStream")
}
