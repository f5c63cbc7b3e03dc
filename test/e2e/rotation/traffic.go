package rotation

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
)

const (
	// connections are the viewers. A connection belongs to one simulated edge, so
	// there are some for each.
	connections = 12

	// pace is the mean time between two requests of one connection. All together
	// stay below the API's throttling.
	pace = 200 * time.Millisecond

	// connectionLife is the mean time after which a viewer connects anew and so may
	// come to another edge.
	connectionLife = 10 * time.Second

	requestTimeout = 20 * time.Second
)

const (
	modelPath = "/api/models"
	modelBody = `{"messages":[{"role":"user","content":"Hello"}]}`
)

// door is where requests go: a distribution or an API.
type door struct {
	url  string
	host string // the Host header; empty for that of the URL

	headerName, headerValue string // a header to send; none without a name
}

// sample is one request and what became of it.
type sample struct {
	at     time.Time
	took   time.Duration
	status int    // 0 without an answer
	edge   string // that answered, as CloudFront names it
	err    error  // nil when it was answered as it has to be
}

// traffic is a continuous load on a door.
type traffic struct {
	door door

	mu        sync.Mutex
	samples   []sample
	connected int

	stop  context.CancelFunc
	ended sync.WaitGroup
}

// startTraffic begins a load that goes on until end.
func startTraffic(ctx context.Context, d door) *traffic {
	ctx, stop := context.WithCancel(ctx)
	t := &traffic{door: d, stop: stop}
	for range connections {
		t.ended.Go(func() { t.view(ctx) })
	}
	return t
}

// end stops the load and sums up what became of its requests.
func (t *traffic) end() statistics {
	t.stop()
	t.ended.Wait()
	s := summarize(t.samples)
	s.connections = t.connected
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
			case <-time.After(around(pace)):
				// A request that was begun is finished, whatever ends meanwhile.
				s := t.door.send(context.WithoutCancel(ctx), client)
				t.mu.Lock()
				t.samples = append(t.samples, s)
				t.mu.Unlock()
			}
		}
		transport.CloseIdleConnections()
	}
}

// around is a random time with the mean d, so that nothing beats in step.
func around(d time.Duration) time.Duration {
	return d/2 + rand.N(d)
}

// send sends one request that the model answers.
func (d door) send(ctx context.Context, client *http.Client) sample {
	s := sample{at: time.Now()}
	s.status, s.edge, s.err = d.ask(ctx, client)
	s.took = time.Since(s.at)
	return s
}

// answers fails if one request is not answered as it has to be.
func (d door) answers(ctx context.Context) error {
	client := &http.Client{Transport: &http.Transport{}, Timeout: requestTimeout}
	defer client.CloseIdleConnections()
	if s := d.send(ctx, client); s.err != nil {
		return fmt.Errorf("status %d: %w", s.status, s.err)
	}
	return nil
}

func (d door) ask(ctx context.Context, client *http.Client) (status int, edge string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url+modelPath, strings.NewReader(modelBody))
	if err != nil {
		return 0, "", err
	}
	request.Host = d.host
	request.Header.Set("Content-Type", "application/json")
	if d.headerName != "" {
		request.Header.Set(d.headerName, d.headerValue)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	edge = response.Header.Get("X-Amz-Cf-Pop")
	content, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return response.StatusCode, edge, fmt.Errorf("read the answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return response.StatusCode, edge, errors.New(short(string(content)))
	}
	var answer struct{ Text string }
	if err := json.Unmarshal(content, &answer); err != nil || answer.Text == "" {
		return response.StatusCode, edge, fmt.Errorf("not the model's answer: %s", short(string(content)))
	}
	return response.StatusCode, edge, nil
}

// short is a text on one line, cut to what a line can show.
func short(text string) string {
	const most = 200
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return string(runes)
}
