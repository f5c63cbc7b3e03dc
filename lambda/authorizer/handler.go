package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// handler handles authorizer events. It implements [lambda.Handler] itself, so that each
// event is decoded once and only as far as needed.
type handler struct {
	header  string
	decider *decider
	log     *slog.Logger
}

// response is a simple response. API Gateway's access log and its integrations can read
// the context, so each request shows which key authorized it, including those that API
// Gateway authorized from its cache.
type response struct {
	IsAuthorized bool             `json:"isAuthorized"`
	Context      *responseContext `json:"context,omitempty"`
}

type responseContext struct {
	OriginKey keyring.Name `json:"originKey"`
}

// Invoke handles one event. It returns an error, which API Gateway does not cache, when the
// decision is indeterminate.
func (h *handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	e, err := parseEvent(payload)
	if err != nil {
		return nil, err
	}
	presented, err := e.presented(h.header)
	if err != nil {
		return h.respond(ctx, e, decision{outcome: rejected, reason: err.Error()}, nil)
	}
	d, readErr := h.decider.decide(ctx, presented)
	return h.respond(ctx, e, d, readErr)
}

// respond logs the decision, one line for each, accepted ones too: API Gateway's cache
// keeps them few.
func (h *handler) respond(ctx context.Context, e event, d decision, readErr error) ([]byte, error) {
	h.log.LogAttrs(ctx, levels[d.outcome], "decision",
		slog.String("requestId", e.RequestContext.RequestID),
		slog.String("decision", d.outcome.String()),
		slog.String("key", string(d.key)),
		slog.String("reason", d.reason))
	switch d.outcome {
	case accepted:
		return json.Marshal(response{IsAuthorized: true, Context: &responseContext{d.key}})
	case rejected:
		return json.Marshal(response{})
	}
	if readErr != nil {
		return nil, fmt.Errorf("%s: %w", d.reason, readErr)
	}
	return nil, errors.New(d.reason)
}

var levels = [...]slog.Level{
	accepted:      slog.LevelInfo,
	rejected:      slog.LevelWarn,
	indeterminate: slog.LevelError,
}
