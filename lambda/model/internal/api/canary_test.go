package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// canaries are credentials of all kinds: keys that are good, unknown and mistyped, and one
// of another service.
func canaries() []string {
	good, unknown := keyOf(1).Reveal(), keyOf(9).Reveal()
	wrongSum := []byte(good)
	wrongSum[credential.Length-1] ^= 1
	return []string{good, unknown, string(wrongSum), good[:40], "sk-proj-4f8d1cCanary", "eyJhbGciOi.4f8d1cCanary.sig", good + "," + unknown}
}

// assertNoCanary fails if a text has a part of a credential.
func assertNoCanary(t *testing.T, text, title string) {
	t.Helper()
	for _, canary := range canaries() {
		for begin := len("sk-gth_"); begin+8 <= len(canary); begin += 4 {
			part := canary[begin : begin+8]
			if strings.Trim(part, "0") == "" {
				continue // the zeros of a small number say nothing
			}
			assert.NotContains(t, text, part, title)
		}
	}
}

// TestCredentialsAppearNowhere sends credentials in every header through every refusal,
// error and panic, with everything logged.
func TestCredentialsAppearNowhere(t *testing.T) {
	broken := errors.New("no connection")
	for title, prepare := range map[string]func(*clientSetup){
		"good":        func(*clientSetup) {},
		"migrating":   func(s *clientSetup) { s.admit(t, migrating) },
		"suspended":   func(s *clientSetup) { s.set(t, func(p *client.Policy) { p.Enabled = false }) },
		"taken off":   func(s *clientSetup) { s.set(t, func(p *client.Policy) { p.Keys = nil }) },
		"expired":     func(s *clientSetup) { s.set(t, func(p *client.Policy) { p.Expires = noon }) },
		"rate":        func(s *clientSetup) { s.set(t, func(p *client.Policy) { p.PerMinute = 0 }) },
		"at once":     func(s *clientSetup) { s.set(t, func(p *client.Policy) { p.AtOnce = 0 }) },
		"budget":      func(s *clientSetup) { s.set(t, func(p *client.Policy) { p.Budget.Limit = 1 }) },
		"no model":    func(s *clientSetup) { s.set(t, func(p *client.Policy) { p.Models = []string{otherModel} }) },
		"no table":    func(s *clientSetup) { s.table.Before = func(string) error { return broken } },
		"no writes":   func(s *clientSetup) { s.table.Before = failing(dynamotest.UpdateItem, broken) },
		"timeout":     func(s *clientSetup) { s.fake.err = chat.ErrTimeout },
		"failed":      func(s *clientSetup) { s.fake.err = errors.New("failed") },
		"no metrics":  func(s *clientSetup) { s.Metrics = full{} },
		"no settling": func(s *clientSetup) { s.table.After = failing(dynamotest.UpdateItem, broken) },
	} {
		s := newClientSetup(t, acme())
		s.LogContent = true
		s.Log = slog.New(slog.NewJSONHandler(s.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
		s.table.Put(client.NewItem(client.Anonymous, client.Policy{Revision: 1, Enabled: true, PerMinute: 1000, AtOnce: 10}))
		prepare(s)
		for _, canary := range canaries() {
			for _, header := range []string{credential.Header, "authorization", "x-api-key"} {
				for _, e := range []event{post(hello), post("{"), get("/api/models"), get("/api/usage"), get("/api/nothing"), request(http.MethodPost, "/api/key/revoke", ""), get("/api/healthz")} {
					value := canary
					if header == "authorization" {
						value = "Bearer " + canary
					}
					payload, err := json.Marshal(withHeaders(e, header, value))
					require.NoError(t, err)
					text, err := s.Invoke(t.Context(), payload)
					require.NoError(t, err)
					assertNoCanary(t, string(text), title)
				}
			}
		}
		assertNoCanary(t, s.logs.String(), title)
		assertNoCanary(t, s.metrics.String(), title)
		s.table.Before, s.table.After = nil, nil
		for _, item := range s.table.Items() {
			written, err := json.Marshal(item)
			require.NoError(t, err)
			assertNoCanary(t, string(written), title)
		}
	}
}

// failing returns a hook that fails an operation.
func failing(operation string, err error) func(string) error {
	return func(called string) error {
		if called == operation {
			return err
		}
		return nil
	}
}

// What a panic, or a verb of fmt, prints of an exchange has no credential.
func TestCredentialsAreInNoValueThatPrints(t *testing.T) {
	s := newClientSetup(t, acme())
	handler := New(s.Config, printing{s.fake})
	payload, err := json.Marshal(keyed(s.key, post(hello)))
	require.NoError(t, err)
	func() {
		defer func() {
			value := recover()
			require.NotNil(t, value)
			for _, verb := range []string{"%v", "%+v", "%#v"} {
				assertNoCanary(t, fmt.Sprintf(verb, value), verb)
			}
		}()
		_, _ = handler.Invoke(t.Context(), payload)
	}()
	e := &exchange{event: &event{Headers: map[string]string{credential.Header: s.key.Reveal()}}}
	require.Nil(t, s.identify(t.Context(), e, clientAccess))
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		assertNoCanary(t, fmt.Sprintf(verb, *e.event), verb)
		assertNoCanary(t, fmt.Sprintf(verb, *e.client.caller), verb)
		assertNoCanary(t, fmt.Sprintf(verb, s.Admission), verb)
	}
}

// printing panics with all that a backend gets.
type printing struct{ chat.Provider }

func (printing) Complete(ctx context.Context, c chat.Conversation) (chat.Completion, error) {
	panic(fmt.Sprintf("%+v %+v", ctx, c))
}

func TestStreamsHaveNoCredential(t *testing.T) {
	s := newClientStream(t, sayGoodDay())
	s.LogContent = true
	r, body := s.ask(t, t.Context(), s.keyedREST(streamChat))
	require.Equal(t, http.StatusOK, r.StatusCode)
	assertNoCanary(t, body+fmt.Sprint(r.Headers)+s.logs.String()+s.metrics.String(), "a stream")
	r, body = s.ask(t, t.Context(), restEvent{Path: "/api/chat/completions", HTTPMethod: http.MethodPost, Headers: map[string]string{"X-API-Key": "sk-proj-4f8d1cCanary"}, RequestContext: restChat("").RequestContext})
	require.Equal(t, http.StatusUnauthorized, r.StatusCode)
	assertNoCanary(t, body+s.logs.String(), "a stream that is refused")
}
