package streaming

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gatehouse-iac/gatehouse/internal/chatstream"
	"github.com/gatehouse-iac/gatehouse/sandbox/servers/scriptedmodel"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
)

// TestStreams tests streams of Bedrock.
func TestStreams(t *testing.T) { attach(t).run(t) }

// TestSecondBackend tests those of a server that speaks OpenAI's API.
func TestSecondBackend(t *testing.T) {
	if *brief {
		t.Skip("takes minutes: run without -brief")
	}
	e := e2etest.Attach(t)
	model := newBackend()
	server := httptest.NewServer(model)
	t.Cleanup(server.Close)
	s := newSuite(t, e2etest.Deploy(t, e, map[string]any{
		"gatehouse:modelBackend": "openai", "gatehouse:modelBaseUrl": server.URL + "/v1",
		"gatehouse:modelId": scriptedmodel.Model, "gatehouse:modelAllowedIds": []string{scriptedmodel.Thinker},
		"gatehouse:modelPrices": e2etest.Prices(scriptedmodel.Model, scriptedmodel.Thinker),
	}))
	s.model, s.thinker, s.backendModel = scriptedmodel.Model, scriptedmodel.Thinker, scriptedmodel.Model
	s.backend.URL, s.failing = server.URL+"/v1", model.fails
	s.run(t)
}

// run runs the tests of streams on a backend. Those with figures come first, and those that
// take long run together.
func (s *suite) run(t *testing.T) {
	t.Run("first token", s.firstToken)
	t.Run("gaps", s.gaps)
	t.Run("head", s.head)
	t.Run("viewer sends the header", s.viewerSendsTheHeader)
	t.Run("door", s.door)
	t.Run("errors before the first token", s.errorsBefore)
	t.Run("same as the answer that isn't streamed", s.sameAnswer)
	t.Run("together", func(t *testing.T) {
		for name, test := range map[string]func(*testing.T){
			"more than a minute":                   func(t *testing.T) { s.long(t, 70, time.Second) },
			"minutes":                              s.minutes,
			"silence":                              s.silence,
			"not streamed":                         s.notStreamed,
			"not streamed, too long":               s.notStreamedTooLong,
			"the HTTP API ends earlier":            s.httpAPIEndsEarlier,
			"an error within a stream":             func(t *testing.T) { s.brokenWithin(t, "fail after 5") },
			"a connection that is cut":             func(t *testing.T) { s.brokenWithin(t, "cut after 5") },
			"clients that leave":                   s.clientsLeave,
			"twenty streams at once":               s.atOnce,
			"a stream that ends at its max_tokens": s.limited,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t)
			})
		}
	})
}

// firstToken measures how much later the first token comes through the stack than from the
// backend itself, by requests in turns on connections that are kept. The bound leaves room for
// a busy machine; `make bench PART=stream` has the figures.
func (s *suite) firstToken(t *testing.T) {
	const atMost = 150 * time.Millisecond
	runs := 50
	if *brief {
		runs = 15
	}
	ctx := within(t, 3*time.Minute)
	message := says("one two three four", "pace 40ms", "tokens 3")
	measure := func(to chatstream.Target, model string) time.Duration {
		a, err := to.WholeStream(ctx, chatstream.Request{Model: model, Message: message})
		if err != nil {
			t.Fatal(err)
		}
		return a.First()
	}
	viewer, backend := kept(t, s.viewer), kept(t, s.backend)
	var through, direct []time.Duration
	for range runs + 2 {
		direct = append(direct, measure(backend, s.backendModel))
		through = append(through, measure(viewer, s.model))
	}
	through, direct = through[2:], direct[2:] // what started with the first requests
	for _, p := range []int{50, 95, 99} {
		t.Logf("p%d: %s, the backend itself %s", p, chatstream.Percentile(through, p), chatstream.Percentile(direct, p))
	}
	if added := chatstream.Percentile(through, 50) - chatstream.Percentile(direct, 50); added > atMost {
		t.Errorf("at the median the stack adds %s, more than %s", added, atMost)
	}
}

// kept returns a target with connections that are kept.
func kept(t *testing.T, to chatstream.Target) chatstream.Target {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	to.Client = &http.Client{Transport: transport}
	return to
}

