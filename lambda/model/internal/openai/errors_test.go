package openai

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

func TestRejectionsSayWhyWithoutTheConversation(t *testing.T) {
	for _, test := range []struct {
		name    string
		status  int
		body    string
		reason  string
		members []string
	}{
		{
			"OpenAI", 400, `{"error":{"message":"Invalid 'temperature': Zebra","type":"invalid_request_error","param":"temperature","code":"invalid_value"}}`,
			"Invalid 'temperature': …",
			[]string{"temperature"},
		},
		{"a place", 400, `{"error":{"message":"Invalid content","param":"messages.[1].content"}}`, "Invalid content", []string{"messages"}},
		{"old vLLM", 400, `{"object":"error","message":"top_p must be in (0, 1], got Zebra","param":null,"code":400}`, "top_p must be in (…, …], … …", []string{"top_p"}},
		{"FastAPI", 422, `{"detail":[{"loc":["body","messages",0,"role"],"msg":"Input should be valid","input":"Zebra"}]}`, "body.messages.0.role: Input should be valid", []string{"messages"}},
		{"Mistral", 422, `{"message":{"detail":[{"loc":["body","seed"],"msg":"not valid","input":"Zebra"}]}}`, "body.seed: not valid", []string{"seed"}},
		{"Cerebras", 400, `{"message":"seed is not valid"}`, "seed is not valid", []string{"seed"}},
		{"Ollama", 400, `{"error":"Zebra does not support tools"}`, "… does not support tools", []string{"tools"}},
		{"llama.cpp", 400, `{"error":{"code":400,"message":"the request exceeds the context","type":"exceed_context_size_error","n_prompt_tokens":9}}`, "the request exceeds the context", nil},
		{"unknown model", 404, `{"error":{"message":"The model 'Zebra' does not exist","code":"model_not_found"}}`, "The model '…' does not exist", nil},
		{"too large", 413, `<html>Zebra</html>`, "", nil},
		{"no JSON", 400, `Zebra`, "", nil},
		{"a list", 400, `["temperature", 1, null]`, "temperature", []string{"temperature"}},
		{"long", 400, `{"message":"` + strings.Repeat("Zebra ", 20_000) + `"}`, "", nil},
	} {
		s := &server{answers: []answer{{test.status, test.body}}}
		_, err := before(t, s).Complete(t.Context(), hello)
		var rejection *chat.Rejection
		require.ErrorAs(t, err, &rejection, test.name)
		assert.Contains(t, rejection.Reason, "the model's server returned status ", test.name)
		assert.Contains(t, rejection.Reason, test.reason, test.name)
		assert.Equal(t, test.members, rejection.Members, test.name)
		assert.NotContains(t, err.Error(), "Zebra", test.name)
		assert.Less(t, len(err.Error()), 500)
	}
}

func TestMissingPathIsNoRejection(t *testing.T) {
	for _, body := range []string{`{"detail":"Not Found"}`, `404 page not found`, ``} {
		_, err := before(t, &server{answers: []answer{{404, body}}}).Complete(t.Context(), hello)
		require.ErrorContains(t, err, "status 404")
		require.NotErrorIs(t, err, chat.ErrRejected)
	}
}

func TestErrorsWithStatus200(t *testing.T) {
	for body, want := range map[string]error{
		`{"error":{"message":"Zebra","code":429}}`:                                 chat.ErrBusy,
		`{"error":{"message":"Zebra","code":"400"}}`:                               chat.ErrRejected,
		`{"error":{"message":"Zebra","type":"invalid_request_error"}}`:             chat.ErrRejected,
		`{"object":"error","message":"Zebra","type":"BadRequestError","code":400}`: chat.ErrRejected,
		`{"error":{"message":"Zebra","code":504}}`:                                 chat.ErrTimeout,
		`{"error":"Zebra"}`: nil,
		`{"error":{"message":"Zebra","code":"server_error"},"choices":[{"message":{"content":"Zebra"}}]}`: nil,
		`{"choices":[{"message":{"content":"Zebra"},"finish_reason":"error"}]}`:                           nil,
	} {
		for _, form := range []string{body, "data: " + body + "\n\n"} {
			s := &server{answers: []answer{{http.StatusOK, form}}}
			_, err := before(t, s).Complete(t.Context(), hello)
			require.Error(t, err, form)
			assert.NotContains(t, err.Error(), "Zebra")
			assert.Len(t, s.requests, 1, "it may have been computed")
			if want != nil {
				require.ErrorIs(t, err, want, form)
			} else {
				require.ErrorContains(t, err, "an error in place of a reply", form)
			}
		}
	}
}
