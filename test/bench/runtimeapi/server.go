// Package runtimeapi runs functions as Lambda does: as processes that fetch their
// events from the Lambda Runtime API, here on loopback.
package runtimeapi

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	version = "2018-06-01"

	// deadline is the time for one event, which the function learns from a header.
	deadline = 30 * time.Second

	// maxResponse is Lambda's limit for a response.
	maxResponse = 6 << 20
)

// errStopped means that the function's process has ended.
var errStopped = errors.New("the function was stopped")

// invocation is an event that waits for its response.
type invocation struct {
	event  []byte
	answer chan answer
}

type answer struct {
	content []byte
	err     error
}

// server is the API for one process of a function.
type server struct {
	http     *http.Server
	address  string
	ready    chan struct{} // closed when the process requests its first event
	readyOne sync.Once
	events   chan *invocation
	stopped  chan struct{}

	mu      sync.Mutex
	number  int
	waiting map[string]*invocation
}

func newServer() (*server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{
		address: listener.Addr().String(), ready: make(chan struct{}), events: make(chan *invocation),
		stopped: make(chan struct{}), waiting: map[string]*invocation{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /"+version+"/runtime/invocation/next", s.next)
	mux.HandleFunc("POST /"+version+"/runtime/invocation/{id}/response", s.take(func(content []byte) answer { return answer{content: content} }))
	mux.HandleFunc("POST /"+version+"/runtime/invocation/{id}/error", s.take(func(content []byte) answer {
		return answer{err: fmt.Errorf("the function failed: %s", strings.TrimSpace(string(content)))}
	}))
	mux.HandleFunc("POST /"+version+"/runtime/init/error", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted) // the process ends, and has said why in its log
	})
	s.http = &http.Server{Handler: mux}
	go func() { _ = s.http.Serve(listener) }()
	return s, nil
}

// next returns the next event to the process, when there is one.
func (s *server) next(w http.ResponseWriter, r *http.Request) {
	s.readyOne.Do(func() { close(s.ready) })
	select {
	case <-r.Context().Done():
	case <-s.stopped:
	case call := <-s.events:
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", s.remember(call))
		w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(deadline).UnixMilli(), 10))
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:bench")
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(call.event)
	}
}

func (s *server) remember(call *invocation) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.number++
	id = fmt.Sprintf("00000000-0000-4000-8000-%012d", s.number)
	s.waiting[id] = call
	return id
}

// take passes what the process posts about an event to the invocation that waits for it.
func (s *server) take(read func([]byte) answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(io.LimitReader(r.Body, maxResponse))
		s.mu.Lock()
		call, known := s.waiting[r.PathValue("id")]
		delete(s.waiting, r.PathValue("id"))
		s.mu.Unlock()
		if !known {
			http.Error(w, "no such event", http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusAccepted)
		if err != nil {
			call.answer <- answer{err: err}
			return
		}
		call.answer <- read(content)
	}
}

func (s *server) close() error {
	close(s.stopped)
	return s.http.Close()
}
