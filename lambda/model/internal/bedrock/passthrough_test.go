package bedrock

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

func TestNovaGetsTopKInItsConfiguration(t *testing.T) {
	for _, test := range []struct{ model, config, want string }{
		{novaModel, ``, `{"inferenceConfig":{"topK":5}}`},
		{nova2Model, `{"novelty":1}`, `{"inferenceConfig":{"novelty":1,"topK":5}}`},
		{novaModel, `{"topK":7}`, `{"inferenceConfig":{"topK":7}}`},
		{novaModel, `null`, `{"inferenceConfig":{"topK":5}}`},
		{novaModel, `"x"`, `{"inferenceConfig":"x"}`},
		{claude45Model, `{"novelty":1}`, `{"inferenceConfig":{"novelty":1},"top_k":5}`},
	} {
		c := chat.Conversation{Model: test.model, PassThrough: map[string]json.RawMessage{"top_k": json.RawMessage("5")}}
		if test.config != "" {
			c.PassThrough["inferenceConfig"] = json.RawMessage(test.config)
		}
		fields, err := requestFields(testPlan(c))
		require.NoError(t, err)
		assert.JSONEq(t, test.want, string(fields), test.config)
		assert.Contains(t, c.PassThrough, "top_k", "the caller's map is kept")
	}
}
