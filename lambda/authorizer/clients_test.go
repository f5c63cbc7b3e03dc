package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/admit"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
)

const testRoute = "POST /api/models" // the route of payload's events

// clientKey is the n-th key of a client.
func clientKey(n byte) credential.Key { return credential.New([credential.RandomSize]byte{n}) }

// mistyped is a key with a digit that isn't its own.
func mistyped(key credential.Key) string {
	text := []byte(key.Reveal())
	text[20] = map[bool]byte{true: 'B', false: 'A'}[text[20] == 'A']
	return string(text)
}

// clientSetup is a handler before a Parameter Store as [setup] has it, and a table whose
// client acme has key 1.
type clientSetup struct {
	setup
	table *dynamotest.Table
}

func newClientSetup(t testing.TB, changes ...func(*client.Policy)) clientSetup {
	s := clientSetup{setup: newSetup(), table: dynamotest.New()}
	s.clients = &clients{
		admitter: admit.New(clientstore.Store{Table: s.table}),
		price:    100,
		now:      s.clock.now,
	}
	s.addKey("acme", 1, time.Time{})
	s.set(t, changes...)
	return s
}

// addKey stores a key of a client, without adding it to the client's policy.
func (s clientSetup) addKey(name string, n byte, expires time.Time) {
	digest := clientKey(n).Digest()
	s.table.Put(clientstore.KeyItem(digest, clientstore.Identity{Client: name, ID: digest.ID(), Expires: expires}, noon))
}

// set replaces the client acme by a new one, whose policy has another revision.
func (s clientSetup) set(t testing.TB, changes ...func(*client.Policy)) {
	t.Helper()
	p := client.Policy{
		Revision: int64(len(s.table.Items())) + s.clock.time.Unix(), Enabled: true, Inference: true, PerMinute: 60, AtOnce: 10,
		Keys: []string{clientKey(1).Digest().ID()}, Budget: client.Budget{Limit: 1000, Unit: client.Dollars, Period: client.Month},
	}
	for _, change := range changes {
		change(&p)
	}
	s.table.Put(client.NewItem("acme", p))
}

// clientPayload is an event of the authorizer that requires a client.
func clientPayload(t testing.TB, originKey, presented string) []byte {
	return payload(t, map[string]string{"host": "api.example", testHeader: originKey, credential.Header: presented}, originKey, presented, testRoute)
}

// invoke returns the response and the line of the log.
func (s clientSetup) invoke(t *testing.T, event []byte) (string, map[string]any) {
	t.Helper()
	s.logs.Reset()
	answer, err := s.Invoke(t.Context(), event)
	require.NoError(t, err)
	return string(answer), s.line(t)
}

func (s clientSetup) line(t *testing.T) map[string]any {
	t.Helper()
	var line map[string]any
	require.NoError(t, json.Unmarshal(s.logs.Bytes(), &line), "one line: %s", s.logs)
	return line
}

// used returns what the counters of the client acme have, by their names.
func (s clientSetup) used(t *testing.T) (used, minutes map[string]int64) {
	t.Helper()
	item, err := s.table.GetItem(t.Context(), client.Key("acme"))
	require.NoError(t, err)
	record, err := client.ParseItem(item)
	require.NoError(t, err)
	assert.Empty(t, record.Holds, "the price is final")
	return record.Used, record.Minutes
}

const refused = `{"isAuthorized":false}`

