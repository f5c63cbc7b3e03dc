package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/keystore"
	"github.com/gatehouse-iac/gatehouse/internal/keystore/keystoretest"
	"github.com/gatehouse-iac/gatehouse/internal/keystore/ssmstore"
)

const (
	testPath   = "/gatehouse/test/origin-key"
	testHeader = "x-origin-verify"
)

// setup is a handler before a Parameter Store whose keyring has keys 1 and 2.
type setup struct {
	*handler
	clock *clock
	store *keystoretest.Fake
	logs  *bytes.Buffer
}

func newSetup() setup {
	s := setup{clock: &clock{noon}, store: &keystoretest.Fake{}, logs: &bytes.Buffer{}}
	s.store.SetKey(testPath, testKey(1))
	s.store.SetKey(testPath, testKey(2))
	log := slog.New(slog.NewJSONHandler(s.logs, nil))
	s.handler = &handler{
		header:  testHeader,
		decider: newDecider(keystore.NewReader(ssmstore.NewLister(s.store), testPath), testLimits, s.clock.now, log),
		log:     log,
	}
	return s
}

// payload is an event as API Gateway sends it, with the given headers and identity
// source.
func payload(t testing.TB, headers map[string]string, identitySource ...string) []byte {
	text, err := json.Marshal(map[string]any{
		"version":        "2.0",
		"type":           "REQUEST",
		"routeArn":       "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/$default/POST/api/models",
		"identitySource": identitySource,
		"routeKey":       "POST /api/models",
		"rawPath":        "/api/models",
		"rawQueryString": "",
		"headers":        headers,
		"requestContext": map[string]any{
			"accountId": "123456789012", "apiId": "abcdef1234", "requestId": "Jh3kXh7GIAMEVjQ=", "stage": "$default",
			"http": map[string]any{"method": "POST", "path": "/api/models", "sourceIp": "192.0.2.1"},
		},
	})
	require.NoError(t, err)
	return text
}

func TestAnswers(t *testing.T) {
	one, two, other := testKey(1).Value.Reveal(), testKey(2).Value.Reveal(), testKey(9).Value.Reveal()
	yes := func(n byte) string {
		return fmt.Sprintf(`{"isAuthorized":true,"context":{"originKey":"%s"}}`, testKey(n).Name)
	}
	const no = `{"isAuthorized":false}`
	header := func(value string) map[string]string {
		return map[string]string{"host": "api.example", testHeader: value, "accept": "*/*"}
	}
	for _, test := range []struct {
		title   string
		payload []byte
		want    string
		reason  string
	}{
		{"the first key", payload(t, header(one), one), yes(1), reasonInKeyring},
		{"the second key", payload(t, header(two), two), yes(2), reasonInKeyring},
		{"no identity source", payload(t, header(one)), yes(1), reasonInKeyring},
		{"identity source alone", payload(t, nil, one), yes(1), reasonInKeyring},
		{"header in capitals", payload(t, map[string]string{"X-Origin-Verify": one}, one), yes(1), reasonInKeyring},
		{"an unknown value", payload(t, header(other), other), no, reasonNotInKeyring},
		{"a guess", payload(t, header("guess"), "guess"), no, reasonForm},
		{"an empty header", payload(t, header(""), ""), no, errNoValue.Error()},
		{"no header", payload(t, map[string]string{"host": "api.example"}), no, errNoValue.Error()},
		{"two values, one of them right", payload(t, header(one+","+other), one+","+other), no, errSeveralValues.Error()},
		{"two values, both right", payload(t, header(one+", "+two), one+", "+two), no, errSeveralValues.Error()},
		{"the header twice in different case", payload(t, map[string]string{testHeader: one, "X-Origin-Verify": one}), no, errSeveralValues.Error()},
		{"header right, identity source not", payload(t, header(one), other), no, errDisagreement.Error()},
		{"identity source right, header not", payload(t, header(other), one), no, errDisagreement.Error()},
		{"several identity sources", payload(t, header(one), one, "POST"), no, errDisagreement.Error()},
		{"several identity sources alone", payload(t, nil, one, two), no, errNoValue.Error()},
	} {
		t.Run(test.title, func(t *testing.T) {
			s := newSetup()
			answer, err := s.Invoke(t.Context(), test.payload)
			require.NoError(t, err)
			assert.JSONEq(t, test.want, string(answer))
			var line struct{ Msg, RequestID, Decision, Reason, Key string }
			require.NoError(t, json.Unmarshal(s.logs.Bytes(), &line), "one line: %s", s.logs)
			assert.Equal(t, "decision", line.Msg)
			assert.Equal(t, "Jh3kXh7GIAMEVjQ=", line.RequestID)
			assert.Equal(t, test.reason, line.Reason)
			assert.Equal(t, line.Decision == "accepted", line.Key != "")
		})
	}
}

