package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/keystore"
)

// rotator carries out actions on the ring.
type rotator struct {
	store  keystore.Store
	random io.Reader
	now    func() time.Time
	log    *slog.Logger
}

// actions are all that an event can ask for. Each may run twice, or next to
// another, without harm: events are delivered at least once.
var actions = map[string]func(*rotator, context.Context) (any, error){
	"create": (*rotator).create,
	"delete": (*rotator).delete,
}

// handle carries out the action of one event.
func (r *rotator) handle(ctx context.Context, payload json.RawMessage) (any, error) {
	action, err := parseAction(payload)
	if err != nil {
		return nil, err
	}
	result, err := actions[action](r, ctx)
	if err != nil {
		r.log.ErrorContext(ctx, "action failed", "action", action, "error", err)
	}
	return result, err
}
