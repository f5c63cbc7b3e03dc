package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

const (
	testModel      = "amazon.nova-micro-v1:0"
	otherModel     = "amazon.nova-lite-v1:0"
	embeddingModel = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc"
	testMaxTokens  = 100
	testMaxBody    = 1 << 16
	apiID          = "Jh3kXh7GIAMEVjQ="
	hello          = `{"messages":[{"role":"user","content":"Hello"}]}`
	helloChat      = `{"model":"amazon.nova-micro-v1:0","messages":[{"role":"user","content":"Hello"}]}`
)

// fakeProvider completes every conversation, or fails.
type fakeProvider struct {
	err        error
	done       chat.Completion // instead of the usual one, if it has choices
	adaptation chat.Adaptation // all but the conversation
	embeddings chat.Embeddings
	calls      []chat.Conversation
	embedded   []chat.EmbeddingRequest
	until      time.Time // deadline of the last call
	ready      int       // number of readiness checks
	script     *scripted // of a stream
}

func (f *fakeProvider) Adapt(c chat.Conversation) chat.Adaptation {
	a := f.adaptation
	a.Conversation = c
	return a
}

func (f *fakeProvider) Complete(ctx context.Context, c chat.Conversation) (chat.Completion, error) {
	f.calls = append(f.calls, c)
	f.until, _ = ctx.Deadline()
	if f.err != nil {
		return chat.Completion{}, f.err
	}
	if len(f.done.Choices) > 0 {
		return f.done, nil
	}
	return chat.Completion{
		Choices: []chat.Choice{{Text: "Good day.", StopReason: chat.EndTurn}}, Version: "v1:0",
		Usage: chat.Usage{InputTokens: 3, OutputTokens: 4, TotalTokens: 7},
	}, nil
}

func (f *fakeProvider) Stream(ctx context.Context, c chat.Conversation, emit func(chat.Delta) error) (chat.Completion, error) {
	f.calls = append(f.calls, c)
	f.until, _ = ctx.Deadline()
	return f.script.run(ctx, emit)
}

func (f *fakeProvider) Embed(ctx context.Context, r chat.EmbeddingRequest) (chat.Embeddings, error) {
	f.embedded = append(f.embedded, r)
	f.until, _ = ctx.Deadline()
	return f.embeddings, f.err
}

func (f *fakeProvider) Ready(ctx context.Context) error {
	f.ready++
	f.until, _ = ctx.Deadline()
	return f.err
}

func (f *fakeProvider) Describe(model string) chat.Description {
	switch model {
	case testModel:
		return chat.Description{Owner: "amazon", Version: "v1:0", Kind: chat.KindChat}
	case embeddingModel:
		return chat.Description{Owner: "amazon", Kind: chat.KindEmbedding}
	}
	return chat.Description{Owner: "amazon"}
}

type setup struct {
	*Handler
	fake    *fakeProvider
	logs    *bytes.Buffer
	metrics *bytes.Buffer
	clock   time.Time
}

func newSetup() *setup {
	s := &setup{fake: &fakeProvider{}, logs: &bytes.Buffer{}, metrics: &bytes.Buffer{}, clock: time.Unix(1_769_860_800, 0)}
	s.Handler = New(Config{
		Prefix:  "/api",
		Limits:  Limits{Models: []string{testModel, otherModel, embeddingModel}, PassThrough: []string{"top_k"}, MaxTokens: testMaxTokens, MaxBody: testMaxBody},
		Stack:   "gatehouse-test",
		Log:     slog.New(slog.NewJSONHandler(s.logs, nil)),
		Metrics: s.metrics,

		Playground: true,
	}, s.fake)
	s.now = func() time.Time {
		s.clock = s.clock.Add(time.Millisecond)
		return s.clock
	}
	return s
}

// reset clears calls, logs and metrics, which is faster than another setup.
func (s *setup) reset() {
	s.fake.calls = s.fake.calls[:0]
	s.logs.Reset()
	s.metrics.Reset()
}

// texts returns parts of the type text.
func texts(all ...string) []chat.Part {
	parts := make([]chat.Part, len(all))
	for i, text := range all {
		parts[i] = chat.Part{Text: text}
	}
	return parts
}

