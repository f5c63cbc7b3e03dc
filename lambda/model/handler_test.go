package main

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
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	testModel     = "amazon.nova-micro-v1:0"
	testMaxTokens = 100
	testRequestID = "Jh3kXh7GIAMEVjQ="
	hello         = `{"messages":[{"role":"user","content":"Hello"}]}`
)

// fakeProvider answers every conversation, or fails.
type fakeProvider struct {
	err   error
	asked []conversation
	until time.Time // the deadline it was asked with
}

func (f *fakeProvider) complete(ctx context.Context, c conversation) (completion, error) {
	f.asked = append(f.asked, c)
	f.until, _ = ctx.Deadline()
	if f.err != nil {
		return completion{}, f.err
	}
	return completion{text: "Good day.", stopReason: "end_turn", usage: usage{3, 4, 7}}, nil
}

type setup struct {
	*handler
	provider *fakeProvider
	logs     *bytes.Buffer
}

func newSetup() setup {
	s := setup{provider: &fakeProvider{}, logs: &bytes.Buffer{}}
	s.handler = &handler{provider: s.provider, model: testModel, maxTokens: testMaxTokens, log: slog.New(slog.NewJSONHandler(s.logs, nil))}
	return s
}

// post is the event of a POST as API Gateway sends it.
func post(body string) events.APIGatewayV2HTTPRequest {
	event := events.APIGatewayV2HTTPRequest{
		Version: "2.0",
		RawPath: "/api/models",
		Headers: map[string]string{"content-type": "application/json"},
		Body:    body,
	}
	event.RequestContext.RequestID = testRequestID
	event.RequestContext.HTTP.Method = http.MethodPost
	return event
}

// do sends an event, checks what every response has, and returns it.
func (s setup) do(t *testing.T, event events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPResponse {
	t.Helper()
	response, err := s.handle(t.Context(), event)
	require.NoError(t, err)
	assert.Equal(t, "no-store", response.Headers["cache-control"])
	assert.False(t, response.IsBase64Encoded)
	if response.StatusCode != http.StatusOK {
		p := problemIn(t, response)
		assert.Equal(t, response.StatusCode, p.Status)
		assert.Equal(t, "about:blank", p.Type)
		assert.Equal(t, http.StatusText(p.Status), p.Title)
		assert.NotEmpty(t, p.Detail)
		assert.Equal(t, event.RequestContext.RequestID, p.Instance)
	}
	return response
}

func problemIn(t *testing.T, response events.APIGatewayV2HTTPResponse) problem {
	t.Helper()
	require.Equal(t, "application/problem+json", response.Headers["content-type"])
	var p problem
	require.NoError(t, json.Unmarshal([]byte(response.Body), &p))
	return p
}

func TestAnswers(t *testing.T) {
	s := newSetup()
	response := s.do(t, post(hello))
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, "application/json", response.Headers["content-type"])
	assert.JSONEq(t, `{
		"model": "amazon.nova-micro-v1:0",
		"text": "Good day.",
		"stop_reason": "end_turn",
		"usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
		"request_id": "Jh3kXh7GIAMEVjQ="
	}`, response.Body)
	assert.Equal(t, []conversation{{messages: []message{{roleUser, "Hello"}}, maxTokens: testMaxTokens}}, s.provider.asked)
}

func TestPassesTheWholeConversationOn(t *testing.T) {
	temperature, topP := 0.25, 1.0
	s := newSetup()
	response := s.do(t, post(`{
		"messages": [
			{"role": "system", "content": "Be brief."},
			{"role": "user", "content": "Grüß \u0047ott"},
			{"content": "Hi", "role": "assistant"},
			{"role": "user", "content": " 1+1? "}
		],
		"max_tokens": 7, "temperature": 0.25, "top_p": 1, "stop": ["\n", "END"]
	}`))
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, []conversation{{
		messages:  []message{{roleSystem, "Be brief."}, {roleUser, "Grüß Gott"}, {roleAssistant, "Hi"}, {roleUser, " 1+1? "}},
		maxTokens: 7, temperature: &temperature, topP: &topP, stop: []string{"\n", "END"},
	}}, s.provider.asked)
}

func TestTakesWhatAPIGatewaySends(t *testing.T) {
	inBase64 := post(base64.StdEncoding.EncodeToString([]byte(hello)))
	inBase64.IsBase64Encoded = true
	for title, event := range map[string]events.APIGatewayV2HTTPRequest{
		"base64":                inBase64,
		"optional members null": post(`{"messages":[{"role":"user","content":"Hello"}],"max_tokens":null,"temperature":null,"top_p":null,"stop":null}`),
		"white space":           post("\n " + hello + "\r\n"),
		"largest body":          post(hello + strings.Repeat(" ", maxBody-len(hello))),
	} {
		s := newSetup()
		assert.Equal(t, http.StatusOK, s.do(t, event).StatusCode, title)
		assert.Equal(t, []message{{roleUser, "Hello"}}, s.provider.asked[0].messages, title)
	}
}

