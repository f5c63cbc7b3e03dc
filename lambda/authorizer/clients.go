package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/admit"
	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/internal/price"
	"github.com/gatehouse-iac/gatehouse/internal/secret"
)

// admitTimeout bounds the calls of the table for a request. With [readTimeout], it is
// well below the 10 seconds that API Gateway waits for an authorizer.
const admitTimeout = 3 * time.Second

// clients decides whether a client may send a request to the private model.
type clients struct {
	admitter *admit.Admitter
	price    price.Amount // of a request, which is charged at once and never settled
	now      func() time.Time
}

// newClients returns the clients of the environment, nil if none is required. It sends no
// request: most events need no client.
func newClients(env lambdaenv.Authorizer, getenv func(string) string, now func() time.Time) *clients {
	if !env.RequiresClient {
		return nil
	}
	return &clients{
		admitter: admit.New(clientstore.Store{Table: dynamo.FromEnvironment(getenv, env.ClientsTable)}),
		price:    env.InferencePrice,
		now:      now,
	}
}

// clientDecision is the outcome for a client's credential, with its reason. The client is
// known if the credential is.
type clientDecision struct {
	outcome outcome
	client  string // name
	key     string // public id of the credential
	reason  string
}

const (
	reasonAdmitted   = "the client is admitted"
	reasonUnknownKey = "the credential is no client's"
	reasonTable      = "the table of clients can't be read or written"
)

// decide admits a request, or says why not. It returns the error of an indeterminate
// decision. No reason quotes the credential.
func (c *clients) decide(ctx context.Context, presented secret.Text) (clientDecision, error) {
	key, err := credential.Parse(presented.Reveal())
	if err != nil {
		return clientDecision{outcome: rejected, reason: err.Error()}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, admitTimeout)
	defer cancel()
	now := c.now()
	identity, found, err := c.admitter.Identify(ctx, key.Digest(), now)
	switch {
	case err != nil:
		return clientDecision{outcome: indeterminate, reason: reasonTable}, err
	case !found:
		return clientDecision{outcome: rejected, reason: reasonUnknownKey}, nil
	}
	d := clientDecision{outcome: accepted, client: identity.Client, key: identity.ID, reason: reasonAdmitted}
	_, err = c.admitter.Admit(ctx, identity, budget.Ask{Now: now, Most: budget.Use{Cost: c.price}, Final: true})
	var refusal *budget.Refusal
	switch {
	case errors.As(err, &refusal):
		d.outcome, d.reason = rejected, fmt.Sprintf("the client's request is refused: %s", refusal.Reason)
	case err != nil:
		d.outcome, d.reason = indeterminate, reasonTable
		return d, err
	}
	return d, nil
}
