package contract

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pb33f/libopenapi"
	"github.com/pb33f/libopenapi-validator/schema_validation"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/api"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// streamed sends a call as a REST API does, and returns the response, whose body is whole.
func (s subject) streamed(t *testing.T, c call) reply {
	t.Helper()
	event, err := json.Marshal(map[string]any{
		"path": prefix + c.path, "httpMethod": c.method, "multiValueHeaders": map[string][]string{"Content-Type": {c.contentType}}, "body": c.body,
		"requestContext": map[string]any{
			"requestId":  "Jh3kXh7GIAMEVjQ=",
			"authorizer": map[string]any{"originKey": "20260131T235959.123Z-0a1b2c3d"},
		},
	})
	require.NoError(t, err)
	r, err := s.handler.Stream(t.Context(), event)
	require.NoError(t, err)
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	return reply{r.StatusCode, r.Headers, string(body)}
}

// TestStreamsMatchTheDescription checks heads of streams and the chunks in them.
func TestStreamsMatchTheDescription(t *testing.T) {
	for _, choice := range []chat.Choice{
		plain,
		{StopReason: chat.EndTurn},
		{Refusal: "No.", StopReason: chat.EndTurn},
		{Text: "x", StopReason: chat.MaxTokens, Logprobs: json.RawMessage(`{"content":[]}`)},
		{StopReason: chat.ToolUse, ToolCalls: []chat.ToolCall{{ID: "1", Name: "f", Arguments: "{}"}}, Reasoning: []chat.Reasoning{{Text: "r", Signature: "s"}, {Redacted: []byte{1}}}},
	} {
		s := subjectOf(t, &provider{done: choice})
		s.handler.Streaming = &api.Streaming{Heartbeat: time.Minute, AnswerTimeout: time.Minute}
		for _, members := range []string{`"stream":true`, `"stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false}`, `"stream":true,"stream_options":{"unheard_of":1}`} {
			c := openAI(members)
			assert.True(t, s.describes(t, c), c.body)
			got := s.streamed(t, c)
			require.Equal(t, http.StatusOK, got.status, got.body)
			request := c.http(t)
			valid, problems := s.validator.ValidateHttpResponse(request, got.http(request))
			assert.True(t, valid, "%v", problems)
			s.checkChunks(t, got.body)
		}
	}
}

// checkChunks checks each event of a stream against the schema of chunks.
func (s subject) checkChunks(t *testing.T, stream string) {
	t.Helper()
	events := eventsOf(t, stream)
	require.Equal(t, "[DONE]", events[len(events)-1])
	for _, chunk := range events[:len(events)-1] {
		assert.Empty(t, s.faults(t, "ChatCompletionChunk", chunk), chunk)
	}
	assert.NotEmpty(t, s.faults(t, "ChatCompletionChunk", strings.Replace(events[0], `"delta":{`, `"delta":{"other":1,`, 1)), "the schema checks deltas")
}

// eventsOf returns the data of a stream's events.
func eventsOf(t *testing.T, stream string) []string {
	t.Helper()
	events := strings.Split(strings.TrimSuffix(stream, "\n\n"), "\n\n")
	for i, event := range events {
		data, found := strings.CutPrefix(event, "data: ")
		require.True(t, found, event)
		events[i] = data
	}
	return events
}

// faults returns what differs between a JSON text and a schema of the description.
func (s subject) faults(t *testing.T, schema, text string) []string {
	t.Helper()
	document, err := libopenapi.NewDocument([]byte(s.invoke(t, call{method: "GET", path: "/openapi.yaml"}).body))
	require.NoError(t, err)
	model, err := document.BuildV3Model()
	require.NoError(t, err)
	wanted := model.Model.Components.Schemas.GetOrZero(schema)
	require.NotNil(t, wanted, schema)
	_, problems := schema_validation.NewSchemaValidator().ValidateSchemaString(wanted.Schema(), text)
	var all []string
	for _, problem := range problems {
		all = append(all, fmt.Sprintf("%s: %s: %+v", problem.Message, problem.Reason, problem.SchemaValidationErrors))
	}
	return all
}

func TestErrorsInStreamsMatchTheDescription(t *testing.T) {
	s := subjectOf(t, &provider{done: plain, late: chat.ErrBusy})
	s.handler.Streaming = &api.Streaming{Heartbeat: time.Minute, AnswerTimeout: time.Minute}
	got := s.streamed(t, openAI(`"stream":true`))
	require.Equal(t, http.StatusOK, got.status, got.body)
	events := eventsOf(t, got.body)
	last := events[len(events)-1]
	assert.Empty(t, s.faults(t, "StreamError", last), last)
	assert.NotEmpty(t, s.faults(t, "ChatCompletionChunk", last), last)
}

func TestFailuresOfStreamsMatchTheDescription(t *testing.T) {
	for err, status := range map[error]int{
		chat.ErrBusy: http.StatusTooManyRequests, chat.ErrTimeout: http.StatusGatewayTimeout, chat.ErrRejected: http.StatusUnprocessableEntity,
		chat.ErrMalformed: http.StatusBadGateway, chat.ErrUnavailable: http.StatusServiceUnavailable,
	} {
		s := newSubject(t, err)
		s.handler.Streaming = &api.Streaming{Heartbeat: time.Minute, AnswerTimeout: time.Minute}
		c := openAI(`"stream":true`)
		got := s.streamed(t, c)
		require.Equal(t, status, got.status, got.body)
		request := c.http(t)
		valid, problems := s.validator.ValidateHttpResponse(request, got.http(request))
		assert.True(t, valid, "%v", problems)
	}
}
