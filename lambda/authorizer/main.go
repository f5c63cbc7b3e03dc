// Command authorizer is the Lambda authorizer of both APIs: it accepts the requests whose
// origin header has a key of the keyring, which only CloudFront adds. It takes the REQUEST
// events of the HTTP API, payload format 2.0, and returns simple responses to them; and
// those of the REST API, to which it returns policies. One cached keyring serves both.
//
// For the private model, which no function of the API can protect, it also decides about
// the client: see [handler.invokeForClient].
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
		header:  env.Header,
		log:     log,
		clients: newClients(env, os.Getenv, wallClock),
		decider: newDecider(keystore.NewReader(newParameterStore(os.Getenv), env.KeyPath), limits{ttl: env.KeyringTTL, refetch: env.RefetchPeriod, stale: env.StaleLimit}, wallClock, log),
	})
}

// wallClock leaves out the monotonic clock, which may stand still while Lambda has the
// process frozen: a keyring would seem younger than it is.
func wallClock() time.Time { return time.Now().Round(0) }
