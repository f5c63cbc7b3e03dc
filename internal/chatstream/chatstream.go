// Package chatstream sends requests for chat completions, reads streamed answers, and notes
// when each of their events arrived. It is stricter than clients are: what OpenAI's API would
// not send is an error.
package chatstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"time"
)

// Path is the path of chat completions below the API's prefix.
const Path = "/chat/completions"

// Target is the address of an API.
type Target struct {
	URL    string // with the prefix
	Host   string // the Host header; empty for that of the URL
	Header http.Header
	Client *http.Client // nil for a client of its own without a timeout
}

// With returns the target with a header set to some values.
func (t Target) With(name string, values ...string) Target {
	header := http.Header{}
	maps.Copy(header, t.Header)
	header[http.CanonicalHeaderKey(name)] = values
	t.Header = header
	return t
}

// Request is a conversation of one message.
type Request struct {
	Model   string
	Message string
	Members map[string]any // further ones of the body
	Stream  bool
}

func (r Request) body() ([]byte, error) {
	body := map[string]any{"model": r.Model, "messages": []any{map[string]any{"role": "user", "content": r.Message}}}
	if r.Stream {
		body["stream"] = true
	}
	maps.Copy(body, r.Members)
	return json.Marshal(body)
}

// Response is a response whose head has arrived. The caller closes it.
type Response struct {
	Status int
	Header http.Header

	began  time.Time
	body   io.ReadCloser
	events *reader
}

// Send sends a request, and returns when the head of its response has arrived.
func (t Target) Send(ctx context.Context, r Request) (*Response, error) {
	body, err := r.body()
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL+Path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	maps.Copy(request.Header, t.Header)
	request.Header.Set("Content-Type", "application/json")
	request.Host = t.Host
	client := t.Client
	if client == nil {
		client = fresh
	}
	began := time.Now()
	got, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	since := func() time.Duration { return time.Since(began) }
	return &Response{
		Status: got.StatusCode, Header: got.Header, began: began,
		body: got.Body, events: newReader(got.Body, since),
	}, nil
}

// fresh is a client that makes a connection for each request, so that none waits for another.
var fresh = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// Close closes the connection, unless the response was read to its end.
func (r *Response) Close() error { return r.body.Close() }

// Next returns the next event; see [Response.Events].
func (r *Response) Next() (Event, error) { return r.events.next() }

// Content reads a body that is no stream.
func (r *Response) Content() ([]byte, error) { return io.ReadAll(io.LimitReader(r.body, 16<<20)) }

// Events reads the stream to its end. It returns the events before an error too.
func (r *Response) Events() (events []Event, err error) {
	for {
		event, err := r.events.next()
		if errors.Is(err, io.EOF) {
			return events, nil
		}
		if err != nil {
			return events, err
		}
		events = append(events, event)
	}
}

// IsStream returns an error unless the head is that of a stream which no server on the way
// may hold back.
func (r *Response) IsStream() error {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.Status != http.StatusOK:
		content, _ := r.Content()
		return fmt.Errorf("%d %.300q", r.Status, content)
	case kind != "text/event-stream":
		return fmt.Errorf("content-type %q", r.Header.Get("Content-Type"))
	case r.Header.Get("Content-Encoding") != "" || r.Header.Get("Content-Length") != "":
		return fmt.Errorf("content-encoding %q, content-length %q", r.Header.Get("Content-Encoding"), r.Header.Get("Content-Length"))
	}
	return nil
}

// Stream sends a request with stream set, and reads the answer to its end.
func (t Target) Stream(ctx context.Context, r Request) (Answer, error) {
	r.Stream = true
	got, err := t.Send(ctx, r)
	if err != nil {
		return Answer{}, err
	}
	defer got.Close()
	if err := got.IsStream(); err != nil {
		return Answer{}, err
	}
	events, err := got.Events()
	if err != nil {
		return Answer{}, fmt.Errorf("after %d events and %s: %w", len(events), time.Since(got.began).Round(time.Millisecond), err)
	}
	return Assemble(events)
}

// WholeStream is [Target.Stream] for an answer that must be whole.
func (t Target) WholeStream(ctx context.Context, r Request) (Answer, error) {
	a, err := t.Stream(ctx, r)
	if err != nil {
		return a, err
	}
	return a, a.Whole()
}

// Complete sends a request without stream, and returns the answer.
func (t Target) Complete(ctx context.Context, r Request) (Message, *Usage, error) {
	r.Stream = false
	got, err := t.Send(ctx, r)
	if err != nil {
		return Message{}, nil, err
	}
	defer got.Close()
	content, err := got.Content()
	switch {
	case err != nil:
		return Message{}, nil, err
	case got.Status != http.StatusOK:
		return Message{}, nil, fmt.Errorf("%d %.300q", got.Status, content)
	}
	return Completion(content)
}

// Problem is an error before the head of a stream, or of an answer that isn't streamed.
type Problem struct {
	Status int
	Code   string
	Header http.Header
}

// Refused sends a request that must fail, and returns its problem document.
func (t Target) Refused(ctx context.Context, r Request) (Problem, error) {
	got, err := t.Send(ctx, r)
	if err != nil {
		return Problem{}, err
	}
	defer got.Close()
	content, err := got.Content()
	if err != nil {
		return Problem{}, err
	}
	p := Problem{Status: got.Status, Header: got.Header}
	var document struct {
		Status int
		Code   string
	}
	if err := json.Unmarshal(content, &document); err != nil || document.Status != got.Status || document.Code == "" {
		return p, fmt.Errorf("%d, not a problem document: %.300q", got.Status, content)
	}
	p.Code = document.Code
	if kind := got.Header.Get("Content-Type"); kind != "application/problem+json" {
		return p, fmt.Errorf("%d as %s", got.Status, kind)
	}
	return p, nil
}