func TestRefusesOtherRequests(t *testing.T) {
	with := func(change func(*events.APIGatewayV2HTTPRequest)) events.APIGatewayV2HTTPRequest {
		event := post(hello)
		change(&event)
		return event
	}
	contentType := func(value string) events.APIGatewayV2HTTPRequest {
		return with(func(e *events.APIGatewayV2HTTPRequest) { e.Headers["content-type"] = value })
	}
	method := func(value string) events.APIGatewayV2HTTPRequest {
		return with(func(e *events.APIGatewayV2HTTPRequest) { e.RequestContext.HTTP.Method = value })
	}
	path := func(value string) events.APIGatewayV2HTTPRequest {
		return with(func(e *events.APIGatewayV2HTTPRequest) { e.RawPath = value })
	}
	base64Body := func(body string) events.APIGatewayV2HTTPRequest {
		return with(func(e *events.APIGatewayV2HTTPRequest) { e.Body, e.IsBase64Encoded = body, true })
	}
	large := strings.Repeat(" ", maxBody+1)
	for title, test := range map[string]struct {
		event         events.APIGatewayV2HTTPRequest
		status        int
		header, value string
	}{
		"another path":              {path("/api/model"), 404, "", ""},
		"path with slash":           {path("/api/models/"), 404, "", ""},
		"no path":                   {path(""), 404, "", ""},
		"GET":                       {method("GET"), 405, "allow", "POST"},
		"HEAD":                      {method("HEAD"), 405, "allow", "POST"},
		"post in lower case":        {method("post"), 405, "allow", "POST"},
		"no content type":           {contentType(""), 415, "accept-post", "application/json"},
		"form":                      {contentType("application/x-www-form-urlencoded"), 415, "accept-post", "application/json"},
		"another charset":           {contentType("application/json; charset=latin1"), 415, "accept-post", "application/json"},
		"malformed content type":    {contentType("application/json; ="), 415, "accept-post", "application/json"},
		"too large":                 {post(large), 413, "", ""},
		"far too large":             {post(large + large), 413, "", ""},
		"too large, in base64":      {base64Body(base64.StdEncoding.EncodeToString([]byte(large))), 413, "", ""},
		"far too large, in base64":  {base64Body(base64.StdEncoding.EncodeToString([]byte(large + large))), 413, "", ""},
		"malformed base64":          {base64Body("e30"), 400, "", ""},
		"JSON that claims base64":   {base64Body(hello), 400, "", ""},
		"broken JSON within base64": {base64Body(base64.StdEncoding.EncodeToString([]byte("{"))), 400, "", ""},
	} {
		t.Run(title, func(t *testing.T) {
			s := newSetup()
			response := s.do(t, test.event)
			assert.Equal(t, test.status, response.StatusCode, response.Body)
			assert.Equal(t, test.value, response.Headers[test.header])
			assert.Empty(t, s.provider.asked)
		})
	}
	for _, good := range []string{"application/json;charset=UTF-8", "Application/JSON", "application/json; charset=\"utf-8\""} {
		assert.Equal(t, http.StatusOK, newSetup().do(t, contentType(good)).StatusCode, good)
	}
}

