package main

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/bedrock"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/openai"
)

func TestTheProviderIsTheBackendsOfTheEnvironment(t *testing.T) {
	env := lambdaenv.Model{
		Backend: lambdaenv.BackendBedrock, ModelIDs: []string{"amazon.nova-micro-v1:0", "amazon.nova-lite-v1:0"},
		GuardrailID: "gr1", GuardrailVersion: "2",
	}
	p, ok := newProvider(env, aws.Config{}).(*bedrock.Provider)
	require.True(t, ok)
	assert.Equal(t, bedrock.Guardrail{ID: "gr1", Version: "2"}, p.Guardrail)
	assert.Equal(t, "amazon.nova-micro-v1:0", p.Probe)

	env.Backend, env.BaseURL = lambdaenv.BackendOpenAI, "http://10.0.0.10/v1"
	o, ok := newProvider(env, aws.Config{}).(*openai.Provider)
	require.True(t, ok)
	assert.Equal(t, "http://10.0.0.10/v1", o.BaseURL)
	assert.Nil(t, o.Key)

	env.APIKeyParameter = "/model/key"
	assert.Equal(t, "/model/key", newProvider(env, aws.Config{}).(*openai.Provider).Key.(*openai.Parameter).Name)
}
