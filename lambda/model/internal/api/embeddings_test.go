package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

func postEmbeddings(body string) event { return request(http.MethodPost, "/api/embeddings", body) }

// embeddingOf returns a request of the embedding model.
func embeddingOf(members string) string { return `{"model":"` + embeddingModel + `",` + members + `}` }

func TestEmbeds(t *testing.T) {
	for body, want := range map[string]chat.EmbeddingRequest{
		embeddingOf(`"input":"Hello"`):                                           {Texts: []string{"Hello"}},
		embeddingOf(`"input":["Hello","Bye"],"dimensions":256,"user":"ann"`):     {Texts: []string{"Hello", "Bye"}, Dimensions: 256, User: "ann"},
		embeddingOf(`"input":"a","top_k":{"a":1}`):                               {Texts: []string{"a"}, PassThrough: map[string]json.RawMessage{"top_k": json.RawMessage(`{"a":1}`)}},
		embeddingOf(`"input":[1,2.0],"dimensions":null`):                         {Tokens: [][]int{{1, 2}}},
		embeddingOf(`"input":[[1],[2,3]],"encoding_format":"float","user":null`): {Tokens: [][]int{{1}, {2, 3}}},
	} {
		s := newSetup()
		s.fake.embeddings = chat.Embeddings{Vectors: [][]float32{{0.5, -1}, {0, 0.25}}, InputTokens: 3}
		r := s.do(t, postEmbeddings(body))
		require.Equal(t, http.StatusOK, r.StatusCode, r.Body)
		want.Model = embeddingModel
		assert.Equal(t, []chat.EmbeddingRequest{want}, s.fake.embedded)
		assert.JSONEq(t, `{"object":"list","model":"`+embeddingModel+`","request_id":"Jh3kXh7GIAMEVjQ=","usage":{"prompt_tokens":3,"total_tokens":3},"data":[
			{"object":"embedding","index":0,"embedding":[0.5,-1]},{"object":"embedding","index":1,"embedding":[0,0.25]}]}`, r.Body)
		assert.Contains(t, s.metrics.String(), `"InputTokens":3`)
		assert.Contains(t, s.logs.String(), `"inputTokens":3`)
		assert.NotContains(t, s.logs.String(), "Hello")
	}
}

func TestEmbedsInBase64(t *testing.T) {
	s := newSetup()
	s.fake.embeddings = chat.Embeddings{Vectors: [][]float32{{1, -2}}}
	r := s.do(t, postEmbeddings(embeddingOf(`"input":"Hello","encoding_format":"base64"`)))
	assert.Contains(t, r.Body, `"embedding":"AACAPwAAAMA="`) // 0x3f800000, 0xc0000000, little-endian
}

func TestTellsWhatHadNoEffectOnEmbeddings(t *testing.T) {
	r := newSetup().do(t, postEmbeddings(embeddingOf(`"input":"Hello","input_type":"query"`)))
	assert.Equal(t, http.StatusOK, r.StatusCode)
	assert.Equal(t, "input_type", r.Headers[droppedHeader])
}

func TestRejectsInvalidRequestsForEmbeddings(t *testing.T) {
	for body, want := range map[string]faults{
		`[]`:                            {"": "want an object with model, input"},
		`{"input":"x"}`:                 {"/model": "got nothing"},
		embeddingOf(`"user":"ann"`):     {"/input": "got nothing"},
		embeddingOf(`"input":""`):       {"/input": "blank"},
		embeddingOf(`"input":[]`):       {"/input": "an array of one text or more"},
		embeddingOf(`"input":["a",1]`):  {"/input/1": "not blank, got a number"},
		embeddingOf(`"input":[1,"a"]`):  {"/input/1": "whole number"},
		embeddingOf(`"input":[1,null]`): {"/input/1": "want a token"},
		embeddingOf(`"input":[[1],[]]`): {"/input/1": "one token or more"},
		embeddingOf(`"input":[[-1]]`):   {"/input/0/0": "whole number"},
		embeddingOf(`"input":{}`):       {"/input": "got an object"},
		embeddingOf(`"input":["a"` + strings.Repeat(`,"a"`, 2048) + `]`):  {"/input": "at most 2048"},
		embeddingOf(`"input":"a","dimensions":0,"encoding_format":"hex"`): {"/dimensions": "from 1", "/encoding_format": "float or base64"},
	} {
		checkFaults(t, "/api/embeddings", body, 422, want)
	}
	r := newSetup().do(t, postEmbeddings(`{"model":"gpt","input":"a"}`))
	assert.Equal(t, http.StatusNotFound, r.StatusCode)
	r = newSetup().do(t, postEmbeddings(`{"model":"`+testModel+`","input":"a"}`))
	assert.Equal(t, codeUnsupported, problemIn(t, r).Code)
}

func TestErrorsOfEmbeddings(t *testing.T) {
	s := newSetup()
	s.fake.err = fmt.Errorf("%w: ThrottlingException", chat.ErrBusy)
	s.fake.embeddings = chat.Embeddings{InputTokens: 9}
	r := s.do(t, postEmbeddings(embeddingOf(`"input":"a"`)))
	assert.Equal(t, http.StatusTooManyRequests, r.StatusCode)
	assert.Contains(t, s.logs.String(), "ThrottlingException")
	assert.Contains(t, s.metrics.String(), `"InputTokens":9`, "those of the texts before are billed")
}

// Lambda would fail with an error of the platform.
func TestAnswersThatLambdaCannotReturn(t *testing.T) {
	s := newSetup()
	s.fake.embeddings = chat.Embeddings{Vectors: [][]float32{make([]float32, maxResponse)}}
	r := s.do(t, postEmbeddings(embeddingOf(`"input":"a"`)))
	assert.Equal(t, http.StatusUnprocessableEntity, r.StatusCode)
	assert.Equal(t, codeAnswerTooLarge, problemIn(t, r).Code)
	assert.Contains(t, s.logs.String(), `"code":"answer_too_large"`)
	assert.Contains(t, s.metrics.String(), `"Errors":1`)
}

// A quote takes three bytes in an event.
func TestTheEventIsWhatLambdaLimits(t *testing.T) {
	s := newSetup()
	s.fake.done = chat.Completion{Choices: []chat.Choice{{Text: strings.Repeat(`"`, maxResponse/3), StopReason: chat.EndTurn}}}
	assert.Equal(t, codeAnswerTooLarge, problemIn(t, s.do(t, postChat(helloChat))).Code)
}
