package main

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/api"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/bedrock"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/openai"
)

func TestTheProviderIsTheBackendsOfTheEnvironment(t *testing.T) {
	env := lambdaenv.Model{
		Backend: lambdaenv.BackendBedrock, ModelIDs: []string{"amazon.nova-micro-v1:0", "amazon.nova-lite-v1:0"},
		GuardrailID: "gr1", GuardrailVersion: "2", GuardrailStreaming: lambdaenv.GuardrailAsync,
	}
	p, ok := newProvider(env, aws.Config{}).(*bedrock.Provider)
	require.True(t, ok)
	assert.Equal(t, bedrock.Guardrail{ID: "gr1", Version: "2"}, p.Guardrail)
	assert.Equal(t, "async", p.GuardrailStreaming)
	assert.Equal(t, "amazon.nova-micro-v1:0", p.Probe)

	env.Backend, env.BaseURL = lambdaenv.BackendOpenAI, "http://10.0.0.10/v1"
	o, ok := newProvider(env, aws.Config{}).(*openai.Provider)
	require.True(t, ok)
	assert.Equal(t, "http://10.0.0.10/v1", o.BaseURL)
	assert.Nil(t, o.Key)

	env.APIKeyParameter = "/model/key"
	assert.Equal(t, "/model/key", newProvider(env, aws.Config{}).(*openai.Provider).Key.(*openai.Parameter).Name)
}

func TestStreamingIsThatOfTheEnvironment(t *testing.T) {
	assert.Nil(t, streaming(lambdaenv.Model{Heartbeat: time.Second}))
	assert.Equal(t, &api.Streaming{Heartbeat: 15 * time.Second, AnswerTimeout: 40 * time.Second},
		streaming(lambdaenv.Model{Streaming: true, Heartbeat: 15 * time.Second, AnswerTimeout: 40 * time.Second}))
}

func TestClientsAreThoseOfTheEnvironment(t *testing.T) {
	variables := map[string]string{
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secret",
		"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:1", // which refuses connections
	}
	getenv := func(name string) string { return variables[name] }
	open, err := newAdmission(lambdaenv.Model{ClientAccess: lambdaenv.ClientAccessOpen}, getenv)
	require.NoError(t, err)
	assert.Nil(t, open)

	const model = "amazon.nova-micro-v1:0"
	env := lambdaenv.Model{
		ClientAccess: lambdaenv.ClientAccessKeys, ClientsTable: "clients", ModelIDs: []string{model}, ClientUsageDays: 31,
		ModelPrices: map[string]string{model: "0.035/0.14"},
	}
	keys, err := newAdmission(env, getenv)
	require.NoError(t, err)
	assert.Equal(t, "0.035/0.14", keys.Prices[model].String())
	assert.Equal(t, 31, keys.UsageDays)
	assert.False(t, keys.Anonymous)

	env.ClientAccess = lambdaenv.ClientAccessMigrating
	migrating, err := newAdmission(env, getenv)
	require.NoError(t, err)
	assert.True(t, migrating.Anonymous)
	_, err = migrating.Identify(t.Context(), nil)
	require.NoError(t, err)

	env.ModelIDs = append(env.ModelIDs, "other")
	_, err = newAdmission(env, getenv)
	require.ErrorContains(t, err, `"other" has no price`)
	env.ModelPrices[model] = "free"
	_, err = newAdmission(env, getenv)
	require.ErrorContains(t, err, lambdaenv.ModelPricesVariable)
}

// TestHandlerIsThatOfTheEnvironment checks which handler aws-lambda-go gets: it streams
// nothing of a type that implements its interface.
func TestHandlerIsThatOfTheEnvironment(t *testing.T) {
	env := lambdaenv.Model{
		Stack: "gatehouse-test", APIPrefix: "/api", Backend: lambdaenv.BackendBedrock, ModelIDs: []string{"amazon.nova-micro-v1:0"}, MaxTokens: 100, MaxBody: 1 << 20,
	}
	for name, value := range env.Variables() {
		t.Setenv(name, value)
	}
	t.Setenv("AWS_REGION", "eu-west-1")
	handler, err := newHandler(t.Context())
	require.NoError(t, err)
	_, buffered := handler.(lambda.Handler)
	assert.True(t, buffered)

	env.Streaming, env.Heartbeat, env.AnswerTimeout = true, 15*time.Second, 40*time.Second
	for name, value := range env.Variables() {
		t.Setenv(name, value)
	}
	handler, err = newHandler(t.Context())
	require.NoError(t, err)
	_, buffered = handler.(lambda.Handler)
	assert.False(t, buffered)
	_, streamed := handler.(func(context.Context, json.RawMessage) (*events.APIGatewayProxyStreamingResponse, error))
	assert.True(t, streamed)
}
