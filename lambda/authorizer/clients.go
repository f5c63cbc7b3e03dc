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
	"github.com/gatehouse-iac/gatehouse/internal/token"
)

// admitTimeout bounds the calls of the table for a request. With [readTimeout], it is
// well below the 10 seconds that API Gateway waits for an authorizer.
const admitTimeout = 3 * time.Second

// clients decides whether a client may send a request to the private model.
type clients struct {
	admitter *admit.Admitter
	tokens   *admit.Tokens // nil without issuers
	price    price.Amount  // of a request, which is charged at once and never settled
	now      func() time.Time
}

// newClients returns the clients of the environment, nil if none is required. It sends no
// request: most events need no client.
func newClients(env lambdaenv.Authorizer, getenv func(string) string, now func() time.Time) *clients {
	if !env.RequiresClient {
		return nil
	}
	store := clientstore.Store{Table: dynamo.FromEnvironment(getenv, env.ClientsTable)}
	return &clients{
		admitter: admit.New(store),
		tokens:   admit.NewTokens(store, env.Issuers),
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
	user    string // claim sub of a token, or ""
	reason  string
}

const (
	reasonAdmitted   = "the client is admitted"
	reasonUnknownKey = "the credential is no client's"
	reasonTable      = "the table of clients can't be read or written"
)

var (
	errUnknownKey  = errors.New(reasonUnknownKey)
	errUnavailable = errors.New("the credential can't be looked up")
)

// identify returns whose a credential is: a key's, or a token's. The error wraps
// errUnavailable, or has nothing of the credential and is certain.
func (c *clients) identify(ctx context.Context, presented secret.Text, now time.Time) (identity clientstore.Identity, user string, err error) {
	if text := presented.Reveal(); c.tokens.Accepts(text) {
		holder, err := c.tokens.Identify(ctx, text, now)
		var reason token.Reason
		if err != nil && !errors.As(err, &reason) {
			err = fmt.Errorf("%w: %w", errUnavailable, err)
		}
		return holder.Identity, holder.User, err
	}
	key, err := credential.Parse(presented.Reveal())
	if err != nil {
		return clientstore.Identity{}, "", err
	}
	identity, found, err := c.admitter.Identify(ctx, key.Digest(), now)
	switch {
	case err != nil:
		return clientstore.Identity{}, "", fmt.Errorf("%w: %w", errUnavailable, err)
	case !found:
		return clientstore.Identity{}, "", errUnknownKey
	}
	return identity, "", nil
}

// decide admits a request, or says why not. It returns the error of an indeterminate
// decision. No reason quotes the credential.
func (c *clients) decide(ctx context.Context, presented secret.Text) (clientDecision, error) {
	ctx, cancel := context.WithTimeout(ctx, admitTimeout)
	defer cancel()
	now := c.now()
	identity, user, err := c.identify(ctx, presented, now)
	switch {
	case errors.Is(err, errUnavailable):
		return clientDecision{outcome: indeterminate, reason: reasonTable}, err
	case err != nil:
		return clientDecision{outcome: rejected, reason: err.Error()}, nil
	}
	d := clientDecision{outcome: accepted, client: identity.Client, key: identity.ID, user: user, reason: reasonAdmitted}
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
