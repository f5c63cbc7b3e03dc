package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/chatstream"
)

const (
	loadTime    = 10 * time.Second       // of each level
	loadTimeout = 30 * time.Second       // of a request; after it, it hangs
	loadPause   = 100 * time.Millisecond // after a refusal
	loadGrowth  = 1.1                    // of the rate from one level to the next, below which it no longer grows

	mebibyte = 1 << 20

	// loadMemory is the goal for the memory after the last level, as a multiple of that after
	// the same load before: more environments of functions take more, the same load doesn't.
	loadMemory = 1.1
)

// loadLevels are the numbers of requests at once. The highest comes three times: after the
// second, all environments of functions have started that it needs, and the memory is compared.
var loadLevels = []int{1, 2, 4, 8, 16, 32, 64, 128, 128, 128}

// Loaded is the API under load.
type Loaded struct {
	Viewer chatstream.Target // through CloudFront and the stack
	Model  string
	Memory func() int64 // bytes of the emulated AWS and of the functions that it runs
}

// outcome is the end of a request.
type outcome int

const (
	answered outcome = iota // 200, and the stream was whole
	refused                 // 429 or 503, as a problem document with Retry-After
	failed                  // any other way, a timeout among them
)

// level has what was measured at a number of requests at once.
type level struct {
	atOnce            int
	answered, refused []float64 // ms
	failures          []error
	memory            int64
}

// Load raises the number of streams at once until the rate of answers no longer grows, and
// beyond, and measures how requests end there. It calls doing with what is measured, and say
// with what failed.
func Load(ctx context.Context, l Loaded, doing, say func(string)) ([]Row, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: loadLevels[len(loadLevels)-1]}
	defer transport.CloseIdleConnections()
	l.Viewer.Client = &http.Client{Transport: transport, Timeout: loadTimeout}
	var levels []level
	for _, atOnce := range loadLevels {
		doing(fmt.Sprintf("%d requests at once", atOnce))
		measured := l.level(ctx, atOnce, loadTime)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if len(measured.failures) > 0 {
			say(fmt.Sprintf("%d failed with %d at once, the first with: %v", len(measured.failures), atOnce, measured.failures[0]))
		}
		levels = append(levels, measured)
	}
	return loadRows(levels), nil
}

// level sends as many requests at once for a time. Each begins when the one before it has
// ended, and those that are under way at the end are awaited.
func (l Loaded) level(ctx context.Context, atOnce int, lasting time.Duration) level {
	measured := level{atOnce: atOnce}
	end := time.Now().Add(lasting)
	var (
		senders sync.WaitGroup
		writing sync.Mutex
	)
	for range atOnce {
		senders.Go(func() {
			for time.Now().Before(end) && ctx.Err() == nil {
				began := time.Now()
				got, err := l.ask(ctx)
				took := milliseconds(time.Since(began))
				writing.Lock()
				measured.add(got, took, err)
				writing.Unlock()
				if got == refused {
					time.Sleep(loadPause)
				}
			}
		})
	}
	senders.Wait()
	measured.memory = l.Memory()
	return measured
}

func (l *level) add(got outcome, took float64, err error) {
	switch got {
	case answered:
		l.answered = append(l.answered, took)
	case refused:
		l.refused = append(l.refused, took)
	case failed:
		l.failures = append(l.failures, err)
	}
}

// ask sends a request with a short stream as its response, and returns how it ended. The
// error says why it failed.
func (l Loaded) ask(ctx context.Context) (outcome, error) {
	got, err := l.Viewer.Send(ctx, chatstream.Request{Model: l.Model, Message: streamShort, Stream: true})
	if err != nil {
		return failed, err
	}
	defer got.Close()
	if got.Status != http.StatusOK {
		return refusal(got)
	}
	events, err := got.Events()
	if err != nil {
		return failed, err
	}
	answer, err := chatstream.Assemble(events)
	if err == nil {
		err = answer.Whole()
	}
	if err != nil {
		return failed, err
	}
	return answered, nil
}

// refusal returns [refused] for a response by which a client knows what to do.
func refusal(got *chatstream.Response) (outcome, error) {
	content, err := got.Content()
	if err != nil {
		return failed, err
	}
	var problem struct{ Code string }
	switch {
	case got.Status != http.StatusTooManyRequests && got.Status != http.StatusServiceUnavailable:
		return failed, fmt.Errorf("%d %.300q", got.Status, content)
	case got.Header.Get("Retry-After") == "":
		return failed, fmt.Errorf("%d without Retry-After: %.300q", got.Status, content)
	case json.Unmarshal(content, &problem) != nil || problem.Code == "":
		return failed, fmt.Errorf("%d, not a problem document: %.300q", got.Status, content)
	}
	return refused, nil
}

// rate returns the answers in a second.
func (l level) rate() float64 { return float64(len(l.answered)) / loadTime.Seconds() }

// knee returns the first level after which the rate of answers no longer grows.
func knee(levels []level) int {
	for i := range levels[:len(levels)-1] {
		if levels[i+1].rate() < loadGrowth*levels[i].rate() {
			return i
		}
	}
	return len(levels) - 1
}

func loadRows(levels []level) []Row {
	at := knee(levels)
	last := levels[len(levels)-1]
	before := levels[max(0, len(levels)-2)]
	var refusals, beyond []float64
	sent, failures := 0, 0
	for _, l := range levels {
		failures += len(l.failures)
	}
	for _, l := range levels[at+1:] {
		refusals, beyond = append(refusals, l.refused...), append(beyond, l.answered...)
		sent += len(l.answered) + len(l.refused) + len(l.failures)
	}
	rows := []Row{
		{Figure: "streams at once, up to which the rate grows", Ours: float64(levels[at].atOnce)},
		{Figure: "whole answers a second there", Ours: levels[at].rate()},
		{Figure: fmt.Sprintf("the same with %d at once", last.atOnce), Ours: last.rate()},
	}
	if sent > 0 {
		rows = append(rows,
			Row{Figure: "refused beyond it, with Retry-After", Unit: "%", Ours: 100 * float64(len(refusals)) / float64(sent)},
			Row{Figure: "a refusal, p99", Unit: "ms", Ours: quantile(refusals, 0.99)},
			Row{Figure: "a whole answer beyond it, p99", Unit: "ms", Ours: quantile(beyond, 0.99)})
	}
	return append(rows,
		Row{Figure: "neither answered whole nor refused, at any level", Ours: float64(failures), Goal: atMost(0)},
		Row{Figure: "memory at the end", Unit: "MiB", Ours: float64(last.memory) / mebibyte, Beside: "after the same load before", Theirs: float64(before.memory) / mebibyte, Goal: atMostTimes(loadMemory)})
}