func TestDecisionsAboutClients(t *testing.T) {
	origin, key := testKey(1).Value.Reveal(), clientKey(1).Reveal()
	admitted := fmt.Sprintf(`{"isAuthorized":true,"context":{"originKey":"%s","client":"acme","key":"%s"}}`, testKey(1).Name, clientKey(1).Digest().ID())
	hour := func(p *client.Policy) { p.Expires = noon.Add(time.Hour) }
	for _, test := range []struct {
		title   string
		event   []byte
		policy  func(*client.Policy)
		want    string
		reason  string
		writes  int
		noReads bool
	}{
		{title: "admitted", want: admitted, reason: reasonAdmitted, writes: 1},
		{title: "admitted before the client's end", policy: hour, want: admitted, reason: reasonAdmitted, writes: 1},
		{title: "an origin key that is none", event: clientPayload(t, testKey(9).Value.Reveal(), key), want: refused, reason: reasonNotInKeyring, noReads: true},
		{title: "a malformed origin key", event: clientPayload(t, "guess", key), want: refused, reason: reasonForm, noReads: true},
		{title: "no key", event: clientPayload(t, origin, ""), want: refused, reason: errNoCredential.Error(), noReads: true},
		{title: "a key of another service", event: clientPayload(t, origin, "sk-proj-canary"), want: refused, reason: credential.ErrForm.Error(), noReads: true},
		{title: "a mistyped key", event: clientPayload(t, origin, mistyped(clientKey(1))), want: refused, reason: credential.ErrChecksum.Error(), noReads: true},
		{title: "two keys", event: clientPayload(t, origin, key+","+key), want: refused, reason: errSeveralCredentials.Error(), noReads: true},
		{title: "an unknown key", event: clientPayload(t, origin, clientKey(9).Reveal()), want: refused, reason: reasonUnknownKey},
		{title: "a revoked key", policy: func(p *client.Policy) { p.Keys = nil }, want: refused, reason: "refused: invalid_key"},
		{title: "an expired client", policy: func(p *client.Policy) { p.Expires = noon }, want: refused, reason: "refused: invalid_key"},
		{title: "a suspended client", policy: func(p *client.Policy) { p.Enabled = false }, want: refused, reason: "refused: suspended"},
		{title: "a client without inference", policy: func(p *client.Policy) { p.Inference = false }, want: refused, reason: "refused: model_not_allowed"},
		{title: "models don't matter", policy: func(p *client.Policy) { p.Models = []string{"m"} }, want: admitted, reason: reasonAdmitted, writes: 1},
		{title: "requests at once don't matter", policy: func(p *client.Policy) { p.AtOnce = 0 }, want: admitted, reason: reasonAdmitted, writes: 1},
		{title: "no rate", policy: func(p *client.Policy) { p.PerMinute = 0 }, want: refused, reason: "refused: rate_exceeded"},
		{title: "a budget below the price", policy: func(p *client.Policy) { p.Budget.Limit = 99 }, want: refused, reason: "refused: budget_spent"},
		{title: "a budget of tokens counts none", policy: func(p *client.Policy) { p.Budget = client.Budget{Unit: client.Tokens, Period: client.Day} }, want: admitted, reason: reasonAdmitted, writes: 1},
	} {
		t.Run(test.title, func(t *testing.T) {
			s := newClientSetup(t)
			if test.policy != nil {
				s.set(t, test.policy)
			}
			if test.event == nil {
				test.event = clientPayload(t, origin, key)
			}
			answer, line := s.invoke(t, test.event)
			assert.JSONEq(t, test.want, answer)
			assert.Equal(t, "decision", line["msg"])
			assert.Equal(t, map[bool]string{true: "accepted", false: "rejected"}[test.want == admitted], line["decision"])
			assert.Contains(t, line["reason"], test.reason)
			assert.Equal(t, test.writes, s.table.Calls(dynamotest.UpdateItem))
			assert.Equal(t, test.noReads, s.table.Calls(dynamotest.GetItem) == 0)
		})
	}
}