func TestRefusesOtherBodies(t *testing.T) {
	type faults map[string]string // pointer to a part of the detail
	const user = `{"role":"user","content":"Hello"}`
	for body, test := range map[string]struct {
		status int
		faults faults
	}{
		"":                  {400, faults{"": "unexpected end"}},
		"{":                 {400, faults{"": "unexpected end"}},
		"hello":             {400, faults{"": "at byte 1"}},
		hello + hello:       {400, faults{"": "after top-level value"}},
		hello + "]":         {400, faults{"": "after top-level value"}},
		`{"messages":[1,]}`: {400, faults{"": "invalid character"}},
		"{\"messages\":[{\"role\":\"user\",\"content\":\"\xff\"}]}":               {400, faults{"": "UTF-8"}},
		"{\"messages\":[{\"role\":\"user\",\"content\":\"\n\"}]}":                 {400, faults{"": "invalid character"}},
		`{"messages":[` + user + `],"messages":[]}`:                               {400, faults{"/messages": "twice"}},
		`{"messages":[` + user + `,{"role":"user","content":"a","content":"b"}]}`: {400, faults{"/messages/1/content": "twice"}},
		`{"a/b~c":{"\u0061":1,"a":2}}`:                                            {400, faults{"/a~1b~0c/a": "twice"}},
		strings.Repeat("[", maxBody):                                              {400, faults{"": "depth"}},

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
		`{"messages":[[1]]}`:          {422, faults{"/messages/0": "got an array"}},
		`{"messages":[{}]}`:           {422, faults{"/messages/0/role": "got nothing", "/messages/0/content": "got nothing"}},
		`{"Messages":[` + user + `]}`: {422, faults{"/Messages": "unknown", "/messages": "got nothing"}},
		`{"messages":[` + user + `],"stream":true}`:                          {422, faults{"/stream": "unknown: want messages, max_tokens"}},
		`{"messages":[{"role":"user","content":"Hello","name":"x"}]}`:        {422, faults{"/messages/0/name": "unknown"}},
		`{"messages":[{"role":"tool","content":"Hello"}]}`:                   {422, faults{"/messages/0/role": "want system, user or assistant"}},
		`{"messages":[{"role":"user","content":" \t"}]}`:                     {422, faults{"/messages/0/content": "got a blank string"}},
		`{"messages":[{"role":"user","content":["Hello"]}]}`:                 {422, faults{"/messages/0/content": "got an array"}},
		`{"messages":[{"role":"system","content":"Hello"}]}`:                 {422, faults{"/messages": "want a user's message"}},
		`{"messages":[{"role":"assistant","content":"Hello"},` + user + `]}`: {422, faults{"/messages/0/role": "want user"}},
		`{"messages":[` + user + `],"max_tokens":0}`:                         {422, faults{"/max_tokens": "from 1 to 100"}},
		`{"messages":[` + user + `],"max_tokens":101}`:                       {422, faults{"/max_tokens": "from 1 to 100"}},
		`{"messages":[` + user + `],"max_tokens":1.5}`:                       {422, faults{"/max_tokens": "whole number"}},
		`{"messages":[` + user + `],"max_tokens":1e1}`:                       {422, faults{"/max_tokens": "whole number"}},
		`{"messages":[` + user + `],"max_tokens":"9"}`:                       {422, faults{"/max_tokens": "got a string"}},
		`{"messages":[` + user + `],"max_tokens":99999999999999999999}`:      {422, faults{"/max_tokens": "got a number"}},
		`{"messages":[` + user + `],"temperature":1.01,"top_p":-0.1}`:        {422, faults{"/temperature": "from 0 to 1", "/top_p": "from 0 to 1"}},
		`{"messages":[` + user + `],"temperature":1e999}`:                    {422, faults{"/temperature": "from 0 to 1"}},
		`{"messages":[` + user + `],"temperature":false}`:                    {422, faults{"/temperature": "got false"}},
		`{"messages":[` + user + `],"stop":"END"}`:                           {422, faults{"/stop": "want an array of strings"}},
		`{"messages":[` + user + `],"stop":["END","",1]}`:                    {422, faults{"/stop/1": "not empty", "/stop/2": "got a number"}},
	} {
		s := newSetup()
		response := s.do(t, post(body))
		title := body[:min(len(body), 90)]
		require.Equal(t, test.status, response.StatusCode, "%s: %s", title, response.Body)
		errors := problemIn(t, response).Errors
		require.Len(t, errors, len(test.faults), "%s: %s", title, response.Body)
		for _, fault := range errors {
			require.Contains(t, test.faults, fault.Pointer, title)
			assert.Contains(t, fault.Detail, test.faults[fault.Pointer], title)
		}
		assert.Empty(t, s.provider.asked, title)
	}
}

func TestListsAFewFaultsOfMany(t *testing.T) {
	response := newSetup().do(t, post(`{"messages":[1`+strings.Repeat(",1", 1000)+`]}`))
	assert.Equal(t, http.StatusUnprocessableEntity, response.StatusCode)
	assert.Len(t, problemIn(t, response).Errors, maxFaults)
}

func TestSaysWhatTheProviderLacked(t *testing.T) {
	for _, test := range []struct {
		err        error
		status     int
		retryAfter string
	}{
		{fmt.Errorf("%w: ThrottlingException", errBusy), 429, "5"},
		{fmt.Errorf("%w: deadline", errTimeout), 504, ""},
		{fmt.Errorf("%w: ValidationException", errRejected), 422, ""},
		{errors.New("AccessDeniedException: arn:aws:iam::123456789012:role/model"), 502, ""},
	} {
		s := newSetup()
		s.provider.err = test.err
		response := s.do(t, post(hello))
		assert.Equal(t, test.status, response.StatusCode)
		assert.Equal(t, test.retryAfter, response.Headers["retry-after"])
		assert.NotContains(t, response.Body, "Exception", "that is the operator's")
		assert.Contains(t, s.logs.String(), test.err.Error())
	}
}

