package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// lineOf returns the one line of the log.
func lineOf(t *testing.T, s *setup) map[string]any {
	t.Helper()
	var line map[string]any
	require.NoError(t, json.Unmarshal(s.logs.Bytes(), &line), "one line: %s", s.logs)
	return line
}

// checkError checks that a stream ends with an error, and without the mark of a whole one.
func checkError(t *testing.T, body, code string) {
	t.Helper()
	assert.NotContains(t, body, streamEnd)
	at := strings.LastIndex(strings.TrimSuffix(body, "\n\n"), "\n\n")
	require.Positive(t, at, body)
	var last struct {
		Error struct {
			Message, Type, Code string
			Param               *string
		}
	}
	event, found := strings.CutPrefix(body[at+2:], "data: ")
	require.True(t, found, body)
	require.NoError(t, json.Unmarshal([]byte(event), &last))
	assert.Equal(t, code, last.Error.Code)
	assert.Equal(t, "server_error", last.Error.Type)
	assert.NotEmpty(t, last.Error.Message)
	assert.Nil(t, last.Error.Param)
	assert.Contains(t, event, `"param":null`)
}

func TestSilenceGetsComments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := sayGoodDay()
		script.steps[0].after = 50 * time.Second // three beats before the first token
		script.steps[1].after = 31 * time.Second // two more between
		s := newStreamingSetup(script)
		began := time.Now()
		payload, err := json.Marshal(restChat(streamChat))
		require.NoError(t, err)
		r, err := s.Stream(t.Context(), payload)
		require.NoError(t, err)
		assert.Equal(t, testHeartbeat, time.Since(began), "the head waits for the heartbeat")
		assert.Equal(t, http.StatusOK, r.StatusCode)
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		events := strings.SplitAfter(string(body), "\n\n")
		var kinds []string
		for _, event := range events {
			switch {
			case event == keepAlive:
				kinds = append(kinds, "beat")
			case event != "":
				kinds = append(kinds, "data")
			}
		}
		assert.Equal(t, []string{"beat", "beat", "beat", "data", "data", "beat", "beat", "data", "data", "data"}, kinds)
		line := lineOf(t, s)
		assert.InDelta(t, 50_000, line["firstTokenMilliseconds"], 0)
		assert.InDelta(t, 81_000, line["modelMilliseconds"], 0)
	})
}

func TestFirstPieceIsNotHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := sayGoodDay()
		script.steps[0].after, script.steps[1].after = time.Second, time.Second
		s := newStreamingSetup(script)
		began := time.Now()
		payload, err := json.Marshal(restChat(streamChat))
		require.NoError(t, err)
		r, err := s.Stream(t.Context(), payload)
		require.NoError(t, err)
		assert.Equal(t, time.Second, time.Since(began))
		piece := make([]byte, 1<<12)
		n, err := r.Body.Read(piece)
		require.NoError(t, err)
		assert.Equal(t, time.Second, time.Since(began))
		assert.True(t, strings.HasSuffix(string(piece[:n]), "\n\n"), "whole events")
		assert.Contains(t, string(piece[:n]), "Good ")
		_, err = r.Body.Read(piece)
		require.NoError(t, err)
		assert.Equal(t, 2*time.Second, time.Since(began))
		_, err = io.ReadAll(r.Body)
		require.NoError(t, err)
	})
}

