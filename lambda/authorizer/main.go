// Command authorizer is the Lambda authorizer of the HTTP API: it lets those
// requests in that carry an origin key, which CloudFront adds and nobody else
// knows. Its events are REQUEST events of payload format 2.0, its answers simple.
package main

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/gatehouse-iac/gatehouse/internal/keystore"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
)

func main() {
	env, err := lambdaenv.ParseAuthorizer(os.LookupEnv)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	lambda.Start(&handler{
		header: env.Header,
		log:    log,
		gate:   newGate(keystore.NewReader(newParameterStore(os.Getenv), env.KeyPath), limits{ttl: env.KeyringTTL, refetch: env.RefetchPeriod, stale: env.StaleLimit}, wallClock, log),
	})
}

// wallClock leaves out the monotonic clock, which may stand still while Lambda has
// the process frozen: a keyring would pass for younger than it is.
func wallClock() time.Time { return time.Now().Round(0) }