func TestGivesTheModelUpBeforeLambdaEnds(t *testing.T) {
	s := newSetup()
	end := time.Now().Add(29 * time.Second)
	ctx, cancel := context.WithDeadline(t.Context(), end)
	defer cancel()
	_, err := s.handle(ctx, post(hello))
	require.NoError(t, err)
	assert.True(t, s.provider.until.Equal(end.Add(-margin)), s.provider.until)
}

func TestLogsOneLineWithoutTheConversation(t *testing.T) {
	const secret = "Sesame"
	for _, body := range []string{
		`{"messages":[{"role":"user","content":"Sesame"}]}`,
		`{"messages":[{"role":"Sesame","content":"Sesame","Sesame":"Sesame"}],"max_tokens":"Sesame","Sesame":1}`,
		`{"messages":[{"role":"user","content":"Sesame"}],"Sesame":1,"Sesame":2}`,
		`Sesame`,
	} {
		for _, err := range []error{nil, errBusy} {
			s := newSetup()
			s.provider.err = err
			s.do(t, post(body))
			assert.NotContains(t, s.logs.String(), secret)
			assert.NotContains(t, s.logs.String(), "Good day.")
			var line struct {
				RequestID string
				Status    int
			}
			require.NoError(t, json.Unmarshal(s.logs.Bytes(), &line), "one line: %s", s.logs)
			assert.Equal(t, testRequestID, line.RequestID)
			assert.NotZero(t, line.Status)
		}
	}
}

func TestReadSettings(t *testing.T) {
	lookup := func(variables map[string]string) func(string) (string, bool) {
		return func(name string) (string, bool) { text, ok := variables[name]; return text, ok }
	}
	got, err := readSettings(lookup(map[string]string{"GATEHOUSE_MODEL_ID": testModel, "GATEHOUSE_MODEL_MAX_TOKENS": "100"}))
	require.NoError(t, err)
	assert.Equal(t, settings{model: testModel, maxTokens: testMaxTokens}, got)

	_, err = readSettings(lookup(map[string]string{"GATEHOUSE_MODEL_ID": "a model"}))
	require.ErrorContains(t, err, "GATEHOUSE_MODEL_ID")
	assert.ErrorContains(t, err, "GATEHOUSE_MODEL_MAX_TOKENS")
}

// FuzzBody looks for bodies that crash, that are answered out of the contract, or
// that reach the model although they are not strictly what is asked for.
func FuzzBody(f *testing.F) {
	for _, body := range []string{
		hello, `{"messages":[{"role":"system","content":"a"},{"role":"user","content":"b"},{"role":"assistant","content":"c"}],"max_tokens":9,"temperature":0.5,"top_p":1e-1,"stop":["x"]}`,
		`{"messages":[{"role":"user","content":"\ud800"}]}`, `{"messages":[],"messages":[]}`, `{"~/":[{}]}`, `[[[]]]`, "\xff", ``, hello + hello,
	} {
		f.Add([]byte(body), false)
		f.Add([]byte(base64.StdEncoding.EncodeToString([]byte(body))), true)
	}
	f.Fuzz(func(t *testing.T, body []byte, inBase64 bool) {
		s := newSetup()
		event := post(string(body))
		event.IsBase64Encoded = inBase64
		response := s.do(t, event)
		switch response.StatusCode {
		case 400, 413, 422:
			assert.Empty(t, s.provider.asked)
			return
		case 200:
		default:
			t.Fatalf("status %d", response.StatusCode)
		}
		if inBase64 {
			decoded, err := base64.StdEncoding.DecodeString(string(body))
			require.NoError(t, err)
			body = decoded
		}
		assert.True(t, utf8.Valid(body) && json.Valid(body))
		asked := s.provider.asked[0]
		assert.NotEmpty(t, asked.messages)
		assert.True(t, 1 <= asked.maxTokens && asked.maxTokens <= testMaxTokens)
		for _, m := range asked.messages {
			assert.Contains(t, []string{roleSystem, roleUser, roleAssistant}, m.role)
			assert.NotEmpty(t, m.content)
		}
		for _, number := range []*float64{asked.temperature, asked.topP} {
			assert.True(t, number == nil || 0 <= *number && *number <= 1)
		}
	})
}

func BenchmarkHandle(b *testing.B) {
	s := newSetup()
	event := post(hello)
	b.ReportAllocs()
	for b.Loop() {
		s.logs.Reset()
		s.provider.asked = s.provider.asked[:0]
		if _, err := s.handle(b.Context(), event); err != nil {
			b.Fatal(err)
		}
	}
}