func TestEventsAboutClientsAreStrict(t *testing.T) {
	origin, key := testKey(1).Value.Reveal(), clientKey(1).Reveal()
	both := map[string]string{testHeader: origin, credential.Header: key}
	other := testKey(2).Value.Reveal()
	for _, test := range []struct {
		title   string
		event   []byte
		allowed bool
		reason  string
	}{
		{"the provider's order of identity sources", payload(t, both, testRoute, key, origin), true, reasonAdmitted},
		{"headers in capitals", payload(t, map[string]string{"X-Origin-Verify": origin, "X-Gatehouse-Credential": key}, origin, key, testRoute), true, reasonAdmitted},
		{"no headers", payload(t, nil, origin, key, testRoute), false, errNoValue.Error()},
		{"no credential in the headers", payload(t, map[string]string{testHeader: origin}, origin, key, testRoute), false, errNoCredential.Error()},
		{"another credential in the headers", payload(t, map[string]string{testHeader: origin, credential.Header: clientKey(2).Reveal()}, origin, key, testRoute), false, errDisagreement.Error()},
		{"another origin key in the headers", payload(t, map[string]string{testHeader: other, credential.Header: key}, origin, key, testRoute), false, errDisagreement.Error()},
		{"another route", payload(t, both, origin, key, "ANY /api/{proxy+}"), false, errDisagreement.Error()},
		{"the origin key twice", payload(t, both, origin, origin, testRoute), false, errDisagreement.Error()},
		{"the credential header twice", payload(t, map[string]string{testHeader: origin, credential.Header: key, "X-Gatehouse-Credential": key}, origin, key, testRoute), false, errSeveralCredentials.Error()},
		{"the origin header twice", payload(t, map[string]string{testHeader: origin, "X-Origin-Verify": origin, credential.Header: key}, origin, key, testRoute), false, errSeveralValues.Error()},
		{"two identity sources", payload(t, both, origin, key), false, errDisagreement.Error()},
		{"four identity sources", payload(t, both, origin, key, testRoute, testRoute), false, errDisagreement.Error()},
	} {
		t.Run(test.title, func(t *testing.T) {
			s := newClientSetup(t)
			answer, line := s.invoke(t, test.event)
			assert.Equal(t, test.allowed, answer != refused, answer)
			assert.Equal(t, test.reason, line["reason"])
		})
	}
}

// One identity source is about the origin key only, with or without a credential beside
// it: the function's routes decide about clients themselves.
func TestOneIdentitySourceNeedsNoClient(t *testing.T) {
	s := newClientSetup(t)
	one := testKey(1).Value.Reveal()
	for _, event := range [][]byte{
		payload(t, map[string]string{testHeader: one}, one),
		payload(t, map[string]string{testHeader: one, credential.Header: "canary"}, one),
		restPayload(t, map[string][]string{testHeader: {one}, credential.Header: {"canary"}}),
	} {
		answer, line := s.invoke(t, event)
		assert.Contains(t, answer, `"context":{"originKey":"`+string(testKey(1).Name)+`"}`)
		assert.NotContains(t, line, "client")
	}
	assert.Zero(t, s.table.Calls(dynamotest.GetItem)+s.table.Calls(dynamotest.UpdateItem))
}

func TestNoClientsWithoutATable(t *testing.T) {
	s := newSetup()
	answer, err := s.Invoke(t.Context(), clientPayload(t, testKey(1).Value.Reveal(), clientKey(1).Reveal()))
	require.NoError(t, err)
	assert.JSONEq(t, refused, string(answer))
	assert.Contains(t, s.logs.String(), errDisagreement.Error())
}

func TestRequestsOfAClientAreCounted(t *testing.T) {
	s := newClientSetup(t)
	event := clientPayload(t, testKey(1).Value.Reveal(), clientKey(1).Reveal())
	for range 10 {
		answer, line := s.invoke(t, event)
		assert.Contains(t, answer, "true")
		assert.Equal(t, "acme", line["client"])
		assert.Equal(t, clientKey(1).Digest().ID(), line["clientKey"])
	}
	answer, line := s.invoke(t, event)
	assert.JSONEq(t, refused, answer)
	assert.Contains(t, line["reason"], "budget_spent")
	assert.Equal(t, "acme", line["client"])
	assert.Equal(t, 2, s.table.Calls(dynamotest.GetItem), "the key and the client, once")
	assert.Equal(t, 11, s.table.Calls(dynamotest.UpdateItem), "one write a request")
	used, _ := s.used(t)
	assert.Equal(t, map[string]int64{"u$m2026-01": 1000}, used)

	s.set(t, func(p *client.Policy) { p.PerMinute = 2; p.Revision++ })
	for range 2 {
		answer, _ := s.invoke(t, event)
		assert.Contains(t, answer, "true", "a new client")
	}
	answer, line = s.invoke(t, event)
	assert.JSONEq(t, refused, answer)
	assert.Contains(t, line["reason"], "rate_exceeded")
	s.clock.advance(time.Minute)
	answer, _ = s.invoke(t, event)
	assert.Contains(t, answer, "true", "the next minute")
}

