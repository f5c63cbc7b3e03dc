package openai

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

func TestEmbeds(t *testing.T) {
	request := chat.EmbeddingRequest{Model: "e5", Texts: []string{"a <b>", ""}, Dimensions: 2}
	for name, body := range map[string]string{
		"numbers":       `{"data":[{"index":0,"embedding":[1,-0.5]},{"index":1,"embedding":[0.25,2e-1]}],"usage":{"prompt_tokens":5,"total_tokens":5}}`,
		"another order": `{"data":[{"index":1,"embedding":[0.25,0.2]},{"index":0,"embedding":[1,-0.5]}],"usage":{"prompt_tokens":5,"total_tokens":5}}`,
		"no index":      `{"data":[{"embedding":[1,-0.5]},{"index":null,"embedding":[0.25,0.2]}],"usage":{"total_tokens":5}}`,
		"base64":        `{"data":[{"index":0,"embedding":"AACAPwAAAL8="},{"index":1,"embedding":"AACAPs3MTD4="}],"usage":{"prompt_tokens":5}}`,
	} {
		s := &server{answers: []answer{{429, ""}, {200, body}}}
		got, err := before(t, s).Embed(t.Context(), request)
		require.NoError(t, err, name)
		assert.Equal(t, chat.Embeddings{Vectors: [][]float32{{1, -0.5}, {0.25, 0.2}}, InputTokens: 5}, got, name)
		assert.Equal(t, "POST /v1/embeddings", s.requests[1].Method+" "+s.requests[1].URL.Path)
		assert.Equal(t, `{"model":"e5","input":["a <b>",""],"dimensions":2,"encoding_format":"float"}`, s.bodies[1])
	}
}

func TestEmbedsTokens(t *testing.T) {
	s := &server{answers: []answer{{200, `{"data":[{"embedding":[1]},{"embedding":[2]}]}`}}}
	got, err := before(t, s).Embed(t.Context(), chat.EmbeddingRequest{Model: "e5", Tokens: [][]int{{1, 2}, {3}}})
	require.NoError(t, err)
	assert.Equal(t, chat.Embeddings{Vectors: [][]float32{{1}, {2}}}, got, "without usage")
	assert.Equal(t, `{"model":"e5","input":[[1,2],[3]],"encoding_format":"float"}`, s.bodies[0])
}

func TestEmbeddingErrors(t *testing.T) {
	request := chat.EmbeddingRequest{Model: "e5", Texts: []string{"Zebra", "b"}, Dimensions: 2}
	for _, test := range []struct{ body, want string }{
		{`Zebra`, "not a list of embeddings"},
		{`{"data":[{"embedding":"Zebra"},{"embedding":"Zebra"}]}`, "not a list of embeddings"},
		{`{"data":[{"embedding":"AACAfwAAAAA="},{"embedding":[1,2]}]}`, "not a list of embeddings"}, // infinite
		{`{"data":[{"embedding":[1,2]}]}`, "has 1 embeddings, want 2"},
		{`{}`, "has 0 embeddings, want 2"},
		{`{"data":[{"index":0,"embedding":[1,2]},{"index":0,"embedding":[1,2]}]}`, "lacks an embedding"},
		{`{"data":[{"index":0,"embedding":[1,2]},{"index":2,"embedding":[1,2]}]}`, "lacks an embedding"},
		{`{"data":[{"embedding":[1,2]},{"embedding":null}]}`, "lacks an embedding"},
		{`{"data":[{"embedding":[1,2,3]},{"embedding":[1,2,3]}]}`, "vectors have 3 dimensions (dimensions)"},
		{`{"error":{"message":"Zebra","code":400}}`, "status 400"},
	} {
		_, err := before(t, &server{answers: []answer{{200, test.body}}}).Embed(t.Context(), request)
		require.ErrorContains(t, err, test.want)
		assert.NotContains(t, err.Error(), "Zebra")
	}
	request.Dimensions = 0
	_, err := embeddingsOf([]byte(`{"data":[{"embedding":[1]},{"embedding":[1,2]}]}`), request)
	require.ErrorContains(t, err, "differ in their dimensions")
	_, err = before(t, &server{answers: []answer{{400, `{"error":{"message":"dimensions: not supported"}}`}}}).Embed(t.Context(), request)
	var rejection *chat.Rejection
	require.ErrorAs(t, err, &rejection)
	assert.Equal(t, []string{"dimensions"}, rejection.Members)
}