func TestErrorsBeforeTheFirstPieceKeepTheirStatus(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		code   string
		header [2]string
	}{
		{fmt.Errorf("%w: ThrottlingException", chat.ErrBusy), 429, codeBusy, [2]string{"retry-after", "5"}},
		{chat.ErrTimeout, 504, codeTimeout, [2]string{"x-should-retry", "false"}},
		{chat.ErrRejected, 422, codeRejected, [2]string{}},
		{&chat.Rejection{TooLong: true}, 400, codeTooLong, [2]string{}},
		{chat.ErrMalformed, 502, codeMalformedAnswer, [2]string{"x-should-retry", "false"}},
		{chat.ErrUnavailable, 503, codeUnavailable, [2]string{"retry-after", "5"}},
		{errors.New("AccessDeniedException"), 502, codeModelFailed, [2]string{"x-should-retry", "false"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newStreamingSetup(&scripted{result: modelResult{err: test.err}})
			r, body := s.ask(t, t.Context(), restChat(streamChat))
			assert.Equal(t, test.status, r.StatusCode)
			assert.Equal(t, "application/problem+json", r.Headers["content-type"])
			assert.Equal(t, "no-store", r.Headers["cache-control"])
			assert.Equal(t, apiID, r.Headers["x-request-id"])
			assert.Equal(t, test.header[1], r.Headers[test.header[0]])
			assert.Contains(t, body, `"code":"`+test.code+`"`)
			assert.NotContains(t, body, "data: ")
			line := lineOf(t, s)
			assert.InDelta(t, test.status, line["status"], 0)
			assert.Equal(t, true, line["streamed"])
			assert.Equal(t, test.err.Error(), line["error"])
			counted := metricsOf(t, s)
			assert.InDelta(t, 1, counted["Errors"], 0)
			assert.NotContains(t, counted, "StreamsCut")
			assert.NotContains(t, counted, "ModelLatency")
			assert.Contains(t, counted, "StreamSeconds")
		})
	}
}

func TestErrorsAfterTheFirstPieceAreEvents(t *testing.T) {
	schema := strings.TrimSuffix(openAI(citySchema), "}") + `,"stream":true}`
	for title, test := range map[string]struct {
		body   string
		script *scripted
		code   string
	}{
		"busy":        {streamChat, &scripted{result: modelResult{err: chat.ErrBusy}}, codeBusy},
		"rejected":    {streamChat, &scripted{result: modelResult{err: &chat.Rejection{Members: []string{"top_p"}}}}, codeRejected},
		"cut":         {streamChat, &scripted{result: modelResult{err: io.ErrUnexpectedEOF}}, codeModelFailed},
		"malformed":   {streamChat, &scripted{result: modelResult{err: chat.ErrMalformed}}, codeMalformedAnswer},
		"unavailable": {streamChat, &scripted{result: modelResult{err: chat.ErrUnavailable}}, codeUnavailable},
		"a panic":     {streamChat, &scripted{panics: "Sesame"}, codeModelFailed},
		"another form": {schema, &scripted{result: modelResult{completion: chat.Completion{
			Choices: []chat.Choice{{Text: "Open", StopReason: chat.EndTurn}}, Usage: chat.Usage{OutputTokens: 8},
		}}}, codeSchemaMismatch},
	} {
		synctest.Test(t, func(t *testing.T) {
			test.script.steps = []step{{0, chat.Delta{Text: "Open"}}, {0, chat.Delta{StopReason: chat.EndTurn}}}
			s := newStreamingSetup(test.script)
			r, body := s.ask(t, t.Context(), restChat(test.body))
			assert.Equal(t, http.StatusOK, r.StatusCode, title)
			checkError(t, body, test.code)
			assert.NotContains(t, body, `"finish_reason":"stop"`, "%s: an end that looks whole", title)
			line := lineOf(t, s)
			assert.InDelta(t, http.StatusOK, line["status"], 0, title)
			assert.Equal(t, test.code, line["code"], title)
			assert.Equal(t, true, line["cut"], title)
			assert.NotEqual(t, "INFO", line["level"], title)
			assert.NotContains(t, s.logs.String()+s.metrics.String(), "Sesame")
			assert.NotContains(t, s.logs.String()+s.metrics.String(), "Open")
			counted := metricsOf(t, s)
			assert.InDelta(t, 1, counted["StreamsCut"], 0, title)
			assert.Equal(t, test.code, counted["ErrorType"], title)
			assert.Contains(t, counted, "FirstToken", title)
		})
	}
}

func TestErrorAfterACommentIsAnEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreamingSetup(&scripted{steps: []step{{20 * time.Second, chat.Delta{}}}, result: modelResult{err: chat.ErrBusy}})
		r, body := s.ask(t, t.Context(), restChat(streamChat))
		assert.Equal(t, http.StatusOK, r.StatusCode)
		assert.True(t, strings.HasPrefix(body, keepAlive+"data: {\"error\""), body)
		checkError(t, body, codeBusy)
		assert.NotContains(t, metricsOf(t, s), "FirstToken")
	})
}

func TestStreamEndsBeforeTheInvocationDoes(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			script := &scripted{deaf: deaf}
			for range 61 {
				script.steps = append(script.steps, step{5 * time.Second, chat.Delta{Text: "word "}})
			}
			s := newStreamingSetup(script)
			const life = 302 * time.Second
			began := time.Now()
			ctx, cancel := context.WithDeadline(t.Context(), began.Add(life))
			defer cancel()
			_, body := s.ask(t, ctx, restChat(streamChat))
			assert.True(t, s.fake.until.Equal(began.Add(life-streamMargin)))
			assert.Less(t, time.Since(began), life)
			checkError(t, body, codeTimeout)
			assert.Equal(t, codeTimeout, lineOf(t, s)["code"])
			time.Sleep(script.steps[0].after) // until the deaf one notices
		})
	}
}

func TestPanicBeforeTheFirstPieceIsAProblem(t *testing.T) {
	for _, value := range []any{"Sesame", errors.New("Sesame"), chat.Delta{Text: "Sesame"}} {
		synctest.Test(t, func(t *testing.T) {
			s := newStreamingSetup(&scripted{panics: value})
			r, body := s.ask(t, t.Context(), restChat(streamChat))
			assert.Equal(t, http.StatusBadGateway, r.StatusCode)
			assert.Contains(t, body, codeModelFailed)
			line := lineOf(t, s)
			assert.Equal(t, "ERROR", line["level"])
			assert.Contains(t, line["error"], "panic: ")
			assert.Contains(t, line["error"], "scripted", "where")
			assert.NotContains(t, s.logs.String()+body, "Sesame")
		})
	}
}

func TestPanicOfTheWriterIsAnEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := sayGoodDay()
		script.steps = append(script.steps[:1], step{0, chat.Delta{Choice: -1, Text: "Sesame"}}, step{0, chat.Delta{Text: "more"}})
		s := newStreamingSetup(script)
		r, body := s.ask(t, t.Context(), restChat(streamChat))
		assert.Equal(t, http.StatusOK, r.StatusCode)
		checkError(t, body, codeModelFailed)
		assert.Contains(t, lineOf(t, s)["error"], "panic: runtime error: index out of range")
		synctest.Wait()
	})
}

func TestClientThatLeavesIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := sayGoodDay()
		for i := range script.steps {
			script.steps[i].after = time.Second
		}
		s := newStreamingSetup(script)
		payload, err := json.Marshal(restChat(streamChat))
		require.NoError(t, err)
		r, err := s.Stream(t.Context(), payload)
		require.NoError(t, err)
		_, err = r.Body.Read(make([]byte, 1<<12))
		require.NoError(t, err)
		require.NoError(t, r.Close())
		time.Sleep(10 * time.Second)
		synctest.Wait()
		line := lineOf(t, s)
		assert.Equal(t, true, line["clientLeft"])
		assert.InDelta(t, 4, line["outputTokens"], 0, "the reply is read to its end")
		counted := metricsOf(t, s)
		assert.InDelta(t, 1, counted["StreamsLeft"], 0)
		assert.InDelta(t, 4, counted["OutputTokens"], 0)
		assert.NotContains(t, counted, "StreamsCut")
	})
}

