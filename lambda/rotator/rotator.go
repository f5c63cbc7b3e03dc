package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/keystore/ssmstore"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/internal/probe"
)

// rotator carries out actions. It serves one event at a time, as Lambda does.
type rotator struct {
	env        lambdaenv.Rotator
	store      ssmstore.Store
	cloudFront *cloudfront.Client
	api        authorizersAPI
	http       probe.Doer
	random     io.Reader
	now        func() time.Time
	log        *slog.Logger
	metrics    io.Writer

	// What a warm rotator remembers. It may all be forgotten without harm.
	deployments keyring.Deployments
	pruned      []pruned
}

// authorizersAPI makes an API forget what its authorizers said.
type authorizersAPI interface {
	ResetAuthorizersCache(context.Context, *apigatewayv2.ResetAuthorizersCacheInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.ResetAuthorizersCacheOutput, error)
}

var _ authorizersAPI = (*apigatewayv2.Client)(nil)

// action is something that an event can ask for.
type action struct {
	run       func(*rotator, context.Context, event) (any, error)
	frontDoor bool // needs to know the distribution and the API
	resource  bool // is for the resource that stands for the first key, and for none else
}

// actions are all that an event can ask for. Each may run twice, or next to
// another, without harm: events are delivered at least once.
var actions map[string]action

func init() {
	actions = map[string]action{
		"create": {run: (*rotator).create, resource: true},
		"delete": {run: (*rotator).delete, resource: true},
		"tick":   {run: (*rotator).rotate, frontDoor: true},
		"rotate": {run: (*rotator).rotate, frontDoor: true},
		"revoke": {run: (*rotator).rotate, frontDoor: true},
		"status": {run: (*rotator).status, frontDoor: true},
	}
}

// handle carries out the action of one event.
func (r *rotator) handle(ctx context.Context, payload json.RawMessage) (any, error) {
	e, err := parseEvent(payload)
	if err != nil {
		return nil, err
	}
	result, err := actions[e.Action].run(r, ctx, e)
	if err != nil {
		r.log.ErrorContext(ctx, "action failed", "action", e.Action, "error", err)
		return nil, err
	}
	return result, nil
}

// sleep waits, or returns the error of ctx if that ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