// request returns a request that the authorizer accepted.
func request(method, path, body string) event {
	e := event{Version: "2.0", RawPath: path, Headers: map[string]string{}, Body: body}
	e.RequestContext.RequestID = apiID
	e.RequestContext.HTTP.Method = method
	e.RequestContext.Authorizer.Lambda.OriginKey = "20260131T235959.123Z-0a1b2c3d"
	if body != "" {
		e.Headers["content-type"] = "application/json"
	}
	return e
}

func post(body string) event { return request(http.MethodPost, "/api/models", body) }

func postChat(body string) event { return request(http.MethodPost, "/api/chat/completions", body) }

// do sends an event, checks what every response has, and returns it.
func (s *setup) do(t testing.TB, e event) response {
	t.Helper()
	payload, err := json.Marshal(e)
	require.NoError(t, err)
	text, err := s.Invoke(t.Context(), payload)
	require.NoError(t, err)
	var r response
	require.NoError(t, json.Unmarshal(text, &r))
	assert.Equal(t, "no-store", r.Headers["cache-control"])
	assert.Equal(t, e.id(), r.Headers["x-request-id"])
	assert.False(t, r.IsBase64Encoded)
	if r.StatusCode != http.StatusOK && e.RequestContext.HTTP.Method != http.MethodHead {
		p := problemIn(t, r)
		assert.Equal(t, r.StatusCode, p.Status)
		assert.Equal(t, "about:blank", p.Type)
		assert.Equal(t, http.StatusText(p.Status), p.Title)
		assert.NotEmpty(t, p.Detail)
		assert.Equal(t, e.id(), p.Instance)
		assert.Equal(t, p.Code, p.Error.Code)
		assert.Contains(t, p.Error.Message, p.Detail)
	}
	return r
}

func problemIn(t testing.TB, r response) problem {
	t.Helper()
	require.Equal(t, "application/problem+json", r.Headers["content-type"])
	var p problem
	require.NoError(t, json.Unmarshal([]byte(r.Body), &p))
	return p
}

func TestCompletesAConversation(t *testing.T) {
	s := newSetup()
	r := s.do(t, post(hello))
	assert.Equal(t, http.StatusOK, r.StatusCode)
	assert.Equal(t, "application/json", r.Headers["content-type"])
	assert.JSONEq(t, `{
		"model": "amazon.nova-micro-v1:0",
		"model_version": "v1:0",
		"text": "Good day.",
		"stop_reason": "end_turn",
		"usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
		"request_id": "Jh3kXh7GIAMEVjQ="
	}`, r.Body)
	assert.Equal(t, []chat.Conversation{{
		Model: testModel, Messages: []chat.Message{{Role: "user", Content: texts("Hello")}}, MaxTokens: testMaxTokens,
	}}, s.fake.calls)
}

func TestCompletesInOpenAIsFormat(t *testing.T) {
	s := newSetup()
	r := s.do(t, postChat(helloChat))
	assert.Equal(t, http.StatusOK, r.StatusCode)
	assert.JSONEq(t, `{
		"id": "chatcmpl-Jh3kXh7GIAMEVjQ",
		"object": "chat.completion",
		"created": 1769860800,
		"model": "amazon.nova-micro-v1:0",
		"system_fingerprint": "v1:0",
		"choices": [{"index": 0, "message": {"role": "assistant", "content": "Good day.", "refusal": null}, "logprobs": null, "finish_reason": "stop"}],
		"usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7, "prompt_tokens_details": {"cached_tokens": 0}},
		"request_id": "Jh3kXh7GIAMEVjQ="
	}`, r.Body)
}

func TestListsModelsInOpenAIsFormat(t *testing.T) {
	r := newSetup().do(t, request(http.MethodGet, "/api/models", ""))
	assert.Equal(t, http.StatusOK, r.StatusCode)
	assert.JSONEq(t, `{"object": "list", "request_id": "Jh3kXh7GIAMEVjQ=", "data": [
		{"id": "amazon.nova-micro-v1:0", "object": "model", "created": 0, "owned_by": "amazon", "version": "v1:0", "default": true, "max_tokens": 100},
		{"id": "amazon.nova-lite-v1:0", "object": "model", "created": 0, "owned_by": "amazon", "version": null, "default": false, "max_tokens": 100},
		{"id": "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc", "object": "model", "created": 0, "owned_by": "amazon", "version": null, "default": false, "max_tokens": 100}
	]}`, r.Body)
}

