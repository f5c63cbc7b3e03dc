package api

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

func TestLogsOneLineWithoutTheConversation(t *testing.T) {
	const secret = "Sesame"
	for _, body := range []string{
		`{"messages":[{"role":"user","content":"Sesame"}]}`,
		`{"messages":[{"role":"Sesame","content":"Sesame","Sesame":"Sesame"}],"max_tokens":"Sesame","Sesame":1}`,
		`{"messages":[{"role":"user","content":"Sesame"}],"Sesame":1,"Sesame":2}`,
		`{"messages":[{"role":"user","content":"Sesame"}],"model":"Sesame"}`,
		`Sesame`,
	} {
		for _, err := range []error{nil, chat.ErrBusy} {
			for _, e := range []event{post(body), postChat(body)} {
				s := newSetup()
				s.fake.err = err
				s.do(t, e)
				for _, written := range []string{s.logs.String(), s.metrics.String()} {
					assert.NotContains(t, written, secret)
					assert.NotContains(t, written, "Good day.")
				}
				var line struct {
					RequestID string
					Status    int
				}
				require.NoError(t, json.Unmarshal(s.logs.Bytes(), &line), "one line: %s", s.logs)
				assert.Equal(t, apiID, line.RequestID)
				assert.NotZero(t, line.Status)
			}
		}
	}
}

// The HTTP API logs it itself.
func TestLogsTheNameOfTheOriginKeyBehindTheRESTAPI(t *testing.T) {
	s := newStreamingSetup(&scripted{})
	s.ask(t, t.Context(), restChat("{}"))
	assert.Contains(t, s.logs.String(), `"originKey":"20260131T235959.123Z-0a1b2c3d"`)

	s = newSetup()
	s.do(t, postChat("{}"))
	assert.NotContains(t, s.logs.String(), "originKey")
}

func TestClientErrorsAreNotLoggedAsErrors(t *testing.T) {
	for err, level := range map[error]string{
		nil: "INFO", chat.ErrRejected: "WARN", chat.ErrBusy: "WARN", chat.ErrTimeout: "ERROR", chat.ErrUnavailable: "ERROR", errors.New("other"): "ERROR",
	} {
		s := newSetup()
		s.fake.err = err
		s.do(t, post(hello))
		assert.Contains(t, s.logs.String(), `"level":"`+level+`"`, err)
	}
	s := newSetup()
	s.do(t, post("{}"))
	assert.Contains(t, s.logs.String(), `"level":"INFO"`)
}

func TestLogsTheConversationIfEnabled(t *testing.T) {
	s := newSetup()
	s.LogContent = true
	s.do(t, post(hello))
	assert.Contains(t, s.logs.String(), "Hello")
	assert.Contains(t, s.logs.String(), "Good day.")
	assert.Contains(t, s.logs.String(), `"requestId":"`+apiID+`"`)
	assert.NotContains(t, s.metrics.String(), "Hello")
}

func TestLogsNoDataOfImages(t *testing.T) {
	s := newSetup()
	s.LogContent = true
	s.do(t, postChat(conversation(`{"role":"user","content":[{"type":"image_url","image_url":{"url":"`+gifURL+`"}},{"type":"file","file":{"file_data":"`+pdfURL+`"}}]}`)))
	assert.Contains(t, s.logs.String(), "[gif, 42 bytes]")
	assert.Contains(t, s.logs.String(), "[pdf, 15 bytes]")
	assert.NotContains(t, s.logs.String(), gif1x1[:20])
}

func TestLogsThePaidTokensOfFailures(t *testing.T) {
	s := newSetup()
	s.fake.done = chat.Completion{
		Choices: []chat.Choice{{Text: "Sesame", StopReason: chat.EndTurn}},
		Usage:   chat.Usage{InputTokens: 9, OutputTokens: 8, CachedTokens: 7, CacheWriteTokens: 6},
	}
	s.do(t, postChat(openAI(citySchema)))
	for _, want := range []string{`"level":"WARN"`, `"inputTokens":9`, `"outputTokens":8`, `"cachedTokens":7`, `"cacheWriteTokens":6`, "not JSON"} {
		assert.Contains(t, s.logs.String(), want)
	}
	assert.NotContains(t, s.logs.String(), "Sesame")
}

// metricsOf returns the values and dimensions of the one line of metrics.
func metricsOf(t *testing.T, s *setup) map[string]any {
	t.Helper()
	var line map[string]any
	require.NoError(t, json.Unmarshal(s.metrics.Bytes(), &line), "one line: %s", s.metrics)
	delete(line, "_aws")
	return line
}

func TestCountsLatencyAndTokensByModel(t *testing.T) {
	s := newSetup()
	s.do(t, post(hello))
	assert.Equal(t, map[string]any{
		"Stack": "gatehouse-test", "Requests": 1.0,
		"Model": testModel, "ModelLatency": 0.001, "InputTokens": 3.0, "OutputTokens": 4.0,
	}, metricsOf(t, s))
}

func TestCountsErrorsByType(t *testing.T) {
	s := newSetup()
	s.do(t, post("{}"))
	assert.Equal(t, map[string]any{"Stack": "gatehouse-test", "Requests": 1.0, "ErrorType": codeInvalidBody, "Errors": 1.0}, metricsOf(t, s))

	s = newSetup()
	s.fake.err = chat.ErrTimeout
	s.do(t, post(hello))
	assert.Equal(t, map[string]any{
		"Stack": "gatehouse-test", "Requests": 1.0, "ErrorType": codeTimeout, "Errors": 1.0,
		"Model": testModel, "ModelLatency": 0.001, "InputTokens": 0.0, "OutputTokens": 0.0,
	}, metricsOf(t, s))
}

func TestHealthChecksAreNotCounted(t *testing.T) {
	s := newSetup()
	s.do(t, request("GET", "/api/healthz", ""))
	s.fake.err = chat.ErrUnavailable
	s.do(t, request("GET", "/api/readyz", ""))
	assert.Empty(t, s.metrics.String())
}

func TestFailureToWriteMetricsIsLogged(t *testing.T) {
	s := newSetup()
	s.Metrics = full{}
	s.do(t, post(hello))
	assert.Contains(t, s.logs.String(), "metrics could not be written")
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }
