package rotation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"strings"
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
	"github.com/gatehouse-iac/gatehouse/test/e2e/restore"
)

// account is the local cloud's AWS API with the account's own credentials.
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

// changeEnvironment sets some of the variables, and notes the change.
func (f function) changeEnvironment(ctx context.Context, c *restore.Changes, set map[string]string) (func(context.Context) error, error) {
	before, err := f.environment(ctx)
	if err != nil {
		return nil, err
	}
	after := maps.Clone(before)
	maps.Copy(after, set)
	back := c.Add("the environment of "+f.name, func(ctx context.Context) error { return f.setEnvironment(ctx, before) })
	return back, f.setEnvironment(ctx, after)
}

// changeConcurrency lets so many copies run at a time, and notes the change.
func (f function) changeConcurrency(ctx context.Context, c *restore.Changes, copies int32) (func(context.Context) error, error) {
	before, err := f.client.GetFunctionConcurrency(ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: &f.name})
	if err != nil {
		return nil, err
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
	back := c.Add("the reserved concurrency of "+f.name, func(ctx context.Context) error {
		return set(ctx, before.ReservedConcurrentExecutions)
	})
	return back, set(ctx, &copies)
}

// errThrottled says that as many copies run as may.
var errThrottled = errors.New("throttled")

// invoke runs the function once. Its error is the function's own words.
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
		return nil, fmt.Errorf("%s: %s", *got.FunctionError, short(string(got.Payload)))
	}
	return nil, errors.New(strings.TrimSpace(failure.ErrorMessage))
}
