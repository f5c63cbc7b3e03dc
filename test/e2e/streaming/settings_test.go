package streaming

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/chatstream"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
)

// TestOffAndOn turns streaming off and on again under traffic. No request may fail or meet an
// API that is gone; off, nothing of it is left, and on again all is as before.
func TestOffAndOn(t *testing.T) {
	if *brief {
		t.Skip("takes minutes: run without -brief")
	}
	s := attach(t)
	ctx := t.Context()
	before, err := s.inventory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(ofStreams(before)) < 5 {
		t.Fatalf("the inventory has only %q of streams", ofStreams(before))
	}
	load := s.startLoad(ctx)
	t.Cleanup(load.end)
	if err := pause(ctx, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	load.expectRefusals(true)
	t.Run("off", func(t *testing.T) {
		off := e2etest.Deploy(t, s.env, map[string]any{"gatehouse:streamingEnabled": false})
		if off.StreamURL() != "" {
			t.Errorf("the stack still has the output %s", off.StreamURL())
		}
		left, err := s.inventory(ctx)
		if err != nil || len(ofStreams(left)) > 0 {
			t.Errorf("left over: %q, %v", ofStreams(left), err)
		}
		request := s.ask("Hello")
		request.Stream = true
		if got, err := s.viewer.Refused(ctx, request); err != nil || got.Status != http.StatusUnprocessableEntity || got.Code != "streaming_unsupported" {
			t.Errorf("a stream: %+v, %v", got, err)
		}
		if m, _, err := s.viewer.Complete(ctx, s.ask("Hello")); err != nil || m.Content == "" {
			t.Errorf("an answer that isn't streamed: %+v, %v", m, err)
		}
		unchanged(t, s)
	}) // and its cleanup turns streaming on again
	for _, refusals := range []bool{true, false} { // what was sent before is answered meanwhile
		load.expectRefusals(refusals)
		if err := pause(ctx, 5*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	load.end()
	after, err := s.inventory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(before, after) {
		t.Errorf("before\n%s\nafter\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
	if _, err := s.viewer.WholeStream(ctx, s.ask("Hello")); err != nil {
		t.Errorf("on again: %v", err)
	}
	unchanged(t, s)
	load.report(t)
}

// unchanged checks that another deployment changes nothing.
func unchanged(t *testing.T, s *suite) {
	t.Helper()
	if changes, err := s.env.Stack.Up(t.Context(), func(string) {}); err != nil || changes != pulumicli.NoChange {
		t.Errorf("a second deployment: %s, %v", changes, err)
	}
}

// load sends streams and other requests until it ends.
type load struct {
	stop context.CancelFunc
	all  sync.WaitGroup

	mu       sync.Mutex
	refused  bool // streams may be refused, by the HTTP API
	whole    int  // streams
	refusals int
	answers  int // that aren't streamed
	failures []error
}

func (s *suite) startLoad(ctx context.Context) *load {
	ctx, stop := context.WithCancel(ctx)
	l := &load{stop: stop}
	for range 4 {
		l.all.Go(func() { l.each(ctx, func(ctx context.Context) { l.stream(ctx, s) }) })
		l.all.Go(func() { l.each(ctx, func(ctx context.Context) { l.complete(ctx, s) }) })
	}
	return l
}

// each does one after another. What was begun is finished.
func (l *load) each(ctx context.Context, do func(context.Context)) {
	for ctx.Err() == nil {
		do(context.WithoutCancel(ctx))
		_ = pause(ctx, 100*time.Millisecond)
	}
}

func (l *load) end() {
	l.stop()
	l.all.Wait()
}

func (l *load) expectRefusals(refused bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused = refused
}

// stream sends a request for a stream of three seconds. An edge location sends it to the REST
// API, where it is whole, or to the HTTP API, which refuses it.
func (l *load) stream(ctx context.Context, s *suite) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	request := s.ask(says("Hello", "pace 100ms", "tokens 30"))
	request.Stream = true
	got, err := s.viewer.Send(ctx, request)
	if err != nil {
		l.note(0, 0, 0, err)
		return
	}
	defer got.Close()
	if got.Status == http.StatusUnprocessableEntity {
		content, err := got.Content()
		if err == nil && !strings.Contains(string(content), `"streaming_unsupported"`) {
			err = fmt.Errorf("422 %.200q", content)
		}
		l.note(0, 1, 0, err)
		return
	}
	l.note(1, 0, 0, whole(got))
}

// whole reads a stream, and returns an error unless it is whole.
func whole(got *chatstream.Response) error {
	if err := got.IsStream(); err != nil {
		return err
	}
	events, err := got.Events()
	if err != nil {
		return err
	}
	a, err := chatstream.Assemble(events)
	return errors.Join(err, a.Whole())
}

func (l *load) complete(ctx context.Context, s *suite) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	_, _, err := s.viewer.Complete(ctx, s.ask("Hello"))
	l.note(0, 0, 1, err)
}

func (l *load) note(whole, refusals, answers int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil:
		l.failures = append(l.failures, fmt.Errorf("%s: %w", time.Now().Format("15:04:05.000"), err))
	case refusals > 0 && !l.refused:
		l.failures = append(l.failures, errors.New("a stream was refused"))
	}
	l.whole, l.refusals, l.answers = l.whole+whole, l.refusals+refusals, l.answers+answers
}

func TestARefusedStreamIsAFailure(t *testing.T) {
	l := &load{}
	for _, expected := range []bool{false, true, false} {
		before := len(l.failures)
		l.expectRefusals(expected)
		l.note(0, 1, 0, nil)
		if failed := len(l.failures) > before; failed == expected {
			t.Errorf("a refused stream fails the test: %v, with refusals expected: %v", failed, expected)
		}
	}
	if l.note(1, 0, 1, nil); len(l.failures) != 2 || l.refusals != 3 {
		t.Errorf("got %d refusals, %v", l.refusals, l.failures)
	}
}

// report fails the test over requests that failed, and if too few were sent to show anything.
func (l *load) report(t *testing.T) {
	t.Helper()
	t.Logf("%d streams, %d refused, %d other requests, %d failed", l.whole, l.refusals, l.answers, len(l.failures))
	if l.whole < 10 || l.refusals < 10 || l.answers < 50 {
		t.Error("too few requests to show anything")
	}
	for i, err := range l.failures {
		if i == 20 {
			t.Errorf("and %d more", len(l.failures)-i)
			break
		}
		t.Error(err)
	}
}

// TestLimits deploys with a short time for streams, and few at once.
func TestLimits(t *testing.T) {
	if *brief {
		t.Skip("takes minutes: run without -brief")
	}
	const atOnce = 2
	s := newSuite(t, e2etest.Deploy(t, attach(t).env, map[string]any{
		"gatehouse:streamingTimeout": "30s", "gatehouse:streamingReservedConcurrency": atOnce,
	}))
	t.Run("deadlines", func(t *testing.T) {
		for name, how := range map[string]string{"a slow stream": "pace 1s", "a stream that hangs": "hang after 25"} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s.deadline(t, how)
			})
		}
	})
	t.Run("concurrency", func(t *testing.T) { s.concurrency(t, atOnce) })
}

