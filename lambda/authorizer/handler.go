package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// handler handles authorizer events. It implements [lambda.Handler] itself, so that each
// event is decoded once and only as far as needed.
type handler struct {
	header  string
	decider *decider
	clients *clients // nil unless the private model requires a client
	log     *slog.Logger
}

// Invoke handles one event. It returns an error, which API Gateway does not cache, when the
// decision is indeterminate. Of an error whose text is "Unauthorized" the REST API would
// make a rejection, so none has that.
func (h *handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	e, err := parseEvent(payload)
	if err != nil {
		return nil, err
	}
	if h.clients != nil && e.requiresClient() {
		return h.invokeForClient(ctx, e, payload)
	}
	presented, err := e.presented(h.header)
	if err != nil {
		return h.respond(ctx, e, decision{outcome: rejected, reason: err.Error()}, nil)
	}
	d, readErr := h.decider.decide(ctx, presented)
	return h.respond(ctx, e, d, readErr)
}

// invokeForClient handles an event about a client. A bad origin key is refused first, so
// that the table of clients is asked for requests of CloudFront only.
func (h *handler) invokeForClient(ctx context.Context, e event, payload []byte) ([]byte, error) {
	originKey, presented, err := e.presentedByClient(h.header, payload)
	if err != nil {
		return h.respond(ctx, e, decision{outcome: rejected, reason: err.Error()}, nil)
	}
	d, readErr := h.decider.decide(ctx, originKey)
	if d.outcome != accepted {
		return h.respond(ctx, e, d, readErr)
	}
	c, err := h.clients.decide(ctx, presented)
	attrs := []slog.Attr{
		slog.String("apiId", e.RequestContext.APIID),
		slog.String("requestId", e.RequestContext.RequestID),
		slog.String("decision", c.outcome.String()),
		slog.String("key", string(d.key)),
		slog.String("client", c.client),
		slog.String("clientKey", c.key),
		slog.String("reason", c.reason),
	}
	if c.user != "" {
		attrs = append(attrs, slog.String("user", c.user))
	}
	h.log.LogAttrs(ctx, levels[c.outcome], "decision", attrs...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.reason, err)
	}
	return c.response(d)
}

// respond logs the decision, one line for each, accepted ones too: API Gateway's cache
// keeps them few.
func (h *handler) respond(ctx context.Context, e event, d decision, readErr error) ([]byte, error) {
	h.log.LogAttrs(ctx, levels[d.outcome], "decision",
		slog.String("apiId", e.RequestContext.APIID),
		slog.String("requestId", e.RequestContext.RequestID),
		slog.String("decision", d.outcome.String()),
		slog.String("key", string(d.key)),
		slog.String("reason", d.reason))
	if d.outcome == accepted || d.outcome == rejected {
		return e.response(d)
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
