package main

import (
	"cmp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// A try is short, because a connection may have died while Lambda had the process
// frozen, and a second one fits into readTimeout.
const (
	tryTimeout = 1400 * time.Millisecond
	tries      = 3
	maxBackoff = 200 * time.Millisecond
)

// newParameterStore returns a client made of what Lambda puts into a function's
// environment. The SDK's default configuration would do the same, and bring along
// every other source of credentials: a fifth of the program, and of its start.
func newParameterStore(getenv func(string) string) *ssm.Client {
	options := ssm.Options{
		Region:      getenv("AWS_REGION"),
		Credentials: credentials.NewStaticCredentialsProvider(getenv("AWS_ACCESS_KEY_ID"), getenv("AWS_SECRET_ACCESS_KEY"), getenv("AWS_SESSION_TOKEN")),
		HTTPClient:  awshttp.NewBuildableClient().WithTimeout(tryTimeout),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = tries
			o.MaxBackoff = maxBackoff
		}),
	}
	if endpoint := cmp.Or(getenv("AWS_ENDPOINT_URL_SSM"), getenv("AWS_ENDPOINT_URL")); endpoint != "" {
		options.BaseEndpoint = aws.String(endpoint)
	}
	return ssm.New(options)
}
