package rotation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/chatstream"
)

const (
	// openStreams is the number of streams that are open at any time.
	openStreams = 20

	// streamTimeout is far more than the longest stream takes.
	streamTimeout = 2 * time.Minute

	chatModel = "amazon.nova-micro-v1:0"
)

// streams reports whether the stack has the REST API.
func (s *suite) streams() bool { return s.env.StreamURL() != "" }

// chatURL returns the URL of chat completions at a base URL.
func (s *suite) chatURL(base string) string {
	return base + s.env.Outputs["apiPrefix"] + chatstream.Path
}

// load returns what viewers send requests to: of four, one goes to the REST API, which also
// gets streams.
func (s *suite) load() ([]target, *chatstream.Target) {
	models := s.distribution()
	if !s.streams() {
		return []target{models}, nil
	}
	base := s.env.DistributionURL()
	return []target{models, models, models, {url: s.chatURL(base), chat: true, credential: s.env.Authorization()}},
		&chatstream.Target{URL: base + s.env.Outputs["apiPrefix"], Header: s.env.Authorization()}
}

// stream is one viewer that reads one stream after another.
func (t *traffic) stream(ctx context.Context) {
	for pause(ctx, around(requestInterval)) == nil {
		// Some seconds each, and of different length, so that one begins at any moment.
		tokens := 20 + rand.N(40)
		s := sample{at: time.Now()}
		// A stream that was begun is read to its end, also if the load ends meanwhile.
		s.status, s.edge, s.err = readStream(context.WithoutCancel(ctx), *t.streams, 100*time.Millisecond, tokens)
		s.took = time.Since(s.at)
		t.mu.Lock()
		t.streamed = append(t.streamed, s)
		t.mu.Unlock()
	}
}

// readStream reads a stream of so many tokens, of which none may be missing.
func readStream(ctx context.Context, to chatstream.Target, pace time.Duration, tokens int) (status int, edge string, err error) {
	ctx, cancel := context.WithTimeout(ctx, streamTimeout)
	defer cancel()
	got, err := to.Send(ctx, chatstream.Request{
		Model: chatModel, Stream: true, Message: fmt.Sprintf("Count. [[pace %s]] [[tokens %d]]", pace, tokens),
	})
	if err != nil {
		return 0, "", err
	}
	defer got.Close()
	edge = got.Header.Get("X-Amz-Cf-Pop")
	if err := got.IsStream(); err != nil {
		return got.Status, edge, err
	}
	events, err := got.Events()
	if err != nil {
		return got.Status, edge, fmt.Errorf("cut after %d events: %w", len(events), err)
	}
	answer, err := chatstream.Assemble(events)
	if err == nil {
		err = answer.Whole()
	}
	if err != nil {
		return got.Status, edge, err
	}
	if words := len(strings.Fields(answer.Message.Content)); words != tokens {
		return got.Status, edge, fmt.Errorf("the stream has %d of %d tokens", words, tokens)
	}
	return got.Status, edge, nil
}

// addStreams adds streams to the statistics.
func (s *statistics) addStreams(samples []sample) {
	s.streams = len(samples)
	for _, one := range samples {
		if one.err != nil {
			s.failures = append(s.failures, one)
		}
	}
}

func TestReadStream(t *testing.T) {
	chunk := func(choice string) string {
		return `data: {"id":"1","object":"chat.completion.chunk","model":"m","choices":[` + choice + "]}\n\n"
	}
	first := chunk(`{"index":0,"delta":{"role":"assistant","content":"1 2"}}`)
	last := chunk(`{"index":0,"delta":{},"finish_reason":"stop"}`)
	for name, one := range map[string]struct {
		status int
		body   string
		want   string // in the error; "" for none
	}{
		"whole":           {200, first + last + "data: [DONE]\n\n", ""},
		"without its end": {200, first + last, "[DONE]"},
		"too short":       {200, strings.Replace(first, "1 2", "1", 1) + last + "data: [DONE]\n\n", "1 of 2 tokens"},
		"an error in it":  {200, first + `data: {"error":{"message":"m","type":"server_error","code":"model_error"}}` + "\n\n", "model_error"},
		"a rejection":     {403, `{"message":"Forbidden"}`, "403"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil || !strings.Contains(string(body), "[[tokens 2]]") || !strings.Contains(string(body), `"stream":true`) {
				t.Errorf("%s: %q, %v", name, body, err)
			}
			w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
			w.Header().Set("X-Amz-Cf-Pop", "LOC1-P1")
			w.WriteHeader(one.status)
			_, _ = io.WriteString(w, one.body)
			_ = http.NewResponseController(w).Flush()
		}))
		status, edge, err := readStream(t.Context(), chatstream.Target{URL: server.URL}, time.Millisecond, 2)
		server.Close()
		if status != one.status || edge != "LOC1-P1" || (err == nil) != (one.want == "") {
			t.Errorf("%s: %d, %q, %v", name, status, edge, err)
		}
		if one.want != "" && !strings.Contains(fmt.Sprint(err), one.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAFailedStreamIsAFailure(t *testing.T) {
	s := summarize([]sample{{status: 200, took: 1}})
	s.addStreams([]sample{{status: 200, took: 100}, {status: 200, took: 200, err: errors.New("cut")}})
	if s.requests != 1 || s.streams != 2 || len(s.failures) != 1 || s.p99 != 1 {
		t.Errorf("got %+v", s)
	}
}
