package config

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStreamingDefaults(t *testing.T) {
	s, err := Load(nil)
	require.NoError(t, err)
	assert.Equal(t, Streaming{Enabled: true, Timeout: 5 * time.Minute, Heartbeat: 15 * time.Second}, s.Streaming)
	assert.Equal(t, 40*time.Second, s.AnswerTimeout(), "below the 45 seconds that CloudFront waits")
}

func TestStreamingGiven(t *testing.T) {
	s, err := Load(own(map[string]string{
		"streamingEnabled": "false", "streamingTimeout": "14m", "streamingHeartbeat": "45s", "streamingReservedConcurrency": "30",
		"originReadTimeout": "90s",
	}))
	require.NoError(t, err)
	assert.Equal(t, Streaming{Timeout: 14 * time.Minute, Heartbeat: 45 * time.Second, ReservedConcurrency: 30}, s.Streaming)
	assert.Equal(t, 85*time.Second, s.AnswerTimeout())
}

// Only the REST API can't have it.
func TestPrefixWithATildeWithoutStreaming(t *testing.T) {
	s, err := Load(own(map[string]string{"streamingEnabled": "false", "apiPrefix": "/a~b", "inferencePrefix": "/a~b/inference"}))
	require.NoError(t, err)
	assert.Equal(t, "/a~b", s.Gateway.Prefix)
}

func TestStreamingMistakes(t *testing.T) {
	for _, c := range []struct {
		config map[string]string
		key    string
		want   string
	}{
		{map[string]string{"apiPrefix": "/a~b", "inferencePrefix": "/a~b/inference"}, "gatehouse:apiPrefix", "have no ~ while gatehouse:streamingEnabled is true"},
		{map[string]string{"streamingTimeout": "15m"}, "gatehouse:streamingTimeout", "30s to 14m"},
		{map[string]string{"streamingHeartbeat": "1s"}, "gatehouse:streamingHeartbeat", "5s to 1m"},
		{map[string]string{"streamingHeartbeat": "23s"}, "gatehouse:streamingHeartbeat", "at most half of gatehouse:originReadTimeout, 22.5s"},
		{map[string]string{"streamingReservedConcurrency": "-1"}, "gatehouse:streamingReservedConcurrency", "0 to 10000"},
		{map[string]string{"modelGuardrailStreaming": "async"}, "gatehouse:modelGuardrailStreaming", "gatehouse:modelGuardrailId to be set"},
		{
			map[string]string{"modelGuardrailStreaming": "none", "modelGuardrailId": "gr1", "modelGuardrailVersion": "1"},
			"gatehouse:modelGuardrailStreaming", "sync",
		},
	} {
		_, err := Load(own(c.config))
		require.ErrorContains(t, err, c.key)
		assert.ErrorContains(t, err, c.want)
	}
}