// gaps checks that tokens come one by one, as the backend sends them. What the machine delays
// for other reasons delays the backend's own stream as well, which is read at the same time.
func (s *suite) gaps(t *testing.T) {
	const pace, count = 100 * time.Millisecond, 40
	ctx := within(t, time.Minute)
	message := says("Hello", "pace "+pace.String(), fmt.Sprintf("tokens %d", count))
	var through, direct chatstream.Answer
	var group errgroup.Group
	group.Go(func() (err error) {
		through, err = s.viewer.WholeStream(ctx, s.ask(message))
		return err
	})
	group.Go(func() (err error) {
		direct, err = s.backend.WholeStream(ctx, chatstream.Request{Model: s.backendModel, Message: message})
		return err
	})
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	ours, theirs := through.Gaps(), direct.Gaps()
	longest, usual := chatstream.Percentile(ours, 100), chatstream.Percentile(ours, 50)
	t.Logf("%d tokens, gaps of %s, at most %s; the backend itself %s, at most %s; %d came with the one before",
		len(through.Tokens), usual, longest, chatstream.Percentile(theirs, 50), chatstream.Percentile(theirs, 100), through.Joined())
	switch {
	case len(through.Tokens) < count*9/10:
		t.Errorf("%d tokens, want %d", len(through.Tokens), count)
	case usual < pace/2 || usual > 2*pace:
		t.Errorf("the usual gap is %s, want %s", usual, pace)
	case longest > 3*pace+chatstream.Percentile(theirs, 100):
		t.Errorf("the longest gap is %s", longest)
	case through.Joined() > count/10+direct.Joined():
		t.Errorf("%d tokens came together with the one before", through.Joined())
	}
}

// head checks the head of a stream: nothing on the way may hold the stream back, store or
// change it, and the distribution's own headers are there.
func (s *suite) head(t *testing.T) {
	request := s.ask("Hello")
	request.Stream = true
	got, err := s.viewer.Send(within(t, time.Minute), request)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	if err := got.IsStream(); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no",
		"X-Content-Type-Options": "nosniff", "Server": "CloudFront", "X-Request-Id": got.Header.Get("X-Amz-Cf-Id"),
	} {
		if value := got.Header.Get(name); value != want || want == "" {
			t.Errorf("%s is %q, want %q", name, value, want)
		}
	}
}

// viewerSendsTheHeader checks that CloudFront replaces what a viewer sends in the origin
// header.
func (s *suite) viewerSendsTheHeader(t *testing.T) {
	ctx := within(t, time.Minute)
	for _, values := range [][]string{{"wrong"}, {"wrong", "wrong again"}, {"a, b"}, {""}} {
		to := s.viewer.With(s.header, values...)
		if _, err := to.WholeStream(ctx, s.ask("Hello")); err != nil {
			t.Errorf("with %q: %v", values, err)
		}
	}
}

