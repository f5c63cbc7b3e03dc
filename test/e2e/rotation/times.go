package rotation

import (
	"context"
	"fmt"
	"path"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
)

// times are those of the deployed functions.
type times struct {
	interval, settle, grace time.Duration // the rotator's
	refetch                 time.Duration // the authorizer's
	caches                  time.Duration // how long a deleted key may still be accepted
}

func (t *test) times(ctx context.Context) (times, error) {
	rotator, err := t.rotator.environment(ctx)
	if err != nil {
		return times{}, err
	}
	authorizer, err := t.authorizer.environment(ctx)
	if err != nil {
		return times{}, err
	}
	var all times
	for _, one := range []struct {
		name string
		from map[string]string
		into *time.Duration
	}{
		{"GATEHOUSE_INTERVAL", rotator, &all.interval},
		{"GATEHOUSE_SETTLE", rotator, &all.settle},
		{"GATEHOUSE_GRACE", rotator, &all.grace},
		{"GATEHOUSE_CACHE_TIME", rotator, &all.caches},
		{"GATEHOUSE_REFETCH_PERIOD", authorizer, &all.refetch},
	} {
		if *one.into, err = time.ParseDuration(one.from[one.name]); err != nil {
			return times{}, fmt.Errorf("%s: %w: bring the stack up to date with `make local`", one.name, err)
		}
	}
	return all, nil
}

// findAuthorizer returns the function that authorizes the API's requests.
func (t *test) findAuthorizer(ctx context.Context) (function, error) {
	found, err := t.account.gateway.GetAuthorizers(ctx, &apigatewayv2.GetAuthorizersInput{ApiId: &t.apiID})
	if err != nil {
		return function{}, fmt.Errorf("find the API's authorizer: %w", err)
	}
	if len(found.Items) != 1 {
		return function{}, fmt.Errorf("the API has %d authorizers instead of one", len(found.Items))
	}
	return function{t.account.lambda, functionIn(aws.ToString(found.Items[0].AuthorizerUri))}, nil
}

// functionIn is the name of the function in an authorizer's URI, which ends with
// …:function:NAME/invocations.
func functionIn(uri string) string {
	arn := path.Base(path.Dir(uri))
	for i := len(arn) - 1; i >= 0; i-- {
		if arn[i] == ':' {
			return arn[i+1:]
		}
	}
	return arn
}
