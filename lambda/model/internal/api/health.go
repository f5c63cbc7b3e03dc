package api

import (
	"context"
	"sync"
	"time"
)

const (
	// readyTTL is how long it is remembered whether the backend can be reached: many
	// who watch ask it no more often than one.
	readyTTL = 10 * time.Second

	// readyTimeout is how long it may take to say so.
	readyTimeout = 5 * time.Second
)

// readiness remembers what the backend said last.
type readiness struct {
	mu    sync.Mutex
	asked time.Time
	err   error
}

type health struct {
	Status    string `json:"status"`
	RequestID string `json:"request_id"`
}

func (h *Handler) isAlive(_ context.Context, e *exchange) (*answer, *problem) {
	e.probe = true
	return asJSON(health{"ok", e.id}), nil
}

func (h *Handler) isReady(ctx context.Context, e *exchange) (*answer, *problem) {
	e.probe = true
	if e.cause = h.askReady(ctx); e.cause != nil {
		return nil, newProblem(serviceUnavailable, codeUnavailable, "The model can't be reached.").with("retry-after", retryAfter)
	}
	return asJSON(health{"ready", e.id}), nil
}

func (h *Handler) askReady(ctx context.Context) error {
	h.ready.mu.Lock()
	defer h.ready.mu.Unlock()
	if now := h.now(); h.ready.asked.IsZero() || now.Sub(h.ready.asked) >= readyTTL {
		ctx, cancel := context.WithTimeout(ctx, readyTimeout)
		defer cancel()
		h.ready.err = h.provider.Ready(ctx)
		h.ready.asked = now
	}
	return h.ready.err
}