// deadline checks that a stream that takes too long ends with an error, and before Lambda ends
// the function.
func (s *suite) deadline(t *testing.T, how string) {
	ctx := within(t, 2*time.Minute)
	began := time.Now()
	a, err := s.viewer.Stream(ctx, s.ask(says("Hello", how, "tokens 60")))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Broken("model_timeout"); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took < 25*time.Second || took > 40*time.Second {
		t.Errorf("it ended after %s", took)
	}
	if len(a.Tokens) < 20 {
		t.Errorf("%d tokens before the error", len(a.Tokens))
	}
}

// concurrency checks that streams beyond the reserved concurrency are refused, and that other
// requests are served all the same.
func (s *suite) concurrency(t *testing.T, atOnce int) {
	ctx := within(t, 2*time.Minute)
	request := s.ask(says("Hello", "pace 1s", "tokens 15"))
	request.Stream = true
	for range atOnce {
		got, err := s.viewer.Send(ctx, request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := whole(got); err != nil {
				t.Error(err)
			}
			got.Close()
		}()
	}
	key, err := s.key(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []chatstream.Target{s.viewer, s.withKey(key)} {
		if status, err := s.status(ctx, to, request); err != nil || status != http.StatusTooManyRequests && status/100 != 5 {
			t.Errorf("one stream too many: %d, %v", status, err)
		}
	}
	response, err := http.Get(s.viewer.URL + "/models")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("the models: %s", response.Status)
	}
}
