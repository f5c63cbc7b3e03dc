package contract

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
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

// provider completes every conversation and embeds every text, or fails.
type provider struct {
	err  error // before the first piece of a stream
	late error // after the last one
	done chat.Choice
}

func (p *provider) Adapt(c chat.Conversation) chat.Adaptation {
	return chat.Adaptation{Conversation: c, Dropped: slices.Sorted(maps.Keys(c.Options))}
}

func (p *provider) Complete(_ context.Context, c chat.Conversation) (chat.Completion, error) {
	return chat.Completion{
		Choices: []chat.Choice{p.done}, Version: p.Describe(c.Model).Version,
		Usage: chat.Usage{InputTokens: 3, OutputTokens: 4, TotalTokens: 7, CachedTokens: 2, ReasoningTokens: 1},
	}, p.err
}

func (p *provider) Stream(ctx context.Context, c chat.Conversation, emit func(chat.Delta) error) (chat.Completion, error) {
	if p.err != nil {
		return chat.Completion{}, p.err
	}
	for _, block := range p.done.Reasoning {
		_ = emit(chat.Delta{Reasoning: &block})
	}
	if p.done.Text+p.done.Refusal != "" {
		_ = emit(chat.Delta{Text: p.done.Text, Refusal: p.done.Refusal, Logprobs: p.done.Logprobs})
	}
	for i, call := range p.done.ToolCalls {
		_ = emit(chat.Delta{ToolCall: &chat.ToolCallDelta{Index: i, ID: call.ID, Name: call.Name}})
		_ = emit(chat.Delta{ToolCall: &chat.ToolCallDelta{Index: i, Arguments: call.Arguments}})
	}
	done, err := p.Complete(ctx, c)
	return done, cmp.Or(p.late, err)
}

