// Command rotator is the one function that changes the keyring of origin keys and
// the header that CloudFront sends. An event names the action; see [actions].
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/gatehouse-iac/gatehouse/internal/keystore/ssmstore"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/internal/probe"
)

// tryTimeout bounds one try of an AWS call: a connection may have died while
// Lambda had the process frozen.
const tryTimeout = 10 * time.Second

func main() {
	rotator, err := newRotator(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.Start(rotator.handle)
}

func newRotator(ctx context.Context) (*rotator, error) {
	env, err := lambdaenv.ParseRotator(os.LookupEnv)
	if err != nil {
		return nil, err
	}
	sdk, err := config.LoadDefaultConfig(ctx, config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(tryTimeout)))
	if err != nil {
		return nil, fmt.Errorf("configure the AWS SDK: %w", err)
	}
	return &rotator{
		env:        env,
		store:      ssmstore.New(ssm.NewFromConfig(sdk), env.KeyPath, env.KMSKeyARN),
		cloudFront: cloudfront.NewFromConfig(sdk),
		api:        apigatewayv2.NewFromConfig(sdk),
		http:       probe.NewHTTPClient(),
		random:     rand.Reader,
		now:        wallClock,
		log:        slog.New(slog.NewJSONHandler(os.Stdout, nil)),
		metrics:    os.Stdout,
	}, nil
}

// wallClock leaves out the monotonic clock, which may stand still while Lambda has
// the process frozen.
func wallClock() time.Time { return time.Now().Round(0) }
