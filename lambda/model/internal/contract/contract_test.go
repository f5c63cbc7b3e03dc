package contract

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/api"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

const (
	prefix    = "/api"
	model     = "amazon.nova-micro-v1:0"
	maxTokens = 100
	maxBody   = 1 << 12
)

// provider completes every conversation, or fails.
type provider struct{ err error }

func (p *provider) Complete(_ context.Context, c chat.Conversation) (chat.Completion, error) {
	return chat.Completion{
		Text: "Good day.", StopReason: chat.EndTurn, Version: p.Describe(c.Model).Version,
		Usage: chat.Usage{InputTokens: 3, OutputTokens: 4, TotalTokens: 7},
	}, p.err
}

func (p *provider) Ready(context.Context) error { return p.err }

func (p *provider) Describe(id string) chat.Description {
	if id == model {
		return chat.Description{Owner: "amazon", Version: "v1:0"}
	}
	return chat.Description{Owner: "self-hosted"}
}

// subject has the API and a validator for the description that it serves.
type subject struct {
	handler   *api.Handler
	validator validator.Validator
}

func newSubject(t *testing.T, failure error) subject {
	t.Helper()
	s := subject{handler: api.New(api.Config{
		Prefix:  prefix,
		Limits:  api.Limits{Models: []string{model, "llama3.2:1b"}, MaxTokens: maxTokens, MaxBody: maxBody},
		Stack:   "gatehouse-test",
		Log:     slog.New(slog.DiscardHandler),
		Metrics: io.Discard,
	}, &provider{failure})}
	document, err := libopenapi.NewDocument([]byte(s.invoke(t, call{method: "GET", path: "/openapi.yaml"}).body))
	require.NoError(t, err)
	made, problems := validator.NewValidator(document)
	require.Empty(t, problems)
	s.validator = made
	return s
}

// call is a viewer's request.
type call struct {
	method, path string
	contentType  string
	body         string
}

func (c call) http(t *testing.T) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), c.method, "https://d111111abcdef8.cloudfront.net"+prefix+c.path, strings.NewReader(c.body))
	require.NoError(t, err)
	if c.contentType != "" {
		r.Header.Set("Content-Type", c.contentType)
	}
	return r
}

type reply struct {
	status  int
	headers map[string]string
	body    string
}

func (r reply) http(request *http.Request) *http.Response {
	response := &http.Response{StatusCode: r.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(r.body)), Request: request}
	for name, value := range r.headers {
		response.Header.Set(name, value)
	}
	return response
}

// invoke sends a call as API Gateway does once the authorizer has accepted it.
func (s subject) invoke(t *testing.T, c call) reply {
	t.Helper()
	headers := map[string]string{"x-request-id": "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"}
	if c.contentType != "" {
		headers["content-type"] = c.contentType
	}
	event, err := json.Marshal(map[string]any{
		"version": "2.0", "rawPath": prefix + c.path, "headers": headers, "body": c.body,
		"requestContext": map[string]any{
			"requestId":  "Jh3kXh7GIAMEVjQ=",
			"http":       map[string]any{"method": c.method},
			"authorizer": map[string]any{"lambda": map[string]any{"originKey": "20260131T235959.123Z-0a1b2c3d"}},
		},
	})
	require.NoError(t, err)
	text, err := s.handler.Invoke(t.Context(), event)
	require.NoError(t, err)
	var answer struct {
		StatusCode int
		Headers    map[string]string
		Body       string
	}
	require.NoError(t, json.Unmarshal(text, &answer))
	return reply{answer.StatusCode, answer.Headers, answer.Body}
}

// check sends a call and checks its response against the description.
func (s subject) check(t *testing.T, c call, status int) {
	t.Helper()
	got := s.invoke(t, c)
	require.Equal(t, status, got.status, "%+v: %s", c, got.body)
	request := c.http(t)
	valid, problems := s.validator.ValidateHttpResponse(request, got.http(request))
	for _, problem := range problems {
		t.Errorf("%s %s %.80s: %d: %s: %s: %+v", c.method, c.path, c.body, got.status, problem.Message, problem.Reason, problem.SchemaValidationErrors)
	}
	assert.True(t, valid)
	assert.NotEmpty(t, got.headers["x-request-id"])
}

// describes reports whether the description allows the request.
func (s subject) describes(t *testing.T, c call) bool {
	t.Helper()
	valid, _ := s.validator.ValidateHttpRequest(c.http(t))
	return valid
}

func post(path, body string) call { return call{"POST", path, "application/json", body} }

func TestDescriptionIsValidOpenAPI(t *testing.T) {
	valid, problems := newSubject(t, nil).validator.ValidateDocument()
	for _, problem := range problems {
		t.Errorf("%s: %s: %+v", problem.Message, problem.Reason, problem.SchemaValidationErrors)
	}
	assert.True(t, valid)
}

