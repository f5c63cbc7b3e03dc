package admission

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/token"
)

// Caller is the client that a request belongs to.
type Caller struct {
	Client string
	Key    string // id of the key, or of the token's subject; empty for requests without one
	User   string // claim sub of the token, if it has one
	Token  bool   // identified by a token

	expires time.Time     // of the credential
	record  client.Record // as it was last seen
}

func (c *Caller) identity() clientstore.Identity {
	return clientstore.Identity{Client: c.Client, ID: c.Key, Expires: c.expires}
}

// Models returns those of the models that the client may use, as far as is known.
func (c *Caller) Models(all []string) []string {
	if c.record.Models == nil {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(model string) bool { return !c.record.Allows(model) })
}

// Identify returns the client of the credential in a request's headers, whose names are in
// lower case. The client may have been suspended, and the key ended: see
// [Admission.Check].
func (a *Admission) Identify(ctx context.Context, headers map[string]string) (*Caller, error) {
	sent, err := presented(headers, a.Tokens)
	if err == nil && sent.token != "" {
		return a.identifyToken(ctx, sent.token)
	}
	switch {
	case err != nil && a.Anonymous && (errors.Is(err, ErrMissing) || errors.Is(err, ErrForeign)):
		return &Caller{Client: client.Anonymous}, nil
	case err != nil:
		return nil, err
	}
	found, known, err := a.admitter.Identify(ctx, sent.key.Digest(), a.Now())
	switch {
	case err != nil:
		return nil, unavailable("look for the key", err)
	case !known:
		return nil, ErrUnknown
	}
	return &Caller{Client: found.Client, Key: found.ID, expires: found.Expires}, nil
}

// identifyToken returns the client of a token. The error is a [token.Reason], or wraps
// [ErrUnavailable]. A token of another issuer is as foreign as a key of another API.
func (a *Admission) identifyToken(ctx context.Context, text string) (*Caller, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	holder, err := a.Tokens.Identify(ctx, text, a.Now())
	var reason token.Reason
	switch {
	case errors.Is(err, token.UnknownIssuer) && a.Anonymous:
		return &Caller{Client: client.Anonymous}, nil
	case errors.As(err, &reason):
		return nil, reason
	case err != nil:
		return nil, unavailable("identify the token", err)
	}
	return &Caller{Client: holder.Client, Key: holder.ID, User: holder.User, Token: true, expires: holder.Expires}, nil
}

// Check returns a [budget.Refusal] unless the caller's credential is valid and the client isn't
// suspended. It decides by what is remembered of the client, but refuses, and decides if
// latest is set, by what the table has.
func (a *Admission) Check(ctx context.Context, c *Caller, latest bool) error {
	if err := a.observe(ctx, c, latest); err != nil {
		return err
	}
	refusal := a.standing(c)
	if refusal != nil && !latest {
		if err := a.observe(ctx, c, true); err != nil {
			return err
		}
		refusal = a.standing(c)
	}
	if refusal != nil {
		return refusal
	}
	return nil
}

// standing returns the refusal of every request of the caller, if there is one.
func (a *Admission) standing(c *Caller) *budget.Refusal {
	_, refusal := budget.Decide(c.record, budget.Ask{Now: a.Now(), Key: c.Key, KeyExpires: c.expires})
	if refusal != nil && (refusal.Reason == budget.InvalidKey || refusal.Reason == budget.Suspended) {
		return refusal
	}
	return nil
}

// Allows reports whether the caller may use a model. It refuses by what the table has.
func (a *Admission) Allows(ctx context.Context, c *Caller, model string) (bool, error) {
	if c.record.Allows(model) {
		return true, nil
	}
	err := a.observe(ctx, c, true)
	return err == nil && c.record.Allows(model), err
}

// observe sets the caller's record to what is remembered or, if there is nothing or latest
// is set, to what the table has. A client that doesn't exist has no valid key.
func (a *Admission) observe(ctx context.Context, c *Caller, latest bool) error {
	var record client.Record
	var err error
	if latest {
		record, err = a.admitter.Latest(ctx, c.Client)
	} else {
		record, _, err = a.admitter.Record(ctx, c.Client)
	}
	var gone *budget.Refusal
	switch {
	case errors.As(err, &gone):
		return gone
	case err != nil:
		return unavailable("read the client", err)
	}
	c.record = record
	return nil
}