func TestForwardsTheWholeConversation(t *testing.T) {
	temperature, topP := 0.25, 1.0
	want := chat.Conversation{
		Model: otherModel,
		Messages: []chat.Message{
			{Role: "system", Content: texts("Be brief.")},
			{Role: "user", Content: texts("Grüß Gott")},
			{Role: "assistant", Content: texts("Hi")},
			{Role: "user", Content: texts(" 1+1? ")},
		},
		MaxTokens: 7, Temperature: &temperature, TopP: &topP, Stop: []string{"\n", "END"},
	}
	const messages = `"messages": [
			{"role": "system", "content": "Be brief."},
			{"role": "user", "content": "Grüß \u0047ott"},
			{"content": "Hi", "role": "assistant"},
			{"role": "user", "content": " 1+1? "}
		]`
	const parameters = `"model": "amazon.nova-lite-v1:0", "temperature": 0.25, "top_p": 1, "stop": ["\n", "END"], `
	for title, e := range map[string]event{
		"own":                   post(`{` + parameters + messages + `, "max_tokens": 7}`),
		"whole number":          post(`{` + parameters + messages + `, "max_tokens": 0.7e1}`),
		"max_tokens":            postChat(`{` + parameters + messages + `, "max_tokens": 7}`),
		"max_completion_tokens": postChat(`{` + parameters + messages + `, "max_completion_tokens": 7}`),
		"the other null":        postChat(`{` + parameters + messages + `, "max_completion_tokens": 7, "max_tokens": null}`),
		"developer":             postChat(`{` + parameters + strings.Replace(messages, "system", "developer", 1) + `, "max_tokens": 7}`),
	} {
		s := newSetup()
		r := s.do(t, e)
		assert.Equal(t, http.StatusOK, r.StatusCode, "%s: %s", title, r.Body)
		assert.Equal(t, []chat.Conversation{want}, s.fake.calls, title)
	}
}

func TestAcceptsEventsOfAPIGateway(t *testing.T) {
	inBase64 := post(base64.StdEncoding.EncodeToString([]byte(hello)))
	inBase64.IsBase64Encoded = true
	uncompressed := post(hello)
	uncompressed.Headers["content-encoding"] = "Identity"
	for title, e := range map[string]event{
		"base64":                inBase64,
		"not compressed":        uncompressed,
		"optional members null": post(`{"messages":[{"role":"user","content":"Hello"}],"model":null,"max_tokens":null,"temperature":null,"top_p":null,"stop":null}`),
		"white space":           post("\n " + hello + "\r\n"),
		"largest body":          post(hello + strings.Repeat(" ", testMaxBody-len(hello))),
	} {
		s := newSetup()
		assert.Equal(t, http.StatusOK, s.do(t, e).StatusCode, title)
		assert.Equal(t, texts("Hello"), s.fake.calls[0].Messages[0].Content, title)
	}
}

// with returns a valid request with a change.
func with(change func(*event)) event {
	e := post(hello)
	change(&e)
	return e
}

func withHeader(name, value string) event { return with(func(e *event) { e.Headers[name] = value }) }

