package contract

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
	"github.com/gatehouse-iac/gatehouse/internal/price"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/admission"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/api"
)

var key = credential.New([credential.RandomSize]byte{1})

// withClients returns an API with clients, of which the key's has a policy, and its table.
func withClients(t *testing.T, change func(*client.Policy)) (subject, *dynamotest.Table) {
	t.Helper()
	policy := client.Policy{
		Revision: 1, Enabled: true, Keys: []string{key.Digest().ID()}, PerMinute: 60, AtOnce: 10,
		Budget: client.Budget{Limit: int64(price.Dollar), Unit: client.Dollars, Period: client.Month},
	}
	if change != nil {
		change(&policy)
	}
	table := dynamotest.New()
	table.Put(clientstore.KeyItem(key.Digest(), clientstore.Identity{Client: "acme", ID: key.Digest().ID()}, time.Now()), client.NewItem("acme", policy))
	s := newSubject(t, nil)
	store := clientstore.Store{Table: table}
	prices, err := price.ParseTable(map[string]string{model: "0.035/0.14", "llama3.2:1b": "0/0", "org/name:1": "0.1/0"})
	require.NoError(t, err)
	config := s.handler.Config
	config.Admission, err = admission.New(admission.Config{Store: store, Settler: store, Prices: prices, UsageDays: 31}, config.Limits.Models)
	require.NoError(t, err)
	s.handler = api.New(config, &provider{done: plain})
	return s, table
}

// openPaths need no key.
var openPaths = []string{"/healthz", "/chat/healthz", "/readyz", "/openapi.yaml", "/playground"}

// asClient returns a call with the key.
func asClient(c call) call {
	c.headers = map[string]string{"Authorization": "Bearer " + key.Reveal()}
	return c
}

// TestRequestsOfClientsMatchTheDescription sends the valid requests with a key, and without
// one: the description allows both, since client access may be open.
func TestRequestsOfClientsMatchTheDescription(t *testing.T) {
	s, _ := withClients(t, nil)
	days := call{method: "GET", path: "/usage?days=400"}
	for _, c := range append([]call{days, {method: "GET", path: "/usage"}}, taken...) {
		for _, c := range []call{c, asClient(c)} {
			open := slices.Contains(openPaths, c.path)
			if open || c.headers != nil {
				s.check(t, c, http.StatusOK)
			} else {
				s.check(t, c, http.StatusUnauthorized)
			}
			assert.True(t, s.describes(t, c), c.path)
		}
	}
	s.check(t, asClient(call{method: "GET", path: "/usage"}), http.StatusOK)
	s.check(t, asClient(call{method: "GET", path: "/usage?days=0"}), http.StatusBadRequest)
	assert.False(t, s.describes(t, call{method: "GET", path: "/usage?days=0"}))
	revoke := asClient(call{method: "POST", path: "/key/revoke"})
	s.check(t, revoke, http.StatusNoContent)
	s.check(t, revoke, http.StatusNoContent)
	s.check(t, asClient(post("/models", `{"messages":[`+turn+`]}`)), http.StatusUnauthorized)
}

func TestRefusalsOfClientsMatchTheDescription(t *testing.T) {
	ask := post("/chat/completions", `{"model":"`+model+`","messages":[`+turn+`]}`)
	for _, test := range []struct {
		title  string
		change func(*client.Policy)
		status int
	}{
		{"key taken off", func(p *client.Policy) { p.Keys = nil }, http.StatusUnauthorized},
		{"past its end", func(p *client.Policy) { p.Expires = time.Now().Add(-time.Hour) }, http.StatusUnauthorized},
		{"suspended", func(p *client.Policy) { p.Enabled = false }, http.StatusForbidden},
		{"model", func(p *client.Policy) { p.Models = []string{"llama3.2:1b"} }, http.StatusNotFound},
		{"rate", func(p *client.Policy) { p.PerMinute = 0 }, http.StatusTooManyRequests},
		{"at once", func(p *client.Policy) { p.AtOnce = 0 }, http.StatusTooManyRequests},
		{"budget", func(p *client.Policy) { p.Budget.Limit = 10_000 }, http.StatusTooManyRequests},
		{"budget for good", func(p *client.Policy) { p.Budget.Limit, p.Budget.Period = 1, client.Once }, http.StatusTooManyRequests},
		{"another budget", func(p *client.Policy) { p.Budget.Limit, p.Budget.Unit = 90, client.Tokens }, http.StatusTooManyRequests},
	} {
		t.Run(test.title, func(t *testing.T) {
			s, _ := withClients(t, test.change)
			s.check(t, asClient(ask), test.status)
		})
	}
	s, table := withClients(t, nil)
	for _, value := range []string{"Bearer any", "Bearer " + key.Reveal()[:55] + "!", "Basic any"} {
		foreign := ask
		foreign.headers = map[string]string{"Authorization": value}
		s.check(t, foreign, http.StatusUnauthorized)
	}
	several := ask
	several.headers = map[string]string{"X-Api-Key": key.Reveal() + "," + key.Reveal()}
	for _, c := range []call{several, {method: "GET", path: "/models", headers: several.headers}, {method: "GET", path: "/usage", headers: several.headers}} {
		s.check(t, c, http.StatusBadRequest)
	}
	table.Before = func(string) error { return errors.New("no connection") }
	s.check(t, asClient(ask), http.StatusServiceUnavailable)
	s.check(t, asClient(call{method: "GET", path: "/models"}), http.StatusServiceUnavailable)
}

// With open access there are no clients, as the description says.
func TestEndpointsOfClientsMayBeAbsent(t *testing.T) {
	s := newSubject(t, nil)
	s.check(t, call{method: "GET", path: "/usage"}, http.StatusNotFound)
	s.check(t, call{method: "POST", path: "/key/revoke"}, http.StatusNotFound)
}