func TestChangesOfAPolicyCountAtOnce(t *testing.T) {
	event := clientPayload(t, testKey(1).Value.Reveal(), clientKey(1).Reveal())
	s := newClientSetup(t)
	for n, change := range []func(*client.Policy){
		func(p *client.Policy) { p.Keys = []string{"another1"} },
		func(p *client.Policy) { p.Enabled = false },
		func(p *client.Policy) { p.Inference = false },
	} {
		later := func(p *client.Policy) { p.Revision += int64(n+1) * 10 }
		s.set(t, later)
		answer, _ := s.invoke(t, event)
		assert.Contains(t, answer, "true")
		s.set(t, later, change, func(p *client.Policy) { p.Revision++ })
		answer, _ = s.invoke(t, event)
		assert.JSONEq(t, refused, answer)
	}
}

func TestAnExpiredKeyIsRefused(t *testing.T) {
	s := newClientSetup(t, func(p *client.Policy) { p.Keys = []string{clientKey(1).Digest().ID(), clientKey(2).Digest().ID()} })
	s.addKey("acme", 2, noon.Add(time.Minute))
	event := clientPayload(t, testKey(1).Value.Reveal(), clientKey(2).Reveal())
	answer, _ := s.invoke(t, event)
	assert.Contains(t, answer, "true")
	s.clock.advance(time.Minute)
	answer, line := s.invoke(t, event)
	assert.JSONEq(t, refused, answer)
	assert.Contains(t, line["reason"], "invalid_key")
}

func TestAnUnavailableTableIsAnErrorAndNeverARefusal(t *testing.T) {
	event := clientPayload(t, testKey(1).Value.Reveal(), clientKey(1).Reveal())
	errTable := errors.New("no connection to DynamoDB")
	for _, operation := range []string{dynamotest.GetItem, dynamotest.UpdateItem} {
		s := newClientSetup(t)
		s.table.Before = func(called string) error {
			if called == operation {
				return errTable
			}
			return nil
		}
		_, err := s.Invoke(t.Context(), event)
		require.ErrorIs(t, err, errTable)
		require.ErrorContains(t, err, reasonTable)
		line := s.line(t)
		assert.Equal(t, "indeterminate", line["decision"])
		assert.Equal(t, "ERROR", line["level"])

		s.table.Before = nil
		answer, _ := s.invoke(t, event)
		assert.Contains(t, answer, "true", "nothing sticks")
	}
}

// A lost reply is an error, and may count the request twice, to the client's cost.
func TestALostReplyIsAnError(t *testing.T) {
	s := newClientSetup(t)
	s.table.After = func(called string) error {
		if called == dynamotest.UpdateItem {
			return errors.New("connection reset")
		}
		return nil
	}
	_, err := s.Invoke(t.Context(), clientPayload(t, testKey(1).Value.Reveal(), clientKey(1).Reveal()))
	require.ErrorContains(t, err, "connection reset")
	s.table.After = nil
	used, _ := s.used(t)
	assert.Equal(t, map[string]int64{"u$m2026-01": 100}, used)
}

func TestADamagedClientIsAnError(t *testing.T) {
	s := newClientSetup(t)
	item := client.NewItem("acme", client.Policy{Revision: 1, Enabled: true})
	delete(item, client.RevisionAttribute)
	s.table.Put(item)
	_, err := s.Invoke(t.Context(), clientPayload(t, testKey(1).Value.Reveal(), clientKey(1).Reveal()))
	require.ErrorContains(t, err, reasonTable)
}

