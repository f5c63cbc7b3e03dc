// Package api checks the model API of a deployed stack: its endpoints and problems, also
// with OpenAI's client. Its tests add requests generated from the API's description, a model
// that is too slow, and a second backend.
package api

import (
	"context"
	"path/filepath"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/internal/secret"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
)

// requestTimeout is the longest that a response may take: what an HTTP API waits.
const requestTimeout = 30 * time.Second

// API is the model API of a deployed stack.
type API struct {
	URL       string      // through CloudFront, with the prefix
	DirectURL string      // bypassing CloudFront
	ClientKey secret.Text // that requests need; empty if the API is open
	KeyHeader string      // that direct requests need
	Key       func(context.Context) (string, error)

	Cloud  string   // the endpoint of the sandbox's AWS
	Role   string   // of the function that serves the API, as a part of its ARN
	Client []string // runs OpenAI's client, with the API's address as last argument
}

// New returns the model API of an environment's stack.
func New(e *env.Environment) API {
	return API{
		URL:       e.DistributionURL() + e.Outputs["apiPrefix"],
		DirectURL: e.APIURL() + e.Outputs["apiPrefix"],
		ClientKey: e.ClientKey,
		KeyHeader: e.Outputs["originHeaderName"],
		Key: func(ctx context.Context) (string, error) {
			// The oldest: a new one may not be known to every authorizer yet.
			keys, err := awsclient.Keyring(ctx, e.Servers.Cloud.Endpoint(), e.Outputs["parameterPath"])
			if err != nil {
				return "", err
			}
			return keys[0], nil
		},
		Cloud:  e.Servers.Cloud.Endpoint(),
		Role:   "gatehouse-" + pulumicli.StackName + "-model",
		Client: []string{e.Checkout.Python(checkout.ProofVenv), filepath.Join(e.Checkout.Root, "test", "e2e", "clients", "openai_client.py")},
	}
}

// Checks returns checks of every endpoint, of one of each kind of problem, and that
// OpenAI's client takes the API for OpenAI's.
func (a API) Checks() []check.Check {
	var checks []check.Check
	for _, r := range requests() {
		checks = append(checks, r.check(a))
	}
	return append(checks, a.clientChecks()...)
}
