package chat

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNeutralOptions(t *testing.T) {
	for name, values := range map[string][]string{
		"frequency_penalty": {"0", "0.0", "-0"}, "logit_bias": {"{}"}, "logprobs": {"false"}, "modalities": {`["text"]`},
		"n": {"1", "1e0"}, "presence_penalty": {"0"}, "store": {"false"}, "top_logprobs": {"0"}, "verbosity": {`"medium"`},
	} {
		for _, value := range values {
			assert.True(t, IsNeutral(name, json.RawMessage(value)), "%s: %s", name, value)
		}
	}
	for name, value := range map[string]string{
		"frequency_penalty": "0.1", "logit_bias": `{"1":1}`, "logprobs": "true", "modalities": `["text","audio"]`, "n": "2", "seed": "0", "verbosity": `"low"`, "store": "x",
	} {
		assert.False(t, IsNeutral(name, json.RawMessage(value)), "%s: %s", name, value)
	}
}
