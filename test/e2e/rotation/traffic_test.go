package rotation

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/chatstream"
)

const (
	// connections is the number of viewers. A connection belongs to one simulated edge,
	// so there are several for each.
	connections = 12

	// requestInterval is the mean time between two requests of one connection. All
	// together stay below the API's throttling.
	requestInterval = 200 * time.Millisecond

	// connectionLife is the mean time after which a viewer connects anew and so may
	// come to another edge.
	connectionLife = 10 * time.Second

	requestTimeout = 20 * time.Second
)

const modelBody = `{"messages":[{"role":"user","content":"Hello"}]}`

// chatBody is a request for a chat completion.
const chatBody = `{"model":"` + chatModel + `","messages":[{"role":"user","content":"Hello"}]}`

// target is the address of the models behind a distribution or an API.
type target struct {
	url  string
	host string // the Host header; empty for that of the URL

	headerName, headerValue string // a header to send; none without a name
	credential              http.Header

	chat bool // the URL is that of chat completions, which the REST API has
}

// sample is one request and its outcome.
type sample struct {
	at     time.Time
	took   time.Duration
	status int    // 0 without a response
	edge   string // that responded, as CloudFront names it
	err    error  // nil if the model answered
}

// traffic is a continuous load on targets, in turns, and on the API that streams, if there
// is one.
type traffic struct {
	targets []target
	streams *chatstream.Target

	mu        sync.Mutex
	samples   []sample
	streamed  []sample
	connected int

	stop  context.CancelFunc
	ended sync.WaitGroup
}

// startTraffic begins a load that goes on until end.
func startTraffic(ctx context.Context, to []target, streams *chatstream.Target) *traffic {
	ctx, stop := context.WithCancel(ctx)
	t := &traffic{targets: to, streams: streams, stop: stop}
	for range connections {
		t.ended.Go(func() { t.view(ctx) })
	}
	if streams != nil {
		for range openStreams {
			t.ended.Go(func() { t.stream(ctx) })
		}
	}
	return t
}

// end stops the load and sums up its samples.
func (t *traffic) end() statistics {
	t.stop()
	t.ended.Wait()
	s := summarize(t.samples)
	s.connections = t.connected
	s.addStreams(t.streamed)
	return s
}

// view is one viewer: one connection at a time, one request after another.
func (t *traffic) view(ctx context.Context) {
	for ctx.Err() == nil {
		t.mu.Lock()
		t.connected++
		t.mu.Unlock()
		transport := &http.Transport{MaxConnsPerHost: 1}
		client := &http.Client{Transport: transport, Timeout: requestTimeout}
		life := time.NewTimer(around(connectionLife))
		for expired := false; !expired; {
			select {
			case <-ctx.Done():
				expired = true
			case <-life.C:
				expired = true
			case <-time.After(around(requestInterval)):
				// A request that was begun is finished, also if the load ends meanwhile.
				s := t.targets[rand.N(len(t.targets))].send(context.WithoutCancel(ctx), client)
				t.mu.Lock()
				t.samples = append(t.samples, s)
				t.mu.Unlock()
			}
		}
		transport.CloseIdleConnections()
	}
}

// around returns a random time with the mean d, so that viewers don't fall into step.
func around(d time.Duration) time.Duration {
	return d/2 + rand.N(d)
}

// send sends one request, which the model must answer.
func (to target) send(ctx context.Context, client *http.Client) sample {
	s := sample{at: time.Now()}
	s.status, s.edge, s.err = to.post(ctx, client)
	s.took = time.Since(s.at)
	return s
}

// check sends one request and returns an error unless the model answers.
func (to target) check(ctx context.Context) error {
	client := &http.Client{Transport: &http.Transport{}, Timeout: requestTimeout}
	defer client.CloseIdleConnections()
	if s := to.send(ctx, client); s.err != nil {
		return fmt.Errorf("status %d: %w", s.status, s.err)
	}
	return nil
}

func (to target) post(ctx context.Context, client *http.Client) (status int, edge string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.url, strings.NewReader(to.body()))
	if err != nil {
		return 0, "", err
	}
	request.Host = to.host
	maps.Copy(request.Header, to.credential)
	request.Header.Set("Content-Type", "application/json")
	if to.headerName != "" {
		request.Header.Set(to.headerName, to.headerValue)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	edge = response.Header.Get("X-Amz-Cf-Pop")
	content, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return response.StatusCode, edge, fmt.Errorf("read the response: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return response.StatusCode, edge, errors.New(short(string(content)))
	}
	if !to.isAnswer(content) {
		return response.StatusCode, edge, fmt.Errorf("not the model's response: %s", short(string(content)))
	}
	return response.StatusCode, edge, nil
}

func (to target) body() string {
	if to.chat {
		return chatBody
	}
	return modelBody
}

// isAnswer reports whether a body is the model's response.
func (to target) isAnswer(body []byte) bool {
	if to.chat {
		message, _, err := chatstream.Completion(body)
		return err == nil && message.Content != ""
	}
	var completion struct{ Text string }
	return json.Unmarshal(body, &completion) == nil && completion.Text != ""
}