func TestLogAndMetricsAreWrittenBeforeTheBodyEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := sayGoodDay()
		script.steps[0].after = 700 * time.Millisecond
		s := newStreamingSetup(script)
		s.ask(t, t.Context(), restChat(streamChat))
		line := lineOf(t, s)
		assert.Equal(t, true, line["streamed"])
		assert.InDelta(t, 700, line["firstTokenMilliseconds"], 0)
		assert.InDelta(t, 4, line["chunks"], 0)
		assert.InDelta(t, http.StatusOK, line["status"], 0)
		assert.Equal(t, "end_turn", line["stopReason"])
		assert.Equal(t, map[string]any{
			"Stack": "gatehouse-test", "Requests": 1.0,
			"Model": testModel, "FirstToken": 0.7, "StreamSeconds": 0.7, "InputTokens": 3.0, "OutputTokens": 4.0,
		}, metricsOf(t, s))
		assert.NotContains(t, s.logs.String(), "day")
	})
}

func TestLogsTheStreamedContentIfEnabled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreamingSetup(sayGoodDay())
		s.LogContent = true
		s.ask(t, t.Context(), restChat(streamChat))
		assert.Contains(t, s.logs.String(), "Hello")
		assert.Contains(t, s.logs.String(), "Good day.")
	})
}

func TestSizeOfAStreamIsLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := &scripted{}
		for range 60 {
			script.steps = append(script.steps, step{0, chat.Delta{Text: strings.Repeat("x", 2000)}})
		}
		s := newStreamingSetup(script)
		assert.Less(t, s.maxStream, 200_000_000, "Lambda's limit")
		s.maxStream = 100_000
		_, body := s.ask(t, t.Context(), restChat(streamChat))
		assert.Less(t, len(body), s.maxStream+1000)
		checkError(t, body, codeAnswerTooLarge)
	})
}

func TestEndOfAWholeStreamIsAlwaysWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, whole := newStreamingSetup(sayGoodDay()).ask(t, t.Context(), restChat(streamChat))
		s := newStreamingSetup(sayGoodDay())
		s.maxStream = len(whole) - 1
		_, body := s.ask(t, t.Context(), restChat(streamChat))
		assert.Equal(t, whole, body, "the limit is reached in the last events")
	})
}

func TestBodyThatIsNotReadEndsBeforeTheInvocationDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreamingSetup(sayGoodDay())
		const life = 302 * time.Second
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(life))
		defer cancel()
		payload, err := json.Marshal(restChat(streamChat))
		require.NoError(t, err)
		r, err := s.Stream(ctx, payload)
		require.NoError(t, err)
		time.Sleep(life - streamMargin/8)
		synctest.Wait()
		line := lineOf(t, s)
		assert.Equal(t, true, line["clientLeft"])
		assert.InDelta(t, 1, metricsOf(t, s)["StreamsLeft"], 0)
		text, err := io.ReadAll(r.Body)
		require.ErrorIs(t, err, io.ErrClosedPipe)
		assert.Empty(t, text)
	})
}

func TestInvocationThatEndsWithTheBodyIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := sayGoodDay()
		script.steps[1].after = time.Minute
		s := newStreamingSetup(script)
		ctx, cancel := context.WithCancel(t.Context())
		payload, err := json.Marshal(restChat(streamChat))
		require.NoError(t, err)
		r, err := s.Stream(ctx, payload)
		require.NoError(t, err)
		_, err = r.Body.Read(make([]byte, 1<<12))
		require.NoError(t, err)
		require.NoError(t, r.Close())
		cancel()
		synctest.Wait()
		line := lineOf(t, s)
		assert.Equal(t, true, line["clientLeft"])
		assert.Equal(t, "INFO", line["level"])
		assert.NotContains(t, line, "cut")
		counted := metricsOf(t, s)
		assert.InDelta(t, 1, counted["StreamsLeft"], 0)
		assert.NotContains(t, counted, "StreamsCut")
		assert.NotContains(t, counted, "Errors")
	})
}