func TestRejectsOtherRequests(t *testing.T) {
	base64Body := func(body string) event { return with(func(e *event) { e.Body, e.IsBase64Encoded = body, true }) }
	large := strings.Repeat(" ", testMaxBody+1)
	for title, test := range map[string]struct {
		event         event
		status        int
		code          string
		header, value string
	}{
		"another path":               {request("GET", "/api/model", ""), 404, codeNotFound, "", ""},
		"path with slash":            {request("POST", "/api/models/", hello), 404, codeNotFound, "", ""},
		"path of another case":       {request("POST", "/api/Models", hello), 404, codeNotFound, "", ""},
		"no path":                    {request("POST", "", hello), 404, codeNotFound, "", ""},
		"the prefix":                 {request("GET", "/api", ""), 404, codeNotFound, "", ""},
		"another prefix":             {request("GET", "/apis/models", ""), 404, codeNotFound, "", ""},
		"no prefix":                  {request("GET", "/models", ""), 404, codeNotFound, "", ""},
		"DELETE models":              {request("DELETE", "/api/models", ""), 405, codeMethod, "allow", "GET, HEAD, POST"},
		"post in lower case":         {request("post", "/api/models", hello), 405, codeMethod, "allow", "GET, HEAD, POST"},
		"GET completions":            {request("GET", "/api/chat/completions", ""), 405, codeMethod, "allow", "POST"},
		"HEAD completions":           {request("HEAD", "/api/chat/completions", ""), 405, "", "allow", "POST"},
		"POST healthz":               {request("POST", "/api/healthz", ""), 405, codeMethod, "allow", "GET, HEAD"},
		"OPTIONS openapi":            {request("OPTIONS", "/api/openapi.yaml", ""), 405, codeMethod, "allow", "GET, HEAD"},
		"no content type":            {withHeader("content-type", ""), 415, codeMediaType, "accept-post", "application/json"},
		"form":                       {withHeader("content-type", "application/x-www-form-urlencoded"), 415, codeMediaType, "accept-post", "application/json"},
		"another charset":            {withHeader("content-type", "application/json; charset=latin1"), 415, codeMediaType, "accept-post", "application/json"},
		"malformed content type":     {withHeader("content-type", "application/json; ="), 415, codeMediaType, "accept-post", "application/json"},
		"compressed":                 {withHeader("content-encoding", "gzip"), 415, codeMediaType, "accept-encoding", "identity"},
		"too large":                  {post(large), 413, codeBodyTooLarge, "", ""},
		"far too large":              {post(large + large), 413, codeBodyTooLarge, "", ""},
		"too large, in base64":       {base64Body(base64.StdEncoding.EncodeToString([]byte(large))), 413, codeBodyTooLarge, "", ""},
		"far too large, in base64":   {base64Body(base64.StdEncoding.EncodeToString([]byte(large + large))), 413, codeBodyTooLarge, "", ""},
		"malformed base64":           {base64Body("e30"), 400, codeMalformedBody, "", ""},
		"JSON that claims base64":    {base64Body(hello), 400, codeMalformedBody, "", ""},
		"broken JSON within base64":  {base64Body(base64.StdEncoding.EncodeToString([]byte("{"))), 400, codeMalformedBody, "", ""},
		"another model":              {post(`{"model":"amazon.titan-text-lite-v1","messages":[{"role":"user","content":"Hello"}]}`), 404, codeModelNotFound, "", ""},
		"another model, completions": {postChat(strings.Replace(helloChat, "nova-micro", "titan", 1)), 404, codeModelNotFound, "", ""},
	} {
		t.Run(title, func(t *testing.T) {
			s := newSetup()
			r := s.do(t, test.event)
			assert.Equal(t, test.status, r.StatusCode, r.Body)
			assert.Equal(t, test.value, r.Headers[test.header])
			if test.code != "" {
				assert.Equal(t, test.code, problemIn(t, r).Code)
			}
			assert.Empty(t, s.fake.calls)
		})
	}
	for _, good := range []string{"application/json;charset=UTF-8", "Application/JSON", "application/json; charset=\"utf-8\"", "application/json; charset=utf8"} {
		assert.Equal(t, http.StatusOK, newSetup().do(t, withHeader("content-type", good)).StatusCode, good)
	}
}

func TestRejectsRequestsThatBypassTheAuthorizer(t *testing.T) {
	for _, e := range []event{post(hello), request("GET", "/api/healthz", ""), request("GET", "/nowhere", "")} {
		e.RequestContext.Authorizer.Lambda.OriginKey = ""
		s := newSetup()
		r := s.do(t, e)
		assert.Equal(t, http.StatusUnauthorized, r.StatusCode)
		assert.Equal(t, "authentication_error", problemIn(t, r).Error.Type)
		assert.Empty(t, s.fake.calls)
	}
}

const user = `{"role":"user","content":"Hello"}`

type faults map[string]string // pointer to a part of the detail

func checkFaults(t *testing.T, path, body string, status int, want faults) {
	t.Helper()
	s := newSetup()
	r := s.do(t, request(http.MethodPost, path, body))
	title := body[:min(len(body), 90)]
	require.Equal(t, status, r.StatusCode, "%s: %s", title, r.Body)
	p := problemIn(t, r)
	require.Len(t, p.Errors, len(want), "%s: %s", title, r.Body)
	for _, fault := range p.Errors {
		require.Contains(t, want, fault.Pointer, title)
		assert.Contains(t, fault.Detail, want[fault.Pointer], title)
	}
	assert.Equal(t, p.Errors[0].Pointer, *p.Error.Param)
	assert.Contains(t, p.Error.Message, p.Errors[0].Detail)
	assert.Equal(t, "invalid_request_error", p.Error.Type)
	assert.Empty(t, s.fake.calls, title)
}