const turn = `{"role":"user","content":"Hello"}`

// taken are valid requests.
var taken = []call{
	{method: "GET", path: "/models"},
	{method: "GET", path: "/healthz"},
	{method: "GET", path: "/readyz"},
	{method: "GET", path: "/openapi.yaml"},
	post("/models", `{"messages":[`+turn+`]}`),
	post("/models", `{"model":"llama3.2:1b","messages":[{"role":"system","content":"Be brief."},`+turn+`,{"role":"assistant","content":"Hi"}],"max_tokens":100,"temperature":1,"top_p":0,"stop":["1","2","3","4"]}`),
	post("/models", `{"model":null,"messages":[`+turn+`],"max_tokens":null,"temperature":null,"top_p":null,"stop":null}`),
	post("/models", `{"messages":[`+turn+`],"max_tokens":7.0,"stop":[]}`),
	{"POST", "/models", "application/json; charset=utf-8", `{"messages":[` + turn + `]}`},
	post("/chat/completions", `{"model":"amazon.nova-micro-v1:0","messages":[`+turn+`]}`),
	post("/chat/completions", `{"model":"llama3.2:1b","messages":[{"role":"developer","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},`+turn+`,
		{"role":"assistant","content":"Hi","refusal":null,"annotations":[],"tool_calls":null,"name":"x"}],"max_completion_tokens":1,"max_tokens":null,"stop":"END"}`),
	post("/chat/completions", `{"model":"amazon.nova-micro-v1:0","messages":[`+turn+`],"stop":["END"],"n":1,"stream":false,"frequency_penalty":0,"presence_penalty":0,
		"logit_bias":{},"logprobs":false,"top_logprobs":0,"response_format":{"type":"text"},"modalities":["text"],"tools":[],"tool_choice":"auto","functions":[],
		"function_call":"none","store":false,"audio":null,"prediction":null,"reasoning_effort":null,"stream_options":null,"verbosity":null,"web_search_options":null,
		"user":"a","metadata":{"a":"b"},"seed":-7,"service_tier":"auto","safety_identifier":"a","prompt_cache_key":"a","prompt_cache_retention":"24h","parallel_tool_calls":true}`),
	post("/chat/completions", `{"model":"amazon.nova-micro-v1:0","messages":[`+turn+`],"seed":-2431860813560928841809401525305344}`),
}

func TestValidRequestsMatchTheDescription(t *testing.T) {
	s := newSubject(t, nil)
	for _, c := range taken {
		s.check(t, c, http.StatusOK)
		valid, problems := s.validator.ValidateHttpRequest(c.http(t))
		for _, problem := range problems {
			t.Errorf("%s %s %.80s: %s: %s: %+v", c.method, c.path, c.body, problem.Message, problem.Reason, problem.SchemaValidationErrors)
		}
		assert.True(t, valid)
	}
}

// own and openAI return bodies with members in addition to a valid conversation.
func own(members string) call { return post("/models", `{"messages":[`+turn+`],`+members+`}`) }

func openAI(members string) call {
	return post("/chat/completions", `{"model":"amazon.nova-micro-v1:0","messages":[`+turn+`],`+members+`}`)
}

