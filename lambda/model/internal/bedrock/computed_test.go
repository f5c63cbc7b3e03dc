package bedrock

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// A client is charged nothing by these errors: each must be certain.
func TestErrorsOfRequestsThatNoModelComputed(t *testing.T) {
	for _, test := range []struct {
		answer answer
		want   bool
	}{
		{answer{429, "ThrottlingException", quoting}, true},
		{answer{400, "ServiceQuotaExceededException", quoting}, true},
		{answer{400, "ValidationException", quoting}, true},
		{answer{503, "ServiceUnavailableException", quoting}, true},
		{answer{429, "ModelNotReadyException", quoting}, true},
		{answer{403, "AccessDeniedException", quoting}, true},
		{answer{404, "ResourceNotFoundException", quoting}, true},
		{answer{408, "ModelTimeoutException", quoting}, false},
		{answer{424, "ModelErrorException", quoting}, false},
		{answer{500, "InternalServerException", `{}`}, false},
		{answer{502, "", `<html>`}, false},
	} {
		for _, streamed := range []bool{false, true} {
			provider, _ := before(t, test.answer)
			_, err := completed(t.Context(), provider, hello, streamed)
			require.Error(t, err)
			assert.Equal(t, test.want, chat.IsNotComputed(err), "%s, streamed: %t", test.answer.errorType, streamed)
		}
		provider, _ := before(t, test.answer)
		_, err := provider.Embed(t.Context(), chat.EmbeddingRequest{Model: "cohere.embed-english-v3", Texts: []string{"Hi"}})
		assert.Equal(t, test.want, chat.IsNotComputed(err), test.answer.errorType)
	}
	server := httptest.NewServer(nil)
	server.Close()
	_, err := at(server.URL).Complete(t.Context(), hello)
	assert.True(t, chat.IsNotComputed(err), "no connection")
}

// The codes of a rejection may come in a stream that has begun, in which a model computes.
func TestErrorsInAStreamMayHaveBeenComputed(t *testing.T) {
	for _, code := range []string{"throttlingException", "validationException", "serviceUnavailableException", "modelStreamErrorException"} {
		for _, before := range [][]event{nil, {{"contentBlockDelta", `{"contentBlockIndex": 0, "delta": {"text": "Go"}}`}}} {
			_, _, err := streamed(t, hello, append(before, event{code, quoting})...)
			require.Error(t, err)
			assert.False(t, chat.IsNotComputed(err), code)
		}
	}
}

// Of several calls, those beside the one that failed may have been computed.
func TestErrorsOfSeveralCallsMayHaveBeenComputed(t *testing.T) {
	provider, _ := before(t, answer{429, "ThrottlingException", quoting})
	_, err := provider.Embed(t.Context(), chat.EmbeddingRequest{Model: "amazon.titan-embed-text-v2:0", Texts: []string{"Hi", "Ho"}})
	require.ErrorIs(t, err, chat.ErrBusy)
	assert.False(t, chat.IsNotComputed(err))

	_, err = provider.Embed(t.Context(), chat.EmbeddingRequest{Model: "amazon.titan-embed-text-v2:0", Tokens: [][]int{{1}}})
	assert.True(t, chat.IsNotComputed(err), "rejected by the backend itself")
}

func TestAdaptationSaysWhatInliningAdds(t *testing.T) {
	c := hello
	c.Tools = []chat.Tool{{Name: "f", Parameters: []byte(nestedSchema)}, {Name: "g", Parameters: []byte(citySchema)}}
	assert.Equal(t, 0, (&Provider{}).Adapt(c).Added, "nothing gets longer")

	c.Tools[0].Parameters = []byte(`{"type":"object",` + multiplying(9) + `,"properties":{"x":{"$ref":"#/$defs/d0"}}}`)
	inlined := len(plainSchema(c.Tools[0].Parameters)) - len(c.Tools[0].Parameters)
	assert.Positive(t, inlined)
	assert.Equal(t, inlined, (&Provider{}).Adapt(c).Added)
	c.Model = "anthropic.claude-sonnet-4-5-20250929-v1:0"
	assert.Equal(t, 0, (&Provider{}).Adapt(c).Added, "Claude gets the schema as it is")
}
