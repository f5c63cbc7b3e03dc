// Package xray adds a subsegment for each call of a model to the trace of a Lambda
// invocation. Lambda runs a daemon that accepts subsegments by UDP, so that the X-Ray SDK
// isn't needed. Provider wraps another backend.
package xray

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// AddressVariable is the environment variable with the daemon's address. Lambda sets it
// if the function is traced.
const AddressVariable = "AWS_XRAY_DAEMON_ADDRESS"

// traceKey is the key of the trace header that aws-lambda-go adds to the context.
const traceKey = "x-amzn-trace-id"

// Provider records a subsegment for each call of a model by another provider.
type Provider struct {
	chat.Provider
	Name string // of the subsegments: the backend

	daemon net.Conn
}

// New returns next with subsegments that go to the daemon at address.
func New(next chat.Provider, name, address string) (chat.Provider, error) {
	daemon, err := net.Dial("udp", address)
	if err != nil {
		return nil, err
	}
	return &Provider{Provider: next, Name: name, daemon: daemon}, nil
}

// Complete implements [chat.Provider].
func (p *Provider) Complete(ctx context.Context, c chat.Conversation) (done chat.Completion, err error) {
	defer p.record(ctx, time.Now(), &err)
	return p.Provider.Complete(ctx, c)
}

// Stream implements [chat.Provider].
func (p *Provider) Stream(ctx context.Context, c chat.Conversation, emit func(chat.Delta) error) (done chat.Completion, err error) {
	defer p.record(ctx, time.Now(), &err)
	return p.Provider.Stream(ctx, c, emit)
}

// Embed implements [chat.Provider].
func (p *Provider) Embed(ctx context.Context, r chat.EmbeddingRequest) (made chat.Embeddings, err error) {
	defer p.record(ctx, time.Now(), &err)
	return p.Provider.Embed(ctx, r)
}

// record sends the subsegment of a call that ends now, if the request is traced.
func (p *Provider) record(ctx context.Context, began time.Time, err *error) {
	if t, sampled := traceOf(ctx); sampled {
		p.send(p.subsegment(t, began, time.Now(), *err))
	}
}

type trace struct{ root, parent string }

// traceOf reads the header, as in Root=1-…;Parent=…;Sampled=1.
func traceOf(ctx context.Context) (t trace, sampled bool) {
	header, _ := ctx.Value(traceKey).(string)
	for field := range strings.SplitSeq(header, ";") {
		switch name, value, _ := strings.Cut(field, "="); name {
		case "Root":
			t.root = value
		case "Parent":
			t.parent = value
		case "Sampled":
			sampled = value == "1"
		}
	}
	return t, sampled && t.root != "" && t.parent != ""
}

// subsegment follows X-Ray's segment documents.
type subsegment struct {
	Name      string  `json:"name"`
	ID        string  `json:"id"`
	TraceID   string  `json:"trace_id"`
	ParentID  string  `json:"parent_id"`
	Type      string  `json:"type"`
	Namespace string  `json:"namespace"`
	StartTime float64 `json:"start_time"` // seconds
	EndTime   float64 `json:"end_time"`
	Error     bool    `json:"error,omitempty"`    // a client error
	Throttle  bool    `json:"throttle,omitempty"` // a client error: too many requests
	Fault     bool    `json:"fault,omitempty"`    // a server error
}

func (p *Provider) subsegment(t trace, began, ended time.Time, err error) subsegment {
	var id [8]byte
	_, _ = rand.Read(id[:]) // it never fails
	busy, rejected := errors.Is(err, chat.ErrBusy), errors.Is(err, chat.ErrRejected)
	return subsegment{
		Name:      p.Name,
		ID:        hex.EncodeToString(id[:]),
		TraceID:   t.root,
		ParentID:  t.parent,
		Type:      "subsegment",
		Namespace: "remote",
		StartTime: seconds(began),
		EndTime:   seconds(ended),
		Error:     busy || rejected,
		Throttle:  busy,
		Fault:     err != nil && !busy && !rejected,
	}
}

func seconds(at time.Time) float64 { return float64(at.UnixMicro()) / 1e6 }

// send sends a subsegment. It ignores errors: a lost trace must not fail a request.
func (p *Provider) send(s subsegment) {
	if document, err := json.Marshal(s); err == nil {
		_, _ = p.daemon.Write(append([]byte("{\"format\": \"json\", \"version\": 1}\n"), document...))
	}
}