func TestRejectsInvalidBodies(t *testing.T) {
	for body, test := range map[string]struct {
		status int
		faults faults
	}{
		" ":                 {400, faults{"": "unexpected end"}},
		"{":                 {400, faults{"": "unexpected end"}},
		"hello":             {400, faults{"": "at byte 1"}},
		hello + hello:       {400, faults{"": "after top-level value"}},
		hello + "]":         {400, faults{"": "after top-level value"}},
		`{"messages":[1,]}`: {400, faults{"": "invalid character"}},
		"{\"messages\":[{\"role\":\"user\",\"content\":\"\n\"}]}":                 {400, faults{"": "invalid character"}},
		`{"messages":[{"role":"user","content":"\ud800"}]}`:                       {400, faults{"": "surrogate pair"}},
		`{"messages":[` + user + `],"messages":[]}`:                               {400, faults{"/messages": "duplicate member"}},
		`{"messages":[` + user + `,{"role":"user","content":"a","content":"b"}]}`: {400, faults{"/messages/1/content": "duplicate member"}},
		`{"a/b~c":{"\u0061":1,"a":2}}`:                                            {400, faults{"/a~1b~0c/a": "duplicate member"}},
		strings.Repeat("[", testMaxBody):                                          {400, faults{"": "depth"}},

		`null`:                        {422, faults{"": "got nothing"}},
		`true`:                        {422, faults{"": "got true"}},
		`[]`:                          {422, faults{"": "got an empty array"}},
		`7`:                           {422, faults{"": "got a number"}},
		`{}`:                          {422, faults{"/messages": "got nothing"}},
		`{"messages":[]}`:             {422, faults{"/messages": "got an empty array"}},
		`{"messages":{}}`:             {422, faults{"/messages": "got an object"}},
		`{"messages":"Hello"}`:        {422, faults{"/messages": "got a string"}},
		`{"messages":["Hello"]}`:      {422, faults{"/messages/0": "want an object with role, content, got a string"}},
		`{"messages":[null]}`:         {422, faults{"/messages/0": "got nothing"}},
		`{"messages":[[1]]}`:          {422, faults{"/messages/0": "got an array of 1"}},
		`{"messages":[{}]}`:           {422, faults{"/messages/0/role": "got nothing", "/messages/0/content": "got nothing"}},
		`{"Messages":[` + user + `]}`: {422, faults{"/Messages": "unknown", "/messages": "got nothing"}},
		`{"messages":[` + user + `],"streaming":true}`:                  {422, faults{"/streaming": "unknown: want model, messages, max_tokens"}},
		`{"messages":[` + user + `],"model":7}`:                         {422, faults{"/model": "got a number"}},
		`{"messages":[` + user + `],"model":""}`:                        {422, faults{"/model": "got a blank string"}},
		`{"messages":[{"role":"user","content":"Hello","name":"x"}]}`:   {422, faults{"/messages/0/name": "unknown"}},
		`{"messages":[{"role":"tool","content":"Hello"}]}`:              {422, faults{"/messages/0/role": "want system, user or assistant"}},
		`{"messages":[{"role":"developer","content":"Hello"}]}`:         {422, faults{"/messages/0/role": "want system, user or assistant"}},
		`{"messages":[{"role":"user","content":" \t"}]}`:                {422, faults{"/messages/0/content": "got a blank string"}},
		`{"messages":[{"role":"user","content":["Hello"]}]}`:            {422, faults{"/messages/0/content": "got an array"}},
		`{"messages":[{"role":"system","content":"Hello"}]}`:            {422, faults{"/messages": "want a user's message"}},
		`{"messages":[{"role":"assistant","content":"Hello"}]}`:         {422, faults{"/messages": "want a user's message"}},
		`{"messages":[` + user + `],"max_tokens":0}`:                    {422, faults{"/max_tokens": "from 1 to 100"}},
		`{"messages":[` + user + `],"max_tokens":101}`:                  {422, faults{"/max_tokens": "from 1 to 100"}},
		`{"messages":[` + user + `],"max_tokens":1.5}`:                  {422, faults{"/max_tokens": "whole number"}},
		`{"messages":[` + user + `],"max_tokens":1e9}`:                  {422, faults{"/max_tokens": "whole number"}},
		`{"messages":[` + user + `],"max_tokens":1e999}`:                {422, faults{"/max_tokens": "whole number"}},
		`{"messages":[` + user + `],"max_tokens":"9"}`:                  {422, faults{"/max_tokens": "got a string"}},
		`{"messages":[` + user + `],"max_tokens":99999999999999999999}`: {422, faults{"/max_tokens": "got a number"}},
		`{"messages":[` + user + `],"temperature":1.01,"top_p":-0.1}`:   {422, faults{"/temperature": "from 0 to 1", "/top_p": "from 0 to 1"}},
		`{"messages":[` + user + `],"temperature":1e999}`:               {422, faults{"/temperature": "from 0 to 1"}},
		`{"messages":[` + user + `],"temperature":false}`:               {422, faults{"/temperature": "got false"}},
		`{"messages":[` + user + `],"stop":"END"}`:                      {422, faults{"/stop": "want an array of at most 4 strings"}},
		`{"messages":[` + user + `],"stop":["1","2","3","4","5"]}`:      {422, faults{"/stop": "got an array of 5"}},
		`{"messages":[` + user + `],"stop":["END","",1]}`:               {422, faults{"/stop/1": "not empty", "/stop/2": "got a number"}},
	} {
		checkFaults(t, "/api/models", body, test.status, test.faults)
	}
}

