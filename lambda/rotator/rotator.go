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
	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
)

// rotator carries out actions. It serves one event at a time, as Lambda requires.
type rotator struct {
	env         lambdaenv.Rotator
	store       ssmstore.Store
	cloudFront  *cloudfront.Client
	authorizers authorizersAPI
	http        probe.Doer
	random      io.Reader
	now         func() time.Time
	log         *slog.Logger
	metrics     io.Writer

	// The state of a warm rotator, which may be lost at any time without harm.
	deployments keyring.Deployments
	pruned      []prunedKey
}

// authorizersAPI flushes the authorizer cache of an HTTP API, and with [toRESTAPIs] that of
// a REST API.
type authorizersAPI interface {
	ResetAuthorizersCache(context.Context, *apigatewayv2.ResetAuthorizersCacheInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.ResetAuthorizersCacheOutput, error)
}

var _ authorizersAPI = (*apigatewayv2.Client)(nil)

// action implements an action of an event.
type action struct {
	run          func(*rotator, context.Context, rotatorapi.Event) (any, error)
	needsTarget  bool // requires the event to name the distribution and the HTTP API
	resourceOnly bool // is for the resource of the first key only
}

// actions has every action that an event can request.
var actions map[rotatorapi.Action]action

func init() {
	actions = map[rotatorapi.Action]action{
		rotatorapi.Create:    {run: (*rotator).create, resourceOnly: true},
		rotatorapi.Delete:    {run: (*rotator).delete, resourceOnly: true},
		rotatorapi.Tick:      {run: (*rotator).rotate, needsTarget: true},
		rotatorapi.Rotate:    {run: (*rotator).rotate, needsTarget: true},
		rotatorapi.Revoke:    {run: (*rotator).rotate, needsTarget: true},
		rotatorapi.GetStatus: {run: (*rotator).status, needsTarget: true},
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