// requireNoDecision requires an error for an event, without the key that is in it.
func requireNoDecision(t *testing.T, event, key string) {
	t.Helper()
	s := newSetup()
	answer, err := s.Invoke(t.Context(), []byte(event))
	require.Error(t, err)
	assert.Empty(t, answer)
	assert.NotContains(t, err.Error(), key)
	assert.Zero(t, s.store.Calls("GetParametersByPath"))
}

func TestOtherEventsAreErrors(t *testing.T) {
	one := testKey(1).Value.Reveal()
	for title, text := range map[string]string{
		"payload format 1.0":   `{"version":"1.0","headers":{"x-origin-verify":"` + one + `"}}`,
		"no version":           `{"headers":{"x-origin-verify":"` + one + `"}}`,
		"a key as the version": `{"version":"` + one + `"}`,
		"wrong types":          `{"version":"2.0","headers":"` + one + `"}`,
		"no object":            `"` + one + `"`,
		"no JSON":              one,
		"nothing":              "",
	} {
		t.Run(title, func(t *testing.T) {
			requireNoDecision(t, text, one)
		})
	}
}

func TestAnOutageIsAnErrorAndNeverARefusal(t *testing.T) {
	s := newSetup()
	one, added := testKey(1).Value.Reveal(), testKey(3)
	down := errors.New("ThrottlingException: Rate exceeded")
	s.store.Before = func(context.Context, string) error { return down }

	_, err := s.Invoke(t.Context(), payload(t, nil, one))
	require.ErrorIs(t, err, down, "nothing is known yet")

	s.store.Before = nil
	s.clock.advance(testLimits.refetch)
	answer, err := s.Invoke(t.Context(), payload(t, nil, one))
	require.NoError(t, err)
	assert.Contains(t, string(answer), "true")

	s.store.Before = func(context.Context, string) error { return down }
	s.store.SetKey(testPath, added)
	s.clock.advance(testLimits.stale - 1)
	answer, err = s.Invoke(t.Context(), payload(t, nil, one))
	require.NoError(t, err, "served from the cache")
	assert.Contains(t, string(answer), "true")
	_, err = s.Invoke(t.Context(), payload(t, nil, added.Value.Reveal()))
	require.ErrorIs(t, err, down, "it may be a key by now")

	s.clock.advance(1)
	_, err = s.Invoke(t.Context(), payload(t, nil, one))
	require.ErrorIs(t, err, down, "the cached keyring is too old")
	assert.ErrorContains(t, err, testPath, "says what can't be read")
}

func TestAnEmptyRingIsAnError(t *testing.T) {
	s := newSetup()
	s.store = &keystoretest.Fake{}
	s.decider.store = keystore.NewReader(ssmstore.NewLister(s.store), testPath)
	_, err := s.Invoke(t.Context(), payload(t, nil, testKey(1).Value.Reveal()))
	require.ErrorContains(t, err, "the keyring is empty")

	s.store.SetKey(testPath, testKey(1))
	s.clock.advance(testLimits.refetch)
	answer, err := s.Invoke(t.Context(), payload(t, nil, testKey(1).Value.Reveal()))
	require.NoError(t, err)
	assert.Contains(t, string(answer), "true")
}