// short returns a string on one line, cut to what a log line can show.
func short(content string) string {
	const most = 200
	runes := []rune(strings.Join(strings.Fields(content), " "))
	if len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return string(runes)
}

// statistics sums up samples.
type statistics struct {
	requests    int
	streams     int      // besides the requests
	failures    []sample // of requests and streams
	connections int
	edges       int // that responded
	p50, p99    time.Duration
}

func summarize(samples []sample) statistics {
	s := statistics{requests: len(samples)}
	edges := map[string]bool{}
	var times []time.Duration
	for _, one := range samples {
		times = append(times, one.took)
		if one.edge != "" {
			edges[one.edge] = true
		}
		if one.err != nil {
			s.failures = append(s.failures, one)
		}
	}
	s.edges = len(edges)
	s.p50, s.p99 = percentile(times, 50), percentile(times, 99)
	return s
}

// percentile returns the smallest of the times that at least p percent of them do
// not exceed; zero without times.
func percentile(times []time.Duration, p int) time.Duration {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}

// byStatus counts failures, the most frequent first.
func byStatus(failures []sample) string {
	counts := map[int]int{}
	for _, f := range failures {
		counts[f.status]++
	}
	statuses := slices.SortedFunc(maps.Keys(counts), func(a, b int) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	var parts []string
	for _, status := range statuses {
		name := fmt.Sprint(status)
		if status == 0 {
			name = "no response"
		}
		parts = append(parts, fmt.Sprintf("%d × %s", counts[status], name))
	}
	return strings.Join(parts, ", ")
}

func TestSend(t *testing.T) {
	for name, one := range map[string]struct {
		status int
		body   string
		want   string // in the error; "" for none
		chat   bool
	}{
		"a response":             {200, `{"text": "Hello"}`, "", false},
		"another body":           {200, `{"message": "x"}`, "not the model's response", false},
		"no JSON":                {200, `<html>`, "not the model's response", false},
		"a rejection":            {403, `{"message":"Forbidden"}`, "Forbidden", false},
		"an error of CloudFront": {503, ``, "", false},
		"a chat completion":      {200, `{"object":"chat.completion","choices":[{"message":{"content":"Hello"}}]}`, "", true},
		"an empty one":           {200, `{"object":"chat.completion","choices":[{"message":{"content":""}}]}`, "not the model's response", true},
		"not one":                {200, `{"text": "Hello"}`, "not the model's response", true},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Host != "front.example" || r.Header.Get("x-key") != "v" {
				t.Errorf("host %q, header %q", r.Host, r.Header.Get("x-key"))
			}
			if body, err := io.ReadAll(r.Body); err != nil || !json.Valid(body) || strings.Contains(string(body), "model\"") != one.chat {
				t.Errorf("body %q, %v", body, err)
			}
			w.Header().Set("X-Amz-Cf-Pop", "LOC1-P1")
			w.WriteHeader(one.status)
			_, _ = io.WriteString(w, one.body)
		}))
		s := target{url: server.URL, host: "front.example", headerName: "x-key", headerValue: "v", chat: one.chat}.send(t.Context(), server.Client())
		server.Close()
		if s.status != one.status || s.edge != "LOC1-P1" || (s.err == nil) != (one.status == 200 && one.want == "") {
			t.Errorf("%s: got %+v", name, s)
		}
		if one.want != "" && !strings.Contains(fmt.Sprint(s.err), one.want) {
			t.Errorf("%s: got %v", name, s.err)
		}
	}
}

func TestNoResponse(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	to := target{url: server.URL}
	if s := to.send(t.Context(), http.DefaultClient); s.err == nil || s.status != 0 {
		t.Errorf("got %+v", s)
	}
	if to.check(t.Context()) == nil {
		t.Error("no error without a server")
	}
}

func TestPercentile(t *testing.T) {
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(100-i))
	}
	for _, one := range []struct {
		times []time.Duration
		p     int
		want  time.Duration
	}{
		{nil, 50, 0},
		{[]time.Duration{7}, 1, 7},
		{[]time.Duration{7}, 99, 7},
		{[]time.Duration{3, 1}, 50, 1},
		{[]time.Duration{3, 1}, 51, 3},
		{hundred, 50, 50},
		{hundred, 99, 99},
		{hundred, 100, 100},
	} {
		if got := percentile(one.times, one.p); got != one.want {
			t.Errorf("p%d of %d times: got %d, want %d", one.p, len(one.times), got, one.want)
		}
	}
	if hundred[0] != 100 {
		t.Error("the times were sorted in place")
	}
}

func TestSummarize(t *testing.T) {
	wrong := errors.New("wrong")
	s := summarize([]sample{
		{took: 2, status: 200, edge: "LOC1"},
		{took: 1, status: 403, edge: "LOC2", err: wrong},
		{took: 3, err: wrong},
		{took: 4, status: 403, edge: "LOC1", err: wrong},
	})
	if s.requests != 4 || len(s.failures) != 3 || s.edges != 2 || s.p50 != 2 || s.p99 != 4 {
		t.Errorf("got %+v", s)
	}
	if got := byStatus(s.failures); got != "2 × 403, 1 × no response" {
		t.Errorf("got %q", got)
	}
}