func (p *provider) Embed(_ context.Context, r chat.EmbeddingRequest) (chat.Embeddings, error) {
	return chat.Embeddings{Vectors: slices.Repeat([][]float32{{0.5}}, len(r.Texts)+len(r.Tokens)), InputTokens: 3}, p.err
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

// plain is the answer unless a test has another.
var plain = chat.Choice{Text: "Good day.", StopReason: chat.EndTurn}

func newSubject(t *testing.T, failure error) subject {
	t.Helper()
	return subjectOf(t, &provider{err: failure, done: plain})
}

func subjectOf(t *testing.T, p *provider) subject {
	t.Helper()
	s := subject{handler: api.New(api.Config{
		Prefix:  prefix,
		Limits:  api.Limits{Models: []string{model, "llama3.2:1b", "org/name:1"}, MaxTokens: maxTokens, MaxBody: maxBody},
		Stack:   "gatehouse-test",
		Log:     slog.New(slog.DiscardHandler),
		Metrics: io.Discard,

		Playground: true,
	}, p)}
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
	headers      map[string]string
}

func (c call) http(t *testing.T) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), c.method, "https://d111111abcdef8.cloudfront.net"+prefix+c.path, strings.NewReader(c.body))
	require.NoError(t, err)
	if c.contentType != "" {
		r.Header.Set("Content-Type", c.contentType)
	}
	for name, value := range c.headers {
		r.Header.Set(name, value)
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
	for name, value := range c.headers {
		headers[strings.ToLower(name)] = value
	}
	path, query, _ := strings.Cut(c.path, "?")
	parameters := map[string]string{}
	for name, values := range mustParse(t, query) {
		parameters[name] = strings.Join(values, ",")
	}
	event, err := json.Marshal(map[string]any{
		"version": "2.0", "rawPath": prefix + path, "headers": headers, "body": c.body, "queryStringParameters": parameters,
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

func mustParse(t *testing.T, query string) url.Values {
	t.Helper()
	values, err := url.ParseQuery(query)
	require.NoError(t, err)
	return values
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

func post(path, body string) call {
	return call{method: "POST", path: path, contentType: "application/json", body: body}
}

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
	{method: "GET", path: "/chat/healthz"},
	{method: "GET", path: "/readyz"},
	{method: "GET", path: "/openapi.yaml"},
	{method: "GET", path: "/playground"},
	post("/models", `{"messages":[`+turn+`]}`),
	post("/models", `{"model":"llama3.2:1b","messages":[{"role":"system","content":"Be brief."},`+turn+`,{"role":"assistant","content":"Hi"}],"max_tokens":100,"temperature":1,"top_p":0,"stop":["1","2","3","4"]}`),
	post("/models", `{"model":null,"messages":[`+turn+`],"max_tokens":null,"temperature":null,"top_p":null,"stop":null}`),
	post("/models", `{"messages":[`+turn+`],"max_tokens":7.0,"stop":[]}`),
	{method: "POST", path: "/models", contentType: "application/json; charset=utf-8", body: `{"messages":[` + turn + `]}`},
	post("/chat/completions", `{"model":"amazon.nova-micro-v1:0","messages":[`+turn+`]}`),
	post("/chat/completions", `{"model":"llama3.2:1b","messages":[{"role":"developer","content":[{"type":"text","text":"a"},{"type":"text","text":""}]},`+turn+`,
		{"role":"assistant","content":"Hi","refusal":null,"annotations":[],"tool_calls":null,"name":"x"}],"max_completion_tokens":1,"max_tokens":null,"stop":"END"}`),
	openAI(`"stop":["END"],"n":2,"stream":false,"frequency_penalty":1,"presence_penalty":-2,
		"logit_bias":{"1":-100},"logprobs":true,"top_logprobs":20,"response_format":{"type":"text"},"modalities":["text"],"tools":[],"tool_choice":"auto","functions":[],
		"function_call":"none","store":true,"audio":{},"prediction":{},"reasoning_effort":"low","stream_options":null,"verbosity":"low","web_search_options":{},
		"user":"a","metadata":{"a":"b"},"seed":-7,"service_tier":"auto","safety_identifier":"a","prompt_cache_key":"a","prompt_cache_retention":"24h","parallel_tool_calls":true`),
	openAI(`"seed":-2431860813560928841809401525305344,"max_tokens":1e9,"temperature":2,"unheard_of":{"a":1}`),
	post("/chat/completions", `{"model":"amazon.nova-micro-v1:0","messages":[{"role":"system","content":""},`+turn+`,
		{"role":"assistant","content":null,"reasoning_content":"r","thinking_blocks":[{"type":"thinking","thinking":"r","signature":"s"},{"type":"redacted_thinking","data":"YQ=="}],
		"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},
		{"role":"tool","tool_call_id":"1","content":[{"type":"text","text":"x"},{"type":"image_url","image_url":{"url":"`+gif+`","detail":"low"}}],"status":"error"},
		{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"`+pdf+`"}}]}],
		"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true}}],"tool_choice":{"type":"function","function":{"name":"f"}}}`),
	messages(`{"role":"system","content":"x"}`), openAI(`"stop":""`), openAI(`"stop":["1","2","3","4","5"]`),
	messages(turn + `,{"role":"assistant","content":[],"tool_calls":[{"id":"1","function":{"name":"f"}}]},{"role":"tool","tool_call_id":"1","content":null}`),
	{method: "GET", path: "/models/llama3.2:1b"},
	{method: "GET", path: "/models/org%2Fname%3A1"},
	embeddings(`"input":"a"`), embeddings(`"input":["a","b"],"dimensions":256,"encoding_format":"base64","user":"x"`), embeddings(`"input":[1,2],"unheard_of":1`), embeddings(`"input":[[1],[2]]`),
}

// Data URLs of the smallest files.
const (
	gif = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
	pdf = "data:application/pdf;base64,JVBERi0xLjcKJSVFT0YK"
)

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

func embeddings(members string) call {
	return post("/embeddings", `{"model":"org/name:1",`+members+`}`)
}

func openAI(members string) call {
	return post("/chat/completions", `{"model":"amazon.nova-micro-v1:0","messages":[`+turn+`],`+members+`}`)
}

// refused are invalid requests, which the description doesn't allow either.
var refused = map[int][]call{
	http.StatusBadRequest: {
		post("/models", `{`), post("/models", `{} {}`), post("/chat/completions", `hello`),
	},
	http.StatusUnsupportedMediaType: {
		{method: "POST", path: "/models", contentType: "text/plain", body: `{"messages":[` + turn + `]}`},
		{method: "POST", path: "/chat/completions", contentType: "application/xml", body: `<a/>`},
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
		messages(`{"role":"user","content":null}`), messages(`{"role":"user","content":[]}`), messages(`{"role":"function","content":"x"}`),
		messages(`{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}`),
		messages(`{"role":"user","content":[{"type":"file","file":{"file_id":"file-1"}}]}`),
		messages(`{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}`),
		messages(`{"role":"user","content":"x","tool_calls":[{}]}`), messages(`{"role":"tool","content":"x"}`), openAI(`"stop":[""]`), openAI(`"response_format":{"type":"json_object","schema":7}`),
		messages(turn + `,{"role":"assistant","content":"x","tool_calls":[{}]}`), messages(turn + `,{"role":"assistant","content":"x","refusal":7}`),
		messages(turn + `,{"role":"assistant","content":"x","thinking_blocks":[{"type":"x"}]}`), messages(turn + `,{"role":"assistant","audio":{"id":"1"}}`),
		openAI(`"stream":1`), openAI(`"stream":true,"stream_options":[]`), openAI(`"stream":true,"stream_options":{"include_usage":"yes"}`), openAI(`"n":9`), openAI(`"tools":[{}]`), openAI(`"tool_choice":"any"`), openAI(`"functions":[{}]`),
		openAI(`"function_call":"f"`), openAI(`"response_format":{"type":"grammar"}`), openAI(`"response_format":{"type":"json_schema"}`), openAI(`"frequency_penalty":3`),
		openAI(`"presence_penalty":"1"`), openAI(`"logit_bias":{"1":"a"}`), openAI(`"logprobs":1`), openAI(`"top_logprobs":21`), openAI(`"modalities":"audio"`), openAI(`"audio":7`),
		openAI(`"reasoning_effort":"some"`), openAI(`"verbosity":"some"`), openAI(`"store":1`), openAI(`"stream_options":{}`), openAI(`"prediction":1`),
		openAI(`"web_search_options":1`), openAI(`"user":7`), openAI(`"seed":1.5`), openAI(`"metadata":[]`), openAI(`"parallel_tool_calls":"no"`),
		openAI(`"service_tier":1`), openAI(`"safety_identifier":1`), openAI(`"prompt_cache_key":1`), openAI(`"prompt_cache_retention":1`),
		openAI(`"stop":["a",1]`), openAI(`"max_completion_tokens":0`), openAI(`"max_tokens":5,"max_completion_tokens":5`), openAI(`"temperature":2.5`),
		embeddings(`"input":""`), embeddings(`"input":[]`), embeddings(`"input":["a",1]`), embeddings(`"input":[1.5]`), embeddings(`"input":"a","dimensions":0`),
		embeddings(`"input":"a","encoding_format":"hex"`), embeddings(`"user":"a"`),
	},
}

func messages(text string) call {
	return post("/chat/completions", `{"model":"amazon.nova-micro-v1:0","messages":[`+text+`]}`)
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
		http.StatusBadRequest: {post("/models", `{"messages":[`+turn+`],"messages":[`+turn+`]}`)},
		http.StatusUnprocessableEntity: {
			messages(turn + `,{"role":"tool","tool_call_id":"1","content":"x"}`),
			messages(`{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,aGVsbG8="}}]}`),
			openAI(`"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"$ref":"https://example.com/s"}}}`),
			openAI(`"tool_choice":"required"`), openAI(`"a b":1`),
			openAI(`"stream":true`), openAI(`"stream":true,"stream_options":{"include_usage":true}`), // of an API that streams nothing
		},
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
		{&chat.Rejection{Members: []string{"top_p"}, Reason: "x"}, http.StatusUnprocessableEntity},
		{chat.ErrMalformed, http.StatusBadGateway},
		{&chat.Rejection{TooLong: true}, http.StatusBadRequest},
		{chat.ErrUnavailable, http.StatusServiceUnavailable},
		{io.ErrUnexpectedEOF, http.StatusBadGateway},
	} {
		s := newSubject(t, test.err)
		s.check(t, post("/models", `{"messages":[`+turn+`]}`), test.status)
		s.check(t, post("/chat/completions", `{"model":"llama3.2:1b","messages":[`+turn+`]}`), test.status)
		s.check(t, embeddings(`"input":"a"`), test.status)
		s.check(t, call{method: "GET", path: "/readyz"}, http.StatusServiceUnavailable)
		s.check(t, call{method: "GET", path: "/healthz"}, http.StatusOK)
	}
}

func TestEveryAnswerMatchesTheDescription(t *testing.T) {
	for _, choice := range []chat.Choice{
		{StopReason: chat.EndTurn},
		{Refusal: "No.", StopReason: chat.EndTurn},
		{Text: "x", StopReason: chat.MaxTokens, Logprobs: json.RawMessage(`{"content":[]}`)},
		{StopReason: chat.ToolUse, ToolCalls: []chat.ToolCall{{ID: "1", Name: "f", Arguments: "{}"}}, Reasoning: []chat.Reasoning{{Text: "r", Signature: "s"}, {Redacted: []byte{1}}}},
	} {
		subjectOf(t, &provider{done: choice}).check(t, openAI(`"n":1`), http.StatusOK)
	}
	subjectOf(t, &provider{done: plain}).check(t, openAI(`"response_format":{"type":"json_object"}`), http.StatusBadGateway)
}