// TestNoValueLeaks drives the handler through all that it can say, and looks for
// every value in it.
func TestNoValueLeaks(t *testing.T) {
	s := newSetup()
	misplaced, malformed := testKey(7).Value.Reveal(), "malformed-"+testKey(8).Value.Reveal()
	s.store.Set(testPath+"/misplaced", misplaced, noon)
	s.store.Set(testPath+"/"+string(testKey(8).Name), malformed, noon)
	secrets := []string{misplaced, malformed, "guess-of-mine"}
	for n := range byte(4) {
		secrets = append(secrets, testKey(n).Value.Reveal())
	}

	said := &strings.Builder{}
	for _, outage := range []error{nil, errDown, nil} {
		s.store.Before = func(context.Context, string) error { return outage }
		for _, secret := range secrets {
			for _, p := range [][]byte{
				payload(t, map[string]string{testHeader: secret}, secret),
				payload(t, map[string]string{testHeader: secret + "," + secret}, secret),
				payload(t, map[string]string{testHeader: secret}, "other"),
				[]byte(`{"version":"` + secret + `"}`),
				[]byte(secret),
			} {
				answer, err := s.Invoke(t.Context(), p)
				_, _ = fmt.Fprintf(said, "%s %v %+v %#v\n", answer, err, err, err)
				s.clock.advance(7 * time.Second)
			}
		}
	}
	_, _ = said.Write(s.logs.Bytes())
	for _, word := range []string{"accepted", "rejected", "indeterminate", "is no key", "can't be read", testPath + "/misplaced", string(testKey(1).Name)} {
		assert.Contains(t, said.String(), word, "the test must reach it")
	}
	for _, secret := range secrets {
		assert.NotContains(t, said.String(), secret)
	}
}

// FuzzInvoke looks for events that let in what does not carry a key, that crash, or
// that are answered with anything but an answer.
func FuzzInvoke(f *testing.F) {
	one := testKey(1).Value.Reveal()
	f.Add(payload(f, map[string]string{testHeader: one}, one))
	f.Add(payload(f, map[string]string{"X-Origin-Verify": one + ",x"}, one))
	f.Add(payload(f, map[string]string{testHeader: "guess"}, "guess"))
	f.Add(payload(f, nil, one, one))
	f.Add([]byte(`{"version":"2.0","headers":{"x-origin-verify":"` + one + `","X-ORIGIN-VERIFY":"b"},"identitySource":null}`))
	f.Add([]byte(`{"version":"2.0","headers":{"x-origin-verify":null},"identitySource":[null]}`))
	f.Add([]byte(`{"version":"2.0","VERSION":"1.0"}`))
	f.Add([]byte(`null`))
	s := newSetup()
	f.Fuzz(func(t *testing.T, event []byte) {
		s.logs.Reset()
		answer, err := s.Invoke(t.Context(), event)
		if err != nil {
			assert.Empty(t, answer)
			return
		}
		var got struct{ IsAuthorized *bool }
		require.NoError(t, json.Unmarshal(answer, &got))
		require.NotNil(t, got.IsAuthorized)
		if *got.IsAuthorized {
			assert.True(t, carriesKey(t, event), "let in: %q", event)
		}
		assert.NotContains(t, s.logs.String(), one)
	})
}

// carriesKey looks for a whole key among the strings of any JSON.
func carriesKey(t *testing.T, event []byte) bool {
	var tree any
	require.NoError(t, json.Unmarshal(event, &tree))
	var search func(any) bool
	search = func(node any) bool {
		switch node := node.(type) {
		case string:
			return node == testKey(1).Value.Reveal() || node == testKey(2).Value.Reveal()
		case []any:
			for _, child := range node {
				if search(child) {
					return true
				}
			}
		case map[string]any:
			for _, child := range node {
				if search(child) {
					return true
				}
			}
		}
		return false
	}
	return search(tree)
}

func BenchmarkInvoke(b *testing.B) {
	s := newSetup()
	one := testKey(1).Value.Reveal()
	event := payload(b, map[string]string{testHeader: one, "host": "api.example", "user-agent": "Amazon CloudFront"}, one)
	b.ReportAllocs()
	for b.Loop() {
		s.logs.Reset()
		if _, err := s.Invoke(b.Context(), event); err != nil {
			b.Fatal(err)
		}
	}
}