// TestNoCredentialLeaks drives the handler through all that it can say about clients, and
// looks for every credential in it, and for their digests.
func TestNoCredentialLeaks(t *testing.T) {
	said := &strings.Builder{}
	origin := testKey(1).Value.Reveal()
	presented := []string{clientKey(1).Reveal(), clientKey(9).Reveal(), mistyped(clientKey(1)), "sk-proj-canary-of-another-service", "canary"}
	policies := []func(*client.Policy){
		func(*client.Policy) {},
		func(p *client.Policy) { p.Keys = nil },
		func(p *client.Policy) { p.Enabled = false },
		func(p *client.Policy) { p.PerMinute = 0 },
		func(p *client.Policy) { p.Budget.Limit = 1 },
	}
	for _, policy := range policies {
		for _, outage := range []string{"", dynamotest.GetItem, dynamotest.UpdateItem} {
			s := newClientSetup(t, policy)
			s.table.Before = func(called string) error {
				if called == outage {
					return errDown
				}
				return nil
			}
			for _, value := range presented {
				for _, event := range [][]byte{
					clientPayload(t, origin, value),
					clientPayload(t, testKey(9).Value.Reveal(), value),
					clientPayload(t, origin, value+","+value),
					payload(t, map[string]string{testHeader: origin, credential.Header: value}, origin, "other", testRoute),
					payload(t, map[string]string{testHeader: origin, credential.Header: value}, origin),
				} {
					answer, err := s.Invoke(t.Context(), event)
					_, _ = fmt.Fprintf(said, "%s %v %+v %#v\n", answer, err, err, err)
				}
			}
			_, _ = said.Write(s.logs.Bytes())
		}
	}
	for _, word := range []string{"accepted", "rejected", "indeterminate", reasonUnknownKey, reasonTable, "suspended", "rate_exceeded", "budget_spent", "invalid_key", "mistyped", "acme"} {
		assert.Contains(t, said.String(), word, "the test must reach it")
	}
	for _, value := range presented {
		assert.NotContains(t, said.String(), value)
	}
	for n := range byte(10) {
		assert.NotContains(t, said.String(), clientKey(n).Digest().String())
	}
	assert.NotContains(t, said.String(), origin)
}

func FuzzInvokeForClient(f *testing.F) {
	origin, key := testKey(1).Value.Reveal(), clientKey(1).Reveal()
	f.Add(clientPayload(f, origin, key))
	f.Add(clientPayload(f, origin, mistyped(clientKey(1))))
	f.Add(payload(f, map[string]string{testHeader: origin}, origin, key, testRoute))
	f.Add(payload(f, map[string]string{testHeader: origin, credential.Header: key}, origin, testRoute, "x"))
	f.Add([]byte(`{"version":"2.0","headers":null,"identitySource":["` + origin + `","` + key + `",null]}`))
	s := newClientSetup(f, func(p *client.Policy) { p.Budget = client.Budget{}; p.PerMinute = client.MaxPerMinute })
	f.Fuzz(func(t *testing.T, event []byte) {
		s.logs.Reset()
		answer, err := s.Invoke(t.Context(), event)
		if err == nil && strings.Contains(string(answer), `"client":"acme"`) {
			assert.True(t, bytes.Contains(event, []byte(origin)) && bytes.Contains(event, []byte(key)), "let in: %q", event)
		}
		assert.NotContains(t, s.logs.String(), key)
	})
}

func BenchmarkInvokeForClient(b *testing.B) {
	s := newClientSetup(b, func(p *client.Policy) { p.Budget = client.Budget{}; p.PerMinute = client.MaxPerMinute })
	s.log = slog.New(slog.DiscardHandler)
	event := clientPayload(b, testKey(1).Value.Reveal(), clientKey(1).Reveal())
	b.ReportAllocs()
	for b.Loop() {
		s.clock.advance(time.Millisecond)
		if _, err := s.Invoke(b.Context(), event); err != nil {
			b.Fatal(err)
		}
	}
}
