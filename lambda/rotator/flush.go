package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/gatehouse-iac/gatehouse/internal/distribution"
	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
)

// flushAuthorizerCachesTwice flushes the APIs' authorizer caches now and once more after
// the keyring's TTL. The first time ends most authorizations at once. But authorizers
// cache the keyring, and their decisions until that has expired are cached again.
func (r *run) flushAuthorizerCachesTwice(ctx context.Context) error {
	if err := r.flushAuthorizerCaches(ctx); err != nil {
		return err
	}
	if err := sleep(ctx, r.env.KeyringTTL); err != nil {
		return fmt.Errorf("wait until the revoked keys have expired in the authorizers' caches (send the revocation again to go on): %w", err)
	}
	return r.flushAuthorizerCaches(ctx)
}

// flushAuthorizerCaches flushes the cache of each API. One that can't be flushed keeps no
// other from it, but the error says which still have cached authorizations.
func (r *run) flushAuthorizerCaches(ctx context.Context) error {
	var failed []error
	for _, a := range r.apis {
		began := r.now()
		if err := r.flushAuthorizerCache(ctx, a); err != nil {
			failed = append(failed, fmt.Errorf("flush the authorizer cache of the %s %s (the rotator's role must allow apigateway:DELETE on stage %s's cache/authorizers; "+
				"its cached authorizations expire after %s anyway; send the revocation again to go on): %w", a.Name, a.id, a.stage, r.env.CacheTime, err))
			continue
		}
		reason := fmt.Sprintf("keys up to %s are deleted", r.state.request.Through)
		r.recordStep(ctx, began, keyring.Step{Reason: reason}, "flush authorizer cache of the "+a.Name, nil)
	}
	return errors.Join(failed...)
}

// checkEveryCacheIsNamed returns an error if the distribution has the origin of a REST API
// that the event doesn't name: its cache was not flushed. So it is until an update of the
// stack that adds the API has changed the schedule, too.
func (r *run) checkEveryCacheIsNamed(s snapshot) error {
	sentToREST := slices.ContainsFunc(s.version.Origins, func(o distribution.Origin) bool { return o.ID == rotatorapi.StreamOriginID })
	if !sentToREST || r.event.StreamAPIID != "" {
		return nil
	}
	return fmt.Errorf("the distribution sends the key to origin %q as well, whose API the event does not name: that API's authorizer cache was not flushed "+
		"(its cached authorizations expire after %s anyway; send the revocation again once an update of the stack is complete)", rotatorapi.StreamOriginID, r.env.CacheTime)
}

func (r *run) flushAuthorizerCache(ctx context.Context, a api) error {
	var options []func(*apigatewayv2.Options)
	if a.isREST {
		options = append(options, apigatewayv2.WithAPIOptions(toRESTAPIs))
	}
	_, err := r.authorizers.ResetAuthorizersCache(ctx, &apigatewayv2.ResetAuthorizersCacheInput{
		ApiId:     aws.String(a.id),
		StageName: aws.String(a.stage),
	}, options...)
	return err
}

// toRESTAPIs makes FlushStageAuthorizersCache, an operation on REST APIs, of
// ResetAuthorizersCache. API Gateway has both at the same endpoint, by the same method,
// without a body, and with errors of the same form; the paths differ. The SDK's package for
// REST APIs would have the rotator start with another two hundred operations for this one.
func toRESTAPIs(stack *middleware.Stack) error {
	rename := func(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (middleware.SerializeOutput, middleware.Metadata, error) {
		request, ok := in.Request.(*smithyhttp.Request)
		if !ok {
			return middleware.SerializeOutput{}, middleware.Metadata{}, fmt.Errorf("a request of type %T is not of HTTP", in.Request)
		}
		for _, path := range []*string{&request.URL.Path, &request.URL.RawPath} {
			*path = strings.Replace(*path, "/v2/apis/", "/restapis/", 1)
		}
		request.Header.Set("Accept", "application/json") // the default is HAL
		return next.HandleSerialize(ctx, in)
	}
	// After the SDK's own serializer, and before the signature is computed.
	return stack.Serialize.Add(middleware.SerializeMiddlewareFunc("GatehouseRESTAPIs", rename), middleware.After)
}