func TestRejectsInvalidUTF8(t *testing.T) {
	e := post(base64.StdEncoding.EncodeToString([]byte("{\"messages\":[{\"role\":\"user\",\"content\":\"\xff\"}]}")))
	e.IsBase64Encoded = true
	r := newSetup().do(t, e)
	assert.Equal(t, http.StatusBadRequest, r.StatusCode)
	assert.Equal(t, "not UTF-8", problemIn(t, r).Errors[0].Detail)
}

func TestRejectsStreamingWithItsOwnCode(t *testing.T) {
	for _, e := range []event{
		postChat(strings.TrimSuffix(helloChat, "}") + `,"stream":true}`),
		postChat(strings.TrimSuffix(helloChat, "}") + `,"stream":true,"stream_options":{"include_usage":true}}`),
		post(strings.TrimSuffix(hello, "}") + `,"stream":true}`),
	} {
		r := newSetup().do(t, e)
		assert.Equal(t, http.StatusUnprocessableEntity, r.StatusCode)
		p := problemIn(t, r)
		assert.Equal(t, codeStreaming, p.Code)
		assert.Contains(t, p.Error.Message, "can't be streamed")
		assert.Equal(t, "/stream", p.Errors[0].Pointer)
	}
}

func TestLimitsTheNumberOfFaults(t *testing.T) {
	r := newSetup().do(t, post(`{"messages":[1`+strings.Repeat(",1", 1000)+`]}`))
	assert.Equal(t, http.StatusUnprocessableEntity, r.StatusCode)
	assert.Len(t, problemIn(t, r).Errors, maxFaults)
}

func TestProblemsOfTheProvider(t *testing.T) {
	for _, test := range []struct {
		err        error
		status     int
		code       string
		errorType  string
		retryAfter string
	}{
		{fmt.Errorf("%w: ThrottlingException", chat.ErrBusy), 429, codeBusy, "rate_limit_error", "5"},
		{fmt.Errorf("%w: deadline", chat.ErrTimeout), 504, codeTimeout, "server_error", ""},
		{fmt.Errorf("%w: ValidationException", chat.ErrRejected), 422, codeRejected, "invalid_request_error", ""},
		{fmt.Errorf("%w: ServiceUnavailableException", chat.ErrUnavailable), 503, codeUnavailable, "server_error", "5"},
		{errors.New("AccessDeniedException: arn:aws:iam::123456789012:role/model"), 502, codeModelFailed, "server_error", ""},
	} {
		for _, e := range []event{post(hello), postChat(helloChat)} {
			s := newSetup()
			s.fake.err = test.err
			r := s.do(t, e)
			assert.Equal(t, test.status, r.StatusCode)
			assert.Equal(t, test.retryAfter, r.Headers["retry-after"])
			assert.Equal(t, test.code, problemIn(t, r).Code)
			assert.Equal(t, test.errorType, problemIn(t, r).Error.Type)
			assert.NotContains(t, r.Body, "Exception", "that is the operator's")
			assert.Contains(t, s.logs.String(), test.err.Error())
		}
	}
}

