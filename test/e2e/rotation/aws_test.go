package rotation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
)

// account has clients of the sandbox's AWS, as the account's administrator.
type account struct {
	cloudFront *cloudfront.Client
	gateway    *apigatewayv2.Client
	lambda     *lambda.Client
	ssm        *ssm.Client
	iam        *iam.Client
	logs       *cloudwatchlogs.Client
	scheduler  *scheduler.Client
}

func newAccount(endpoint string) account {
	config := awsclient.Config(endpoint)
	return account{
		cloudFront: cloudfront.NewFromConfig(config),
		gateway:    apigatewayv2.NewFromConfig(config),
		lambda:     lambda.NewFromConfig(config),
		ssm:        ssm.NewFromConfig(config),
		iam:        iam.NewFromConfig(config),
		logs:       cloudwatchlogs.NewFromConfig(config),
		scheduler:  scheduler.NewFromConfig(config),
	}
}

// function is a Lambda function.
type function struct {
	client *lambda.Client
	name   string
}

// role returns the name of the function's role.
func (f function) role(ctx context.Context) (string, error) {
	got, err := f.client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &f.name})
	if err != nil {
		return "", err
	}
	return path.Base(aws.ToString(got.Role)), nil
}

func (f function) environment(ctx context.Context) (map[string]string, error) {
	got, err := f.client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &f.name})
	if err != nil {
		return nil, err
	}
	if got.Environment == nil {
		return nil, fmt.Errorf("%s has no environment", f.name)
	}
	return got.Environment.Variables, nil
}

func (f function) setEnvironment(ctx context.Context, variables map[string]string) error {
	_, err := f.client.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
		FunctionName: &f.name, Environment: &types.Environment{Variables: variables},
	})
	if err != nil {
		return err
	}
	return lambda.NewFunctionUpdatedV2Waiter(f.client).Wait(ctx, &lambda.GetFunctionInput{FunctionName: &f.name}, time.Minute)
}

// changeEnvironment sets some of the variables until the test ends, or until restore is
// called.
func (f function) changeEnvironment(t testing.TB, set map[string]string) (restore func(context.Context) error) {
	t.Helper()
	before, err := f.environment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	restore = func(ctx context.Context) error { return f.setEnvironment(ctx, before) }
	e2etest.Cleanup(t, "restore the environment of "+f.name, restore)
	t.Logf("%s runs with %v", f.name, set)
	after := maps.Clone(before)
	maps.Copy(after, set)
	if err := f.setEnvironment(t.Context(), after); err != nil {
		t.Fatal(err)
	}
	return restore
}

// changeConcurrency lets so many copies run at a time, until the test ends or until restore
// is called.
func (f function) changeConcurrency(t testing.TB, copies int32) (restore func(context.Context) error) {
	t.Helper()
	before, err := f.client.GetFunctionConcurrency(t.Context(), &lambda.GetFunctionConcurrencyInput{FunctionName: &f.name})
	if err != nil {
		t.Fatal(err)
	}
	set := func(ctx context.Context, copies *int32) error {
		if copies == nil {
			_, err := f.client.DeleteFunctionConcurrency(ctx, &lambda.DeleteFunctionConcurrencyInput{FunctionName: &f.name})
			return err
		}
		_, err := f.client.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{
			FunctionName: &f.name, ReservedConcurrentExecutions: copies,
		})
		return err
	}
	restore = func(ctx context.Context) error { return set(ctx, before.ReservedConcurrentExecutions) }
	e2etest.Cleanup(t, "restore the reserved concurrency of "+f.name, restore)
	if err := set(t.Context(), &copies); err != nil {
		t.Fatal(err)
	}
	return restore
}

// errThrottled means that as many copies run as the reserved concurrency allows.
var errThrottled = errors.New("throttled")

// invoke runs the function once. An error of the function is returned as its message.
func (f function) invoke(ctx context.Context, payload []byte) ([]byte, error) {
	once := func(o *lambda.Options) {
		o.Retryer = aws.NopRetryer{}
	}
	got, err := f.client.Invoke(ctx, &lambda.InvokeInput{FunctionName: &f.name, Payload: payload}, once)
	var throttled *types.TooManyRequestsException
	if errors.As(err, &throttled) {
		return nil, errThrottled
	}
	if err != nil {
		return nil, err
	}
	if got.FunctionError == nil {
		return got.Payload, nil
	}
	var failure struct{ ErrorMessage, ErrorType string }
	if err := json.Unmarshal(got.Payload, &failure); err != nil || failure.ErrorMessage == "" {
		return nil, fmt.Errorf("%s: %.200s", *got.FunctionError, got.Payload)
	}
	return nil, errors.New(strings.TrimSpace(failure.ErrorMessage))
}

// times has the times that the deployed functions are configured with.
type times struct {
	interval, settle, grace time.Duration // the rotator's
	refetch                 time.Duration // the authorizer's
	caches                  time.Duration // in which a deleted key may still be accepted
}

func (s *suite) times(ctx context.Context) (times, error) {
	rotator, err := s.rotator.environment(ctx)
	if err != nil {
		return times{}, err
	}
	authorizer, err := s.authorizer.environment(ctx)
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

// findAuthorizer returns the function that authorizes the API's requests. All authorizers
// of the API have the same one.
func (s *suite) findAuthorizer(ctx context.Context) (function, error) {
	found, err := s.account.gateway.GetAuthorizers(ctx, &apigatewayv2.GetAuthorizersInput{ApiId: &s.apiID})
	if err != nil {
		return function{}, fmt.Errorf("find the authorizer of the API: %w", err)
	}
	var names []string
	for _, one := range found.Items {
		names = append(names, functionIn(aws.ToString(one.AuthorizerUri)))
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) != 1 {
		return function{}, fmt.Errorf("the API's authorizers have the functions %q instead of one", names)
	}
	return function{s.account.lambda, names[0]}, nil
}

// functionIn returns the name of the function in an authorizer's URI, which ends with
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

func TestFunctionIn(t *testing.T) {
	uri := "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:gatehouse-local-authorizer/invocations"
	if got := functionIn(uri); got != "gatehouse-local-authorizer" {
		t.Errorf("got %q", got)
	}
}