// door checks that the REST API lets in a request with a key alone, and that the backend isn't
// asked otherwise. Without the header, not even the authorizer is.
func (s *suite) door(t *testing.T) {
	ctx := within(t, time.Minute)
	key, err := s.key(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.withKey(key).WholeStream(ctx, s.ask("Hello")); err != nil {
		t.Fatalf("with a key: %v", err)
	}
	if err := pause(ctx, time.Second); err != nil { // until its log is written
		t.Fatal(err)
	}
	wrong := strings.Repeat("0", len(key)-10) + fmt.Sprintf("%010d", time.Now().UnixNano()%1e10)
	decided := 0
	for _, one := range []struct {
		name    string
		to      chatstream.Target
		status  int
		decides bool // the authorizer may be invoked
	}{
		{"no header", s.direct, http.StatusUnauthorized, false},
		{"an empty header", s.withKey(""), http.StatusUnauthorized, false},
		{"a wrong key", s.withKey(wrong), http.StatusForbidden, true},
		{"a key and a wrong one", s.withKey(key, wrong), http.StatusForbidden, true},
		{"a wrong key and a key", s.withKey(wrong, key), http.StatusForbidden, true},
		{"a key twice", s.withKey(key, key), http.StatusForbidden, true},
		{"a key twice in one header", s.withKey(key + "," + key), http.StatusForbidden, true},
	} {
		since := now()
		for _, streamed := range []bool{true, false} {
			request := s.ask("Hello")
			request.Stream = streamed
			got, err := s.status(ctx, one.to, request)
			if err != nil || got != one.status {
				t.Errorf("%s, stream %v: %d, %v; want %d", one.name, streamed, got, err, one.status)
			}
		}
		if err := pause(ctx, 300*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		decisions, err := s.logged(ctx, s.authorizer, since)
		served, err2 := s.logged(ctx, s.restServer, since)
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		if !one.decides && len(decisions) > 0 {
			t.Errorf("%s: the authorizer logged %q", one.name, decisions)
		}
		decided += len(decisions)
		if len(served) > 0 {
			t.Errorf("%s: the function logged %q", one.name, served)
		}
	}
	if decided == 0 {
		t.Error("the authorizer logged nothing of all")
	}
}

// status sends a request and returns the status of its response.
func (s *suite) status(ctx context.Context, to chatstream.Target, r chatstream.Request) (int, error) {
	got, err := to.Send(ctx, r)
	if err != nil {
		return 0, err
	}
	defer got.Close()
	_, err = got.Content()
	return got.Status, err
}

// errorsBefore checks that an error before the first token has its own status, with the same
// problem document as where the answer isn't streamed.
func (s *suite) errorsBefore(t *testing.T) {
	ctx := within(t, 2*time.Minute)
	key, err := s.key(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range failures {
		t.Run(f.name, func(t *testing.T) {
			restore, err := s.failing(ctx, f)
			e2etest.Cleanup(t, "end the backend's failure", restore)
			if err != nil {
				t.Fatal(err)
			}
			to := s.viewer
			if f.direct {
				to = s.withKey(key)
			}
			for _, streamed := range []bool{true, false} {
				request := s.ask("Hello")
				request.Stream = streamed
				got, err := to.Refused(ctx, request)
				if err != nil || got.Status != f.status || got.Code != f.code {
					t.Errorf("stream %v: %d %s, %v; want %d %s", streamed, got.Status, got.Code, err, f.status, f.code)
				}
				if f.status == http.StatusTooManyRequests && got.Header.Get("Retry-After") == "" {
					t.Errorf("stream %v: 429 without Retry-After", streamed)
				}
			}
		})
	}
	t.Run("wrong request", func(t *testing.T) {
		request := s.ask("Hello")
		request.Stream, request.Members = true, map[string]any{"temperature": 5}
		if got, err := s.viewer.Refused(ctx, request); err != nil || got.Status != http.StatusUnprocessableEntity || got.Code != "invalid_body" {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// sameAnswer checks that the pieces of a stream put together are the answer that isn't
// streamed, for everything that an answer may have.
func (s *suite) sameAnswer(t *testing.T) {
	ctx := within(t, 2*time.Minute)
	object := func(member, kind string) map[string]any {
		return map[string]any{"type": "object", "properties": map[string]any{member: map[string]any{"type": kind}}, "required": []string{member}, "additionalProperties": false}
	}
	weather := map[string]any{"type": "function", "function": map[string]any{
		"name": "get_weather", "description": "Get the current weather of a city", "parameters": object("city", "string"),
	}}
	usage := map[string]any{"stream_options": map[string]any{"include_usage": true}}
	for name, r := range map[string]chatstream.Request{
		"text":            {Model: s.model, Message: "Hello there, “you”: a\nline & <more> — 日本語 🙂"},
		"a limit":         {Model: s.model, Message: "one two three four five", Members: map[string]any{"max_tokens": 2}},
		"a stop sequence": {Model: s.model, Message: "alpha beta gamma delta", Members: map[string]any{"stop": []string{"gamma"}}},
		"calls": {Model: s.model, Message: "What is the weather in Paris and London?", Members: map[string]any{
			"tools": []any{weather},
		}},
		"JSON by a schema": {Model: s.model, Message: "Alice is 30", Members: map[string]any{"response_format": map[string]any{
			"type": "json_schema", "json_schema": map[string]any{"name": "person", "schema": object("age", "integer")},
		}}},
		"reasoning": {Model: s.thinker, Message: "Why?", Members: map[string]any{"reasoning_effort": "low"}},
	} {
		t.Run(name, func(t *testing.T) {
			whole, used, err := s.viewer.Complete(ctx, r)
			if err != nil {
				t.Fatal(err)
			}
			plain, err := s.viewer.WholeStream(ctx, r)
			if err != nil {
				t.Fatal(err)
			}
			r.Members = members(usage, r.Members)
			counted, err := s.viewer.WholeStream(ctx, r)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(plain.Message, whole) || !reflect.DeepEqual(counted.Message, whole) {
				t.Errorf("streamed %+v, with usage %+v, as a whole %+v", plain.Message, counted.Message, whole)
			}
			if plain.Usage != nil || !reflect.DeepEqual(counted.Usage, used) {
				t.Errorf("usage %+v without being asked for, else %+v, as a whole %+v", plain.Usage, counted.Usage, used)
			}
			if name == "reasoning" && whole.Reasoning == "" || name == "calls" && len(whole.Calls) != 2 {
				t.Errorf("the answer lacks what is tested: %+v", whole)
			}
		})
	}
}

// long checks that an answer of so many seconds arrives whole and in time.
func (s *suite) long(t *testing.T, tokens int, pace time.Duration) {
	expected := time.Duration(tokens) * pace
	a, err := s.viewer.WholeStream(within(t, expected+time.Minute), s.ask(says("Hello", "pace "+pace.String(), fmt.Sprintf("tokens %d", tokens))))
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Tokens) < tokens*9/10 {
		t.Errorf("%d tokens, want %d", len(a.Tokens), tokens)
	}
	// The first token doesn't wait for the last one.
	if lasted := a.Last() - a.First(); lasted < expected*8/10 || a.First() > expected/5 {
		t.Errorf("the first token after %s, the last one %s later; want %s in all", a.First(), lasted, expected)
	}
	t.Logf("%d tokens, the first after %s, the last after %s", len(a.Tokens), a.First().Round(time.Millisecond), a.Last().Round(time.Millisecond))
}

func (s *suite) minutes(t *testing.T) {
	if *brief {
		t.Skip("takes four minutes: run without -brief")
	}
	s.long(t, 240, time.Second)
}

// silence checks that a stream whose first token takes longer than CloudFront waits for a
// byte arrives: comments fill the silence.
func (s *suite) silence(t *testing.T) {
	const silent = 50 * time.Second
	a, err := s.viewer.WholeStream(within(t, 2*time.Minute), s.ask(says("Hello", "silence "+silent.String())))
	if err != nil {
		t.Fatal(err)
	}
	if a.First() < silent*9/10 {
		t.Errorf("the first token came after %s already", a.First())
	}
	if len(a.Heartbeats) < 2 || a.Heartbeats[0].At > silent/2 {
		t.Errorf("%d comments, want one each 15 s", len(a.Heartbeats))
	}
	t.Logf("%d comments, the first token after %s", len(a.Heartbeats), a.First().Round(time.Millisecond))
}

// notStreamed checks that an answer that isn't streamed may take longer at the REST API than
// an HTTP API waits.
func (s *suite) notStreamed(t *testing.T) {
	m, _, err := s.viewer.Complete(within(t, time.Minute), s.ask(says("Hello", "silence 33s")))
	if err != nil || m.Content == "" || m.Finish != "stop" {
		t.Errorf("%+v, %v", m, err)
	}
}

// notStreamedTooLong checks the error of one that takes longer than CloudFront waits for a
// byte: it says that the answer can be streamed.
func (s *suite) notStreamedTooLong(t *testing.T) {
	ctx := within(t, 2*time.Minute)
	key, err := s.key(ctx)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	got, err := s.withKey(key).Send(ctx, s.ask(says("Hello", "silence 55s")))
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	content, err := got.Content()
	if err != nil || got.Status != http.StatusGatewayTimeout || !strings.Contains(string(content), `"model_timeout"`) || !strings.Contains(string(content), "stream") {
		t.Errorf("%d %s, %v", got.Status, content, err)
	}
	if took := time.Since(began); took < 35*time.Second {
		t.Errorf("the response came after %s already", took)
	}
}

// httpAPIEndsEarlier checks that the models' own endpoint, which the HTTP API has, keeps its
// limit.
func (s *suite) httpAPIEndsEarlier(t *testing.T) {
	body := fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":%q}]}`, s.model, says("Hello", "silence 40s"))
	began := time.Now()
	request, err := http.NewRequestWithContext(within(t, time.Minute), http.MethodPost, s.viewer.URL+"/models", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = s.env.Authorization()
	request.Header.Set("Content-Type", "application/json")
	got, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if _, err := io.ReadAll(got.Body); err != nil || got.StatusCode != http.StatusGatewayTimeout {
		t.Errorf("%d, %v", got.StatusCode, err)
	}
	if took := time.Since(began); took < 25*time.Second || took > 35*time.Second {
		t.Errorf("the response came after %s", took)
	}
}

// brokenWithin checks that a backend that fails within a stream leaves an error in it and no
// mark of its end, and that the function's log and metrics have it.
func (s *suite) brokenWithin(t *testing.T, how string) {
	ctx := within(t, time.Minute)
	since := now()
	request := s.ask(says("one two three", "pace 50ms", "tokens 30", how))
	request.Stream = true
	got, err := s.viewer.Send(ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	if err := got.IsStream(); err != nil {
		t.Fatal(err)
	}
	events, err := got.Events()
	if err != nil {
		t.Fatal(err)
	}
	a, err := chatstream.Assemble(events)
	if err != nil {
		t.Fatal(err)
	}
	if a.Broken("model_failed") != nil && a.Broken("model_unavailable") != nil {
		t.Error(a.Broken("model_failed"))
	}
	if len(a.Tokens) < 3 || len(a.Tokens) > 10 {
		t.Errorf("%d tokens before the error", len(a.Tokens))
	}
	if _, err := s.awaitLog(ctx, s.restServer, since, `"requestId":"`+got.Header.Get("X-Request-Id")+`"`, `"cut":true`); err != nil {
		t.Error(err)
	}
	if _, err := s.awaitLog(ctx, s.restServer, since, `"StreamsCut"`); err != nil {
		t.Error(err)
	}
}

// clientsLeave has clients leave within a stream. The next requests, which may come to the same
// execution environments, must get their own answers and nothing else, and the function ends
// by itself.
func (s *suite) clientsLeave(t *testing.T) {
	const clients = 6
	ctx := within(t, 2*time.Minute)
	since := now()
	for i := range clients {
		id, err := s.leaveAfter(ctx, 3, says(fmt.Sprintf("left %d", i), "pace 50ms", "tokens 60"))
		if err != nil {
			t.Fatal(err)
		}
		var group errgroup.Group
		for j := range 3 {
			group.Go(func() error { return s.echoes(ctx, fmt.Sprintf("request %d of %d, after a client left", j, i)) })
		}
		if err := group.Wait(); err != nil {
			t.Error(err)
		}
		if _, err := s.awaitLog(ctx, s.restServer, since, `"requestId":"`+id+`"`, `"streamed":true`); err != nil {
			t.Errorf("the function that a client left doesn't end: %v", err)
		}
	}
	for i := range clients {
		if err := s.echoes(ctx, fmt.Sprintf("after all, request %d", i)); err != nil {
			t.Error(err)
		}
	}
}

// leaveAfter reads some tokens of a stream and closes the connection. It returns the
// request's id.
func (s *suite) leaveAfter(ctx context.Context, tokens int, message string) (id string, err error) {
	request := s.ask(message)
	request.Stream = true
	got, err := s.viewer.Send(ctx, request)
	if err != nil {
		return "", err
	}
	defer got.Close()
	if err := got.IsStream(); err != nil {
		return "", err
	}
	for range tokens {
		if _, err := got.Next(); err != nil {
			return "", err
		}
	}
	return got.Header.Get("X-Request-Id"), nil
}

// echoes checks that the model answers a message with its words.
func (s *suite) echoes(ctx context.Context, message string) error {
	a, err := s.viewer.WholeStream(ctx, s.ask(message))
	if err == nil && a.Message.Content != message {
		err = fmt.Errorf("the answer to %q is %q", message, a.Message.Content)
	}
	return err
}

// atOnce checks that streams at the same time don't mix.
func (s *suite) atOnce(t *testing.T) {
	ctx := within(t, 2*time.Minute)
	var group errgroup.Group
	for i := range 20 {
		group.Go(func() error {
			words := strings.Repeat(fmt.Sprintf("stream%d ", i), 20)
			a, err := s.viewer.WholeStream(ctx, s.ask(says(words, "pace 100ms")))
			if err == nil && strings.Count(a.Message.Content, fmt.Sprintf("stream%d", i)) < 20 {
				err = fmt.Errorf("stream %d: %q", i, a.Message.Content)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

// limited checks that a stream tells that it is cut at the request's limit.
func (s *suite) limited(t *testing.T) {
	request := s.ask(says("Hello", "tokens 50"))
	request.Members = map[string]any{"max_tokens": 10}
	a, err := s.viewer.WholeStream(within(t, time.Minute), request)
	if err != nil {
		t.Fatal(err)
	}
	if a.Message.Finish != "length" || len(a.Tokens) > 10 {
		t.Errorf("%d tokens, finish_reason %q", len(a.Tokens), a.Message.Finish)
	}
}