// refused are invalid requests, which the description doesn't allow either.
var refused = map[int][]call{
	http.StatusBadRequest: {
		post("/models", `{`), post("/models", `{} {}`), post("/chat/completions", `hello`),
	},
	http.StatusUnsupportedMediaType: {
		{"POST", "/models", "text/plain", `{"messages":[` + turn + `]}`},
		{"POST", "/chat/completions", "application/xml", `<a/>`},
	},
	http.StatusNotFound: {
		own(`"model":"amazon.titan-text-lite-v1"`),
		post("/chat/completions", `{"model":"gpt-4o","messages":[`+turn+`]}`),
	},
	http.StatusUnprocessableEntity: {
		post("/models", `{}`), post("/models", `[]`), post("/models", `null`), post("/models", `{"messages":[]}`), post("/models", `{"messages":{}}`),
		post("/models", `{"messages":[{"role":"system","content":"x"}]}`), post("/models", `{"messages":[{"role":"assistant","content":"x"}]}`),
		post("/models", `{"messages":["Hello"]}`), post("/models", `{"messages":[{}]}`), post("/models", `{"messages":[{"role":"tool","content":"x"}]}`),
		post("/models", `{"messages":[{"role":"user","content":""}]}`), post("/models", `{"messages":[{"role":"user","content":" \t"}]}`),
		post("/models", `{"messages":[{"role":"user","content":["x"]}]}`), post("/models", `{"messages":[{"role":"user","content":"x","name":"y"}]}`),
		own(`"stream":true`), own(`"model":7`), own(`"max_tokens":0`), own(`"max_tokens":101`), own(`"max_tokens":1.5`), own(`"max_tokens":"9"`),
		own(`"temperature":1.01`), own(`"temperature":false`), own(`"top_p":-0.1`), own(`"stop":"END"`), own(`"stop":[""]`), own(`"stop":[1]`),
		own(`"stop":["1","2","3","4","5"]`),
		post("/chat/completions", `{"messages":[`+turn+`]}`),
		post("/chat/completions", `{"model":"amazon.nova-micro-v1:0","messages":[{"role":"user","content":null}]}`),
		post("/chat/completions", `{"model":"amazon.nova-micro-v1:0","messages":[{"role":"user","content":[]}]}`),
		post("/chat/completions", `{"model":"amazon.nova-micro-v1:0","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]}`),
		post("/chat/completions", `{"model":"amazon.nova-micro-v1:0","messages":[{"role":"user","content":[{"type":"text","text":"x","y":1}]}]}`),
		post("/chat/completions", `{"model":"amazon.nova-micro-v1:0","messages":[{"role":"tool","content":"x","tool_call_id":"1"}]}`),
		post("/chat/completions", `{"model":"amazon.nova-micro-v1:0","messages":[`+turn+`,{"role":"assistant","content":"x","tool_calls":[{}]}]}`),
		post("/chat/completions", `{"model":"amazon.nova-micro-v1:0","messages":[`+turn+`,{"role":"assistant","content":"x","refusal":"no"}]}`),
		openAI(`"stream":true`), openAI(`"n":2`), openAI(`"tools":[{}]`), openAI(`"tool_choice":"required"`), openAI(`"functions":[{}]`),
		openAI(`"function_call":"f"`), openAI(`"response_format":{"type":"json_object"}`), openAI(`"frequency_penalty":1`), openAI(`"presence_penalty":1`),
		openAI(`"logit_bias":{"1":1}`), openAI(`"logprobs":true`), openAI(`"top_logprobs":1`), openAI(`"modalities":["audio"]`), openAI(`"audio":{}`),
		openAI(`"reasoning_effort":"low"`), openAI(`"verbosity":"low"`), openAI(`"store":true`), openAI(`"stream_options":{}`), openAI(`"prediction":{}`),
		openAI(`"web_search_options":{}`), openAI(`"user":7`), openAI(`"seed":1.5`), openAI(`"metadata":[]`), openAI(`"parallel_tool_calls":"no"`),
		openAI(`"service_tier":1`), openAI(`"safety_identifier":1`), openAI(`"prompt_cache_key":1`), openAI(`"prompt_cache_retention":1`), openAI(`"top_k":5`),
		openAI(`"stop":""`), openAI(`"max_completion_tokens":101`), openAI(`"max_tokens":5,"max_completion_tokens":5`),
	},
}

func TestInvalidRequestsDoNotMatchTheDescription(t *testing.T) {
	s := newSubject(t, nil)
	for status, calls := range refused {
		for _, c := range calls {
			s.check(t, c, status)
			assert.False(t, s.describes(t, c), "%d, and the description takes it: %s %s", status, c.path, c.body)
		}
	}
}

// A schema can't express these rules; the description has them in words.
func TestRejectionsBeyondTheSchema(t *testing.T) {
	s := newSubject(t, nil)
	for status, calls := range map[int][]call{
		http.StatusBadRequest:            {post("/models", `{"messages":[`+turn+`],"messages":[`+turn+`]}`)},
		http.StatusRequestEntityTooLarge: {post("/models", `{"messages":[`+turn+`]}`+strings.Repeat(" ", maxBody))},
	} {
		for _, c := range calls {
			s.check(t, c, status)
		}
	}
}

func TestFailuresOfTheModelMatchTheDescription(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
	}{
		{chat.ErrBusy, http.StatusTooManyRequests},
		{chat.ErrTimeout, http.StatusGatewayTimeout},
		{chat.ErrRejected, http.StatusUnprocessableEntity},
		{chat.ErrUnavailable, http.StatusServiceUnavailable},
		{io.ErrUnexpectedEOF, http.StatusBadGateway},
	} {
		s := newSubject(t, test.err)
		s.check(t, post("/models", `{"messages":[`+turn+`]}`), test.status)
		s.check(t, post("/chat/completions", `{"model":"llama3.2:1b","messages":[`+turn+`]}`), test.status)
		s.check(t, call{method: "GET", path: "/readyz"}, http.StatusServiceUnavailable)
		s.check(t, call{method: "GET", path: "/healthz"}, http.StatusOK)
	}
}
