package bedrock

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// TestGuardrailOfAStreamHasAMode checks the mode in which the guardrail processes a
// stream. Responses in one piece have none.
func TestGuardrailOfAStreamHasAMode(t *testing.T) {
	for mode, want := range map[string]string{
		"sync":  `{"guardrailIdentifier": "gr1", "guardrailVersion": "2", "streamProcessingMode": "sync"}`,
		"async": `{"guardrailIdentifier": "gr1", "guardrailVersion": "2", "streamProcessingMode": "async"}`,
		"":      `{"guardrailIdentifier": "gr1", "guardrailVersion": "2"}`,
	} {
		provider, service := before(t, answer{200, "", encoded(t, ended("guardrail_intervened")...)})
		provider.Guardrail, provider.GuardrailStreaming = Guardrail{"gr1", "2"}, mode
		done, err := provider.Stream(t.Context(), hello, func(chat.Delta) error { return nil })
		require.NoError(t, err)
		assert.Equal(t, chat.Guardrail, done.Choices[0].StopReason)
		var sent struct{ GuardrailConfig json.RawMessage }
		require.NoError(t, json.Unmarshal(service.requests[0].body, &sent))
		assert.JSONEq(t, want, string(sent.GuardrailConfig))
	}
	provider, service := before(t, answer{200, "", encoded(t, ended("end_turn")...)})
	provider.GuardrailStreaming = "async"
	_, err := provider.Stream(t.Context(), hello, func(chat.Delta) error { return nil })
	require.NoError(t, err)
	assert.NotContains(t, string(service.requests[0].body), "guardrail")
}
