// Command issuers is the Lambda function that reads the public keys of the issuers of
// tokens and stores them in the table of clients. No other function requests anything of
// an issuer, so that no request of a client waits for one or fails with it.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/gatehouse-iac/gatehouse/internal/awsjson"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
)

func main() {
	env, err := lambdaenv.ParseIssuers(os.LookupEnv)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	r := &reader{
		issuers: env.Issuers,
		table:   newTable(env.ClientsTable, os.Getenv),
		http:    newHTTPClient(),
		now:     wallClock,
		sleep:   sleep,
		log:     slog.New(slog.NewJSONHandler(os.Stdout, nil)),
	}
	lambda.Start(func(ctx context.Context) (summary, error) { return r.run(ctx) })
}

// attemptTimeout is that of an attempt to write a transaction, for which AWS recommends a
// second or more.
const attemptTimeout = 2 * time.Second

func newTable(name string, getenv func(string) string) *dynamo.Client {
	region := getenv("AWS_REGION")
	return dynamo.New(dynamo.Config{
		Endpoint:       awsjson.Endpoint(getenv, "dynamodb", region),
		Region:         region,
		Table:          name,
		Credentials:    awsjson.EnvironmentCredentials(getenv),
		AttemptTimeout: attemptTimeout,
	})
}

// wallClock leaves out the monotonic clock, which may stand still while Lambda has
// the process frozen.
func wallClock() time.Time { return time.Now().Round(0) }

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
