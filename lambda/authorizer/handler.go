package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// handler answers authorizer events. It implements [lambda.Handler] itself, so that
// each event is decoded once and only as far as needed.
type handler struct {
	header string
	gate   *gate
	log    *slog.Logger
}

// response is a simple response. API Gateway's access log and the functions behind
// it can read the context, so each request shows which key let it in, those that
// were answered from API Gateway's cache included.
type response struct {
	IsAuthorized bool             `json:"isAuthorized"`
	Context      *responseContext `json:"context,omitempty"`
}

type responseContext struct {
	OriginKey keyring.Name `json:"originKey"`
}

// Invoke answers one event. It returns an error, which API Gateway does not
// remember, when it can't tell whether the request is to be let in.
func (h *handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	e, err := parseEvent(payload)
	if err != nil {
		return nil, err
	}
	presented, err := e.presented(h.header)
	if err != nil {
		return h.answer(ctx, e, verdict{outcome: refused, reason: err.Error()}, nil)
	}
	v, readErr := h.gate.judge(ctx, presented)
	return h.answer(ctx, e, v, readErr)
}

// answer logs the verdict, one line for each, accepted ones too: API Gateway's
// cache keeps them few.
func (h *handler) answer(ctx context.Context, e event, v verdict, readErr error) ([]byte, error) {
	h.log.LogAttrs(ctx, levels[v.outcome], "decision",
		slog.String("requestId", e.RequestContext.RequestID),
		slog.String("decision", v.outcome.String()),
		slog.String("key", string(v.key)),
		slog.String("reason", v.reason))
	switch v.outcome {
	case accepted:
		return json.Marshal(response{IsAuthorized: true, Context: &responseContext{v.key}})
	case refused:
		return json.Marshal(response{})
	}
	if readErr != nil {
		return nil, fmt.Errorf("%s: %w", v.reason, readErr)
	}
	return nil, errors.New(v.reason)
}

var levels = [...]slog.Level{
	accepted:    slog.LevelInfo,
	refused:     slog.LevelWarn,
	unconfirmed: slog.LevelError,
}