func TestTimesOutBeforeTheInvocationDoes(t *testing.T) {
	s := newSetup()
	end := time.Now().Add(29 * time.Second)
	ctx, cancel := context.WithDeadline(t.Context(), end)
	defer cancel()
	payload, err := json.Marshal(post(hello))
	require.NoError(t, err)
	_, err = s.Invoke(ctx, payload)
	require.NoError(t, err)
	assert.True(t, s.fake.until.Equal(end.Add(-margin)), s.fake.until)
}

func TestUsesTheRequestIDOfCloudFront(t *testing.T) {
	for given, want := range map[string]string{
		"0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0":                     "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
		"EXAMPLEntjQpEXAMPLE_SG5Z-EXAMPLEPmPfEXAMPLEu3EqEXAMPLE==": "EXAMPLEntjQpEXAMPLE_SG5Z-EXAMPLEPmPfEXAMPLEu3EqEXAMPLE==",
		"":                          apiID,
		"short":                     apiID,
		"0f1e2d3c,4b5a6978":         apiID,
		"0f1e2d3c 4b5a6978":         apiID,
		"0f1e2d3c\n4b5a6978":        apiID,
		"<script>alert(1)</script>": apiID,
		strings.Repeat("a", 65):     apiID,
	} {
		s := newSetup()
		r := s.do(t, withHeader("x-request-id", given))
		assert.Equal(t, want, r.Headers["x-request-id"])
		assert.Contains(t, r.Body, `"request_id":"`+want+`"`)
		var line struct{ RequestID, APIRequestID string }
		require.NoError(t, json.Unmarshal(s.logs.Bytes(), &line))
		assert.Equal(t, want, line.RequestID)
		assert.Equal(t, apiID, line.APIRequestID)
	}
}

func TestHeadIsGetWithoutBody(t *testing.T) {
	for _, path := range []string{"/api/models", "/api/healthz", "/api/readyz", "/api/openapi.yaml", "/api/playground"} {
		head, get := newSetup().do(t, request("HEAD", path, "")), newSetup().do(t, request("GET", path, ""))
		assert.Equal(t, http.StatusOK, head.StatusCode)
		assert.Equal(t, get.Headers, head.Headers)
		assert.Empty(t, head.Body)
		assert.NotEmpty(t, get.Body)
	}
}

func TestHealth(t *testing.T) {
	s := newSetup()
	s.fake.err = chat.ErrUnavailable
	assert.JSONEq(t, `{"status": "ok", "request_id": "Jh3kXh7GIAMEVjQ="}`, s.do(t, request("GET", "/api/healthz", "")).Body)
	assert.Zero(t, s.fake.ready)
}

func TestReadinessIsCached(t *testing.T) {
	s := newSetup()
	readyz := request("GET", "/api/readyz", "")
	assert.JSONEq(t, `{"status": "ready", "request_id": "Jh3kXh7GIAMEVjQ="}`, s.do(t, readyz).Body)
	assert.LessOrEqual(t, time.Until(s.fake.until), readyTimeout)
	s.fake.err = chat.ErrUnavailable
	assert.Equal(t, http.StatusOK, s.do(t, readyz).StatusCode)
	assert.Equal(t, 1, s.fake.ready)

	s.clock = s.clock.Add(readyTTL)
	for range 2 {
		r := s.do(t, readyz)
		assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode)
		assert.Equal(t, "5", r.Headers["retry-after"])
		assert.Equal(t, codeUnavailable, problemIn(t, r).Code)
	}
	assert.Equal(t, 2, s.fake.ready)
	assert.Contains(t, s.logs.String(), chat.ErrUnavailable.Error())

	s.fake.err = nil
	s.clock = s.clock.Add(readyTTL)
	assert.Equal(t, http.StatusOK, s.do(t, readyz).StatusCode)
}

func TestOtherEventsAreErrors(t *testing.T) {
	for _, payload := range []string{"", "{}", "[]", `{"version":"1.0","body":"Sesame"}`, `{"version":"2.0","headers":"Sesame"}`, "Sesame"} {
		_, err := newSetup().Invoke(t.Context(), []byte(payload))
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "Sesame")
	}
}
