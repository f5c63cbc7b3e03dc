// Package traffic sends requests to a stack as many viewers do at once, for end-to-end tests
// that change the stack meanwhile: no request may fail.
package traffic

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/chatstream"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
)

const (
	// connections is the number of viewers. A connection belongs to one simulated edge,
	// so there are several for each.
	connections = 12

	// openStreams is the number of streams that are open at any time.
	openStreams = 20

	// interval is the mean time between two requests of one connection. All together stay
	// below the API's throttling.
	interval = 200 * time.Millisecond

	// connectionLife is the mean time after which a viewer connects anew and so may
	// come to another edge.
	connectionLife = 10 * time.Second
)

// Load says where viewers send requests.
type Load struct {
	Targets []Target           // in turns
	Streams *chatstream.Target // gets streams as well; nil if the stack has none
}

// Viewers returns the load of viewers of the distribution: of four requests, one goes to the
// REST API, which also gets streams.
func Viewers(e *env.Environment) Load {
	models := Distribution(e)
	if e.StreamURL() == "" {
		return Load{Targets: []Target{models}}
	}
	base := e.DistributionURL() + e.Outputs["apiPrefix"]
	return Load{
		Targets: []Target{models, models, models, {URL: base + chatstream.Path, Chat: true, Credential: e.Authorization()}},
		Streams: &chatstream.Target{URL: base, Header: e.Authorization()},
	}
}

// Distribution returns the models of the HTTP API as viewers reach them.
func Distribution(e *env.Environment) Target {
	return Target{URL: e.ModelsURL(e.DistributionURL()), Credential: e.Authorization()}
}

// Traffic is a load that goes on until its end.
type Traffic struct {
	load Load

	mu        sync.Mutex
	samples   []Sample
	streamed  []Sample
	connected int

	stop  context.CancelFunc
	ended sync.WaitGroup
}

// Start begins to send requests.
func (l Load) Start(ctx context.Context) *Traffic {
	ctx, stop := context.WithCancel(ctx)
	t := &Traffic{load: l, stop: stop}
	for range connections {
		t.ended.Go(func() { t.view(ctx) })
	}
	if l.Streams != nil {
		for range openStreams {
			t.ended.Go(func() { t.stream(ctx) })
		}
	}
	return t
}

// End stops the load, waits for the requests that are under way, and sums up all.
func (t *Traffic) End() Statistics {
	t.stop()
	t.ended.Wait()
	s := summarize(t.samples)
	s.Connections = t.connected
	s.addStreams(t.streamed)
	return s
}

// view is one viewer: one connection at a time, one request after another.
func (t *Traffic) view(ctx context.Context) {
	for ctx.Err() == nil {
		t.mu.Lock()
		t.connected++
		t.mu.Unlock()
		transport := &http.Transport{MaxConnsPerHost: 1}
		client := &http.Client{Transport: transport, Timeout: Timeout}
		life := time.NewTimer(Around(connectionLife))
		for expired := false; !expired; {
			select {
			case <-ctx.Done():
				expired = true
			case <-life.C:
				expired = true
			case <-time.After(Around(interval)):
				// A request that was begun is finished, also if the load ends meanwhile.
				s := t.load.Targets[rand.N(len(t.load.Targets))].Send(context.WithoutCancel(ctx), client)
				t.mu.Lock()
				t.samples = append(t.samples, s)
				t.mu.Unlock()
			}
		}
		transport.CloseIdleConnections()
	}
}

// stream is one viewer that reads one stream after another.
func (t *Traffic) stream(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(Around(interval)):
		}
		// Some seconds each, and of different length, so that one begins at any moment.
		tokens := 20 + rand.N(40)
		s := Sample{At: time.Now()}
		// A stream that was begun is read to its end, also if the load ends meanwhile.
		s.Status, s.Edge, s.Err = readStream(context.WithoutCancel(ctx), *t.load.Streams, 100*time.Millisecond, tokens)
		s.Took = time.Since(s.At)
		t.mu.Lock()
		t.streamed = append(t.streamed, s)
		t.mu.Unlock()
	}
}

// Around returns a random time with the mean d, so that viewers don't fall into step.
func Around(d time.Duration) time.Duration {
	return d/2 + rand.N(d)
}
