package budgets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gatehouse-iac/gatehouse/internal/chatstream"
	"github.com/gatehouse-iac/gatehouse/sandbox/servers/scriptedmodel"
)

// requestTimeout is more than any function has.
const requestTimeout = 40 * time.Second

// sample is a request and its outcome.
type sample struct {
	customer string
	began    time.Time
	status   int
	code     string // of the problem, "" for a success
	whole    bool   // a stream has come whole
}

// traffic sends requests of clients.
type traffic struct {
	suite  *suite
	client *http.Client

	mu      sync.Mutex
	samples []sample
}

func newTraffic(s *suite) *traffic {
	return &traffic{suite: s, client: &http.Client{Timeout: requestTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: 32}}}
}

// send sends a number of requests of customers chosen at random, so many at once.
func (t *traffic) send(ctx context.Context, all []customer, requests, atOnce int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for range requests {
		group.Go(func() error { return t.one(ctx, all[rand.N(len(all))]) })
	}
	return group.Wait()
}

// one sends one request: of the buffered kind or of one of the two of the API that streams.
func (t *traffic) one(ctx context.Context, c customer) error {
	message := fmt.Sprintf("%s says hello %s [[tokens %d]]", c.name, strings.Repeat("again ", rand.N(20)), 1+rand.N(20))
	s := sample{customer: c.name, began: time.Now()}
	var err error
	switch rand.N(3) {
	case 0:
		s.status, s.code, err = t.buffered(ctx, c, "/models", map[string]any{"max_tokens": 20}, message)
	case 1:
		s.status, s.code, err = t.buffered(ctx, c, chatstream.Path, map[string]any{"max_completion_tokens": 20, "model": scriptedmodel.Model}, message)
	case 2:
		err = t.stream(ctx, c, message, &s)
	}
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.samples = append(t.samples, s)
	return nil
}

func (t *traffic) url() string {
	return t.suite.env.DistributionURL() + t.suite.env.Outputs["apiPrefix"]
}

func (t *traffic) buffered(ctx context.Context, c customer, path string, body map[string]any, message string) (int, string, error) {
	body["messages"] = []any{map[string]any{"role": "user", "content": message}}
	content, err := json.Marshal(body)
	if err != nil {
		return 0, "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url()+path, strings.NewReader(string(content)))
	if err != nil {
		return 0, "", err
	}
	request.Header = c.header()
	request.Header.Set("Content-Type", "application/json")
	got, err := t.client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer got.Body.Close()
	content, err = io.ReadAll(got.Body)
	return got.StatusCode, codeOf(content), err
}

func (t *traffic) stream(ctx context.Context, c customer, message string, s *sample) error {
	to := chatstream.Target{URL: t.url(), Header: c.header(), Client: t.client}
	got, err := to.Send(ctx, chatstream.Request{
		Model: scriptedmodel.Model, Message: message, Stream: true, Members: map[string]any{"max_completion_tokens": 20},
	})
	if err != nil {
		return err
	}
	defer got.Close()
	s.status = got.Status
	if got.Status != http.StatusOK {
		content, err := got.Content()
		s.code = codeOf(content)
		return err
	}
	if err := got.IsStream(); err != nil {
		return err
	}
	events, err := got.Events()
	if err == nil {
		answer, problem := chatstream.Assemble(events)
		s.whole = problem == nil && answer.Whole() == nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil // a killed function cuts its stream
}

func codeOf(content []byte) string {
	var problem struct{ Code string }
	_ = json.Unmarshal(content, &problem)
	return problem.Code
}

// outcomes counts the requests by status and code.
func (t *traffic) outcomes() map[string]int {
	counts := map[string]int{}
	for _, s := range t.samples {
		counts[strings.TrimSpace(fmt.Sprint(s.status, " ", s.code))]++
	}
	return counts
}

// verifyStatuses returns an error for each response that no request may get here. Where
// calls fail and functions are killed, requests may fail with 5xx.
func (t *traffic) verifyStatuses(disturbed bool) error {
	var wrong []error
	for outcome, count := range t.outcomes() {
		switch status, code, _ := strings.Cut(outcome, " "); {
		case status == "200", status == "429" && code != "":
		case status == "401" && code == "invalid_api_key":
		case disturbed && strings.HasPrefix(status, "5"):
		default:
			wrong = append(wrong, fmt.Errorf("%d × %s", count, outcome))
		}
	}
	return errors.Join(wrong...)
}
