package api

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// FuzzBody finds bodies that crash the handler, that get a response outside of the
// contract, or that reach the model although they are invalid.
func FuzzBody(f *testing.F) {
	for _, body := range []string{
		hello, helloChat,
		`{"messages":[{"role":"system","content":"a"},{"role":"user","content":"b"},{"role":"assistant","content":"c"}],"max_tokens":9,"temperature":0.5,"top_p":1e-1,"stop":["x"]}`,
		`{"model":"amazon.nova-lite-v1:0","messages":[{"role":"developer","content":[{"type":"text","text":"a"}]},{"role":"user","content":"b","refusal":null}],"max_completion_tokens":9,"n":1,"stop":"x","tools":[]}`,
		`{"model":"amazon.nova-lite-v1:0","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"` + gifURL + `"}},{"type":"file","file":{"file_data":"` + pdfURL + `"}}]},
			{"role":"assistant","content":null,"reasoning_content":"r","thinking_blocks":[{"type":"thinking","thinking":"a","signature":"b"},{"type":"redacted_thinking","data":"YQ=="}],
			"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"1","content":"x","status":"error"}],
			"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","$defs":{"a":{"$ref":"#/$defs/a"}}},"strict":true}}],"tool_choice":{"type":"function","function":{"name":"f"}},
			"response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"type":"string","pattern":"^a"}}},"reasoning_effort":"low","top_k":5,"logit_bias":{"1":-1},"n":2,"unheard_of":1}`,
		`{"stream":true}`, `{"messages":[{"role":"user","content":"\ud800"}]}`, `{"messages":[],"messages":[]}`, `{"~/":[{}]}`, `[[[]]]`, "\xff", ``, hello + hello,
	} {
		for _, completions := range []bool{false, true} {
			f.Add([]byte(body), false, completions)
			f.Add([]byte(base64.StdEncoding.EncodeToString([]byte(body))), true, completions)
		}
	}
	s := newSetup()
	f.Fuzz(func(t *testing.T, body []byte, inBase64, completions bool) {
		if !inBase64 && !utf8.Valid(body) {
			return // an event is JSON
		}
		e := post(string(body))
		if completions {
			e.RawPath = "/api/chat/completions"
		}
		e.Headers["content-type"] = "application/json"
		e.IsBase64Encoded = inBase64
		s.reset()
		r := s.do(t, e)
		switch r.StatusCode {
		case 400, 404, 413, 422:
			assert.Empty(t, s.fake.calls)
			return
		case 200:
		case 502: // the fake answer has no form
			assert.Equal(t, codeSchemaMismatch, problemIn(t, r).Code)
		default:
			t.Fatalf("status %d", r.StatusCode)
		}
		if inBase64 {
			decoded, err := base64.StdEncoding.DecodeString(string(body))
			require.NoError(t, err)
			body = decoded
		}
		assert.True(t, utf8.Valid(body) && json.Valid(body))
		checkCall(t, s.fake.calls[0])
	})
}

// checkCall checks that a conversation that reached a model is complete.
func checkCall(t *testing.T, c chat.Conversation) {
	assert.Contains(t, []string{testModel, otherModel, embeddingModel}, c.Model)
	assert.NotEmpty(t, c.Messages)
	assert.True(t, 1 <= c.MaxTokens && c.MaxTokens <= testMaxTokens)
	assert.LessOrEqual(t, len(c.Stop), maxStops)
	for _, m := range c.Messages {
		assert.Contains(t, []string{chat.RoleSystem, chat.RoleUser, chat.RoleAssistant, chat.RoleTool}, m.Role)
		assert.True(t, len(m.Content) > 0 || m.Role == chat.RoleAssistant)
		for _, part := range m.Content {
			assert.True(t, utf8.ValidString(part.Text))
			assert.True(t, part.Image == nil || part.Image.Width > 0 && part.Text == "")
		}
	}
	for _, number := range []*float64{c.Temperature, c.TopP} {
		assert.True(t, number == nil || 0 <= *number && *number <= 2)
	}
}

// FuzzEvent finds events that crash the handler, or are accepted without the authorizer.
func FuzzEvent(f *testing.F) {
	for _, e := range []event{post(hello), postChat(helloChat), request("GET", "/api/openapi.yaml", ""), request("HEAD", "/api/", "")} {
		payload, err := json.Marshal(e)
		require.NoError(f, err)
		f.Add(payload)
	}
	f.Add([]byte(`{"version":"2.0"}`))
	f.Add([]byte(`{"version":"2.0","headers":null,"requestContext":{"authorizer":{"lambda":null}}}`))
	s := newSetup()
	f.Fuzz(func(t *testing.T, payload []byte) {
		s.reset()
		text, err := s.Invoke(t.Context(), payload)
		if err != nil {
			return
		}
		var r response
		require.NoError(t, json.Unmarshal(text, &r))
		e, err := parseEvent(payload)
		require.NoError(t, err)
		assert.True(t, e.admitted() || r.StatusCode == http.StatusUnauthorized)
		assert.True(t, json.Valid(s.logs.Bytes()), "one line")
	})
}

// FuzzStreamEvent finds events of a REST API that crash the handler, that are accepted
// without the authorizer, or whose response is none that the API takes.
func FuzzStreamEvent(f *testing.F) {
	for _, e := range []restEvent{
		restChat(helloChat), restChat(streamChat), restChat(strings.TrimSuffix(streamChat, "}") + `,"stream_options":{"include_usage":true}}`),
		restRequest("GET", "/api/chat/healthz", ""), restRequest("HEAD", "/api/v1/chat/", ""),
	} {
		payload, err := json.Marshal(e)
		require.NoError(f, err)
		f.Add(payload)
	}
	f.Add([]byte(`{"version":"1.0"}`))
	f.Add([]byte(`{"path":"/api/chat/healthz","httpMethod":"GET","headers":null,"requestContext":{"authorizer":null}}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		s := rest()
		r, err := s.Stream(t.Context(), payload)
		if err != nil {
			return
		}
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		require.NotEmpty(t, body)
		e, err := parseRESTEvent(payload)
		require.NoError(t, err)
		assert.True(t, e.admitted() || r.StatusCode == http.StatusUnauthorized)
		assert.True(t, json.Valid(s.logs.Bytes()), "one line")
		if r.Headers["content-type"] == eventStreamType {
			_, whole := parseSSE(t, string(body))
			assert.True(t, whole)
		}
	})
}
