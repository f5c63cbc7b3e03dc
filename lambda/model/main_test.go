package main

import (
	"maps"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/api"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/bedrock"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/openai"
)

var common = map[string]string{
	"GATEHOUSE_STACK":             "gatehouse-dev",
	"GATEHOUSE_API_PREFIX":        "/api",
	"GATEHOUSE_MODEL_IDS":         "amazon.nova-micro-v1:0,amazon.nova-lite-v1:0",
	"GATEHOUSE_MODEL_MAX_TOKENS":  "100",
	"GATEHOUSE_MODEL_MAX_BODY":    "1048576",
	"GATEHOUSE_MODEL_LOG_CONTENT": "false",
	"GATEHOUSE_MODEL_BACKEND":     "bedrock",
}

func read(changes map[string]string) (settings, error) {
	variables := maps.Clone(common)
	maps.Copy(variables, changes)
	return readSettings(func(name string) (string, bool) { text, ok := variables[name]; return text, ok })
}

func TestReadSettings(t *testing.T) {
	want := settings{
		stack: "gatehouse-dev", prefix: "/api", backend: "bedrock",
		limits: api.Limits{Models: []string{"amazon.nova-micro-v1:0", "amazon.nova-lite-v1:0"}, MaxTokens: 100, MaxBody: 1 << 20},
	}
	got, err := read(nil)
	require.NoError(t, err)
	assert.Equal(t, want, got)

	want.logContent, want.region, want.guardrail = true, "eu-west-1", bedrock.Guardrail{ID: "gr1", Version: "2"}
	got, err = read(map[string]string{
		"GATEHOUSE_MODEL_LOG_CONTENT": "true", "GATEHOUSE_MODEL_REGION": "eu-west-1", "GATEHOUSE_GUARDRAIL_ID": "gr1", "GATEHOUSE_GUARDRAIL_VERSION": "2",
	})
	require.NoError(t, err)
	assert.Equal(t, want, got)

	want = settings{
		stack: "gatehouse-dev", prefix: "/api", backend: "openai", limits: want.limits,
		baseURL: "https://10.0.0.10/v1", serverName: "model.example.com", apiKeyParameter: "/model/key",
	}
	got, err = read(map[string]string{
		"GATEHOUSE_MODEL_BACKEND": "openai", "GATEHOUSE_MODEL_BASE_URL": "https://10.0.0.10/v1",
		"GATEHOUSE_MODEL_SERVER_NAME": "model.example.com", "GATEHOUSE_MODEL_API_KEY_PARAMETER": "/model/key",
	})
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestEveryInvalidSettingIsReported(t *testing.T) {
	_, err := readSettings(func(string) (string, bool) { return "", false })
	for name := range common {
		require.ErrorContains(t, err, name)
	}
	for name, value := range map[string]string{
		"GATEHOUSE_API_PREFIX":        "/api/",
		"GATEHOUSE_MODEL_IDS":         "a,,b",
		"GATEHOUSE_MODEL_MAX_TOKENS":  "0",
		"GATEHOUSE_MODEL_MAX_BODY":    "10000000",
		"GATEHOUSE_MODEL_LOG_CONTENT": "yes",
		"GATEHOUSE_MODEL_BACKEND":     "vllm",
	} {
		_, err := read(map[string]string{name: value})
		require.ErrorContains(t, err, name)
	}
	_, err = read(map[string]string{"GATEHOUSE_GUARDRAIL_ID": "gr1"})
	require.ErrorContains(t, err, "GATEHOUSE_GUARDRAIL_VERSION")
	for _, url := range []string{"", "10.0.0.10", "ftp://10.0.0.10/v1", "http://10.0.0.10/v1/", "http://me@10.0.0.10/v1", "http:///v1", "http://x/v1?a"} {
		_, err = read(map[string]string{"GATEHOUSE_MODEL_BACKEND": "openai", "GATEHOUSE_MODEL_BASE_URL": url})
		require.ErrorContains(t, err, "GATEHOUSE_MODEL_BASE_URL", url)
	}
}

func TestBackendIsChosenByTheSettings(t *testing.T) {
	s, err := read(map[string]string{"GATEHOUSE_GUARDRAIL_ID": "gr1", "GATEHOUSE_GUARDRAIL_VERSION": "2"})
	require.NoError(t, err)
	p, ok := newProvider(s, aws.Config{}).(*bedrock.Provider)
	require.True(t, ok)
	assert.Equal(t, bedrock.Guardrail{ID: "gr1", Version: "2"}, p.Guardrail)
	assert.Equal(t, "amazon.nova-micro-v1:0", p.Probe)

	s.backend, s.baseURL = "openai", "http://10.0.0.10/v1"
	o, ok := newProvider(s, aws.Config{}).(*openai.Provider)
	require.True(t, ok)
	assert.Equal(t, "http://10.0.0.10/v1", o.BaseURL)
	assert.Nil(t, o.Key)

	s.apiKeyParameter = "/model/key"
	assert.Equal(t, "/model/key", newProvider(s, aws.Config{}).(*openai.Provider).Key.(*openai.Parameter).Name)
}
