package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
	"github.com/gatehouse-iac/gatehouse/internal/price"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// newClientStream returns a handler with clients whose streams follow a script.
func newClientStream(t testing.TB, script *scripted) *clientSetup {
	t.Helper()
	s := newClientSetup(t, acme())
	s.Streaming = &Streaming{Heartbeat: testHeartbeat, AnswerTimeout: testAnswerTimeout}
	s.fake.script = script
	s.now = time.Now
	return s
}

// keyedREST returns an event of a REST API with acme's key, as clients send it.
func (s *clientSetup) keyedREST(body string) restEvent {
	e := restChat(body)
	e.MultiValueHeaders = maps.Clone(e.MultiValueHeaders)
	e.MultiValueHeaders["Authorization"] = []string{"Bearer " + s.key.Reveal()}
	return e
}

func TestStreamsHaveTheStateOfTheLimitsInTheirHead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newClientStream(t, sayGoodDay())
		r, body := s.ask(t, t.Context(), s.keyedREST(streamChat))
		require.Equal(t, http.StatusOK, r.StatusCode, body)
		assert.True(t, strings.HasSuffix(body, streamEnd))
		assert.Equal(t, withUnit(int64(price.Dollar)-hold, client.Dollars), r.Headers[budgetLeftHeader])
		assert.Equal(t, "59", r.Headers[rateRemainingHeader])
		assert.Equal(t, paid, s.used(t))
		assert.Contains(t, s.logs.String(), `"charged":"use"`)
	})
}

func TestStreamsAreRefusedBeforeTheyBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newClientStream(t, sayGoodDay())
		r, body := s.ask(t, t.Context(), restChat(streamChat))
		assert.Equal(t, http.StatusUnauthorized, r.StatusCode)
		assert.Equal(t, challenge, r.Headers["www-authenticate"])
		assert.Contains(t, body, codeMissingCredential)

		s.use(t, int64(price.Dollar))
		r, body = s.ask(t, t.Context(), s.keyedREST(streamChat))
		assert.Equal(t, http.StatusTooManyRequests, r.StatusCode)
		assert.Equal(t, "false", r.Headers["x-should-retry"])
		assert.Contains(t, body, codeBudgetSpent)
		assert.Empty(t, s.fake.calls)
	})
}

// A client that has the end of its stream can rely on the settlement.
func TestStreamsAreSettledBeforeTheirEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newClientStream(t, sayGoodDay())
		payload, err := json.Marshal(s.keyedREST(streamChat))
		require.NoError(t, err)
		r, err := s.Stream(t.Context(), payload)
		require.NoError(t, err)
		var text strings.Builder
		buffer := make([]byte, 1)
		for !strings.HasSuffix(text.String(), `"finish_reason":"stop"`) {
			n, err := r.Body.Read(buffer)
			require.NoError(t, err)
			text.Write(buffer[:n])
		}
		assert.Empty(t, s.record(t, "acme").Holds)
		assert.Equal(t, paid, s.used(t))
		_, err = io.Copy(io.Discard, r.Body)
		require.NoError(t, err)
	})
}

// TestStreamsWithoutUsageAreChargedTheHold has the ends of a stream. Its place is free after
// each of them.
func TestStreamsWithoutUsageAreChargedTheHold(t *testing.T) {
	text := []step{{0, chat.Delta{Text: "Good "}}}
	noUsage := modelResult{completion: chat.Completion{Choices: []chat.Choice{{Text: "Good ", StopReason: chat.EndTurn}}}}
	for title, test := range map[string]struct {
		script *scripted
		want   int64
	}{
		"whole":                {sayGoodDay(), paid},
		"no usage":             {&scripted{steps: text, result: noUsage}, hold},
		"cut by an error":      {&scripted{steps: text, result: modelResult{err: errors.New("the connection broke")}}, hold},
		"cut by being busy":    {&scripted{steps: text, result: modelResult{err: chat.ErrBusy}}, hold},
		"rejected before":      {&scripted{result: modelResult{err: chat.NotComputed(chat.ErrBusy)}}, 0},
		"failed before":        {&scripted{result: modelResult{err: errors.New("failed")}}, hold},
		"a panic":              {&scripted{steps: text, panics: "Sesame"}, hold},
		"a panic before":       {&scripted{panics: "Sesame"}, hold},
		"deadline":             {&scripted{steps: []step{text[0], {time.Hour, chat.Delta{Text: "day."}}}}, hold},
		"deadline, deaf":       {&scripted{steps: []step{text[0], {time.Hour, chat.Delta{Text: "day."}}}, deaf: true}, hold},
		"malformed, but whole": {&scripted{steps: text, result: modelResult{completion: sayGoodDay().result.completion, err: chat.ErrMalformed}}, paid},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newClientStream(t, test.script)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			_, body := s.ask(t, ctx, s.keyedREST(streamChat))
			assert.NotContains(t, body, "Sesame")
			assert.Equal(t, test.want, s.used(t), title)
			assert.Empty(t, s.record(t, "acme").Holds, title)
			assert.Equal(t, 1, strings.Count(s.logs.String(), `"charged"`), title)
			synctest.Wait()
			if test.script.deaf {
				time.Sleep(2 * time.Hour)
			}
		})
	}
}

// A stream whose client has left is read to its end, for its usage; if nothing of it is read
// any more, it is charged the hold.
func TestStreamsThatAreLeft(t *testing.T) {
	for title, test := range map[string]struct {
		leave func(body io.Reader, end func())
		want  int64
	}{
		"the body is closed":      {func(body io.Reader, _ func()) { _ = body.(io.Closer).Close() }, paid},
		"the invocation is ended": {func(body io.Reader, end func()) { end(); _ = body.(io.Closer).Close() }, hold},
	} {
		synctest.Test(t, func(t *testing.T) {
			script := sayGoodDay()
			script.steps[1].after = time.Minute
			s := newClientStream(t, script)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			payload, err := json.Marshal(s.keyedREST(streamChat))
			require.NoError(t, err)
			r, err := s.Stream(ctx, payload)
			require.NoError(t, err)
			_, err = r.Body.Read(make([]byte, 10))
			require.NoError(t, err)
			test.leave(r.Body, cancel)
			time.Sleep(4 * time.Minute)
			synctest.Wait()
			assert.Equal(t, test.want, s.used(t), title)
			assert.Empty(t, s.record(t, "acme").Holds, title)
			assert.Contains(t, s.logs.String(), `"clientLeft":true`, title)
		})
	}
}

// The settlement of a stream that runs into its deadline ends before it, even if the table
// replies late.
func TestStreamsAreSettledBeforeTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newClientStream(t, &scripted{steps: []step{{0, chat.Delta{Text: "Good "}}, {time.Hour, chat.Delta{Text: "day."}}}, deaf: true})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		s.table.Before = func(operation string) error {
			if operation == dynamotest.UpdateItem && len(s.fake.calls) > 0 {
				time.Sleep(900 * time.Millisecond)
			}
			return nil
		}
		_, body := s.ask(t, ctx, s.keyedREST(streamChat))
		assert.Contains(t, body, codeTimeout, "the client learns of it")
		require.NoError(t, ctx.Err())
		s.table.Before = nil
		assert.Equal(t, hold, s.used(t))
		time.Sleep(2 * time.Hour)
	})
}
