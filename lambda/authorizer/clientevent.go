package main

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/secret"
)

// clientSources is the number of identity sources of the authorizer that requires a
// client: the origin header, [credential.Header] and the route's key. With one, an event
// is about the origin key only.
const clientSources = 3

var (
	errNoCredential       = errors.New("the request has no credential of a client")
	errSeveralCredentials = errors.New("the request has several credentials of clients")
)

// requiresClient reports whether the decision is about a client too. The identity sources
// say so, which are the authorizer's configuration, and never the path, which is the
// viewer's. The REST API's events have none.
func (e event) requiresClient() bool { return e.stage == "" && len(e.IdentitySource) == clientSources }

// presentedByClient returns the values of the origin header and of the client's
// credential. Each header must have one value, and the identity sources must be these and
// the route's key, in any order: the provider sends them as a set.
func (e event) presentedByClient(header string, payload []byte) (originKey string, presented secret.Text, err error) {
	originKey, err = one(e.values(header))
	if err != nil {
		return "", secret.Text{}, err
	}
	clear, err := one(e.values(credential.Header))
	switch {
	case errors.Is(err, errNoValue):
		return "", secret.Text{}, errNoCredential
	case err != nil:
		return "", secret.Text{}, errSeveralCredentials
	}
	// Not a field of event: events of one identity source don't need it.
	var route struct {
		RouteKey string `json:"routeKey"`
	}
	if err := json.Unmarshal(payload, &route); err != nil {
		return "", secret.Text{}, errDisagreement
	}
	if !sameValues(e.IdentitySource, originKey, clear, route.RouteKey) {
		return "", secret.Text{}, errDisagreement
	}
	return originKey, secret.New(clear), nil
}

// sameValues reports whether two lists have the same values, in any order.
func sameValues(some []string, others ...string) bool {
	return slices.Equal(slices.Sorted(slices.Values(some)), slices.Sorted(slices.Values(others)))
}
