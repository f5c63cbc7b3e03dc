package api

import (
	"context"
	"net/http"
	"sync"
	"time"
)

const (
	// readyTTL is how long the result of a readiness check is cached, so that the backend
	// is called no more often with many monitors than with one.
	readyTTL = 10 * time.Second

	// readyTimeout is the timeout of a readiness check.
	readyTimeout = 5 * time.Second
)

// readiness caches the result of the last readiness check.
type readiness struct {
	mu      sync.Mutex
	checked time.Time
	err     error
}

type health struct {
	Status    string `json:"status"`
	RequestID string `json:"request_id"`
}

func (h *Handler) isAlive(_ context.Context, e *exchange) (*result, *problem) {
	e.probe = true
	return asJSON(health{"ok", e.id}), nil
}

func (h *Handler) isReady(ctx context.Context, e *exchange) (*result, *problem) {
	e.probe = true
	if e.cause = h.checkReady(ctx); e.cause != nil {
		return nil, newProblem(http.StatusServiceUnavailable, codeUnavailable, "The model can't be reached.").with("retry-after", retryAfter)
	}
	return asJSON(health{"ready", e.id}), nil
}

func (h *Handler) checkReady(ctx context.Context) error {
	h.ready.mu.Lock()
	defer h.ready.mu.Unlock()
	if now := h.now(); h.ready.checked.IsZero() || now.Sub(h.ready.checked) >= readyTTL {
		ctx, cancel := context.WithTimeout(ctx, readyTimeout)
		defer cancel()
		h.ready.err = h.provider.Ready(ctx)
		h.ready.checked = now
	}
	return h.ready.err
}
