package verify

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
)

// suiteOf returns the checks of an imitation with everything that is optional.
func suiteOf(t *testing.T, f *imitation) *Suite {
	t.Helper()
	serve := func(handler http.HandlerFunc) Address {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		return Address{URL: server.URL}
	}
	s := &Suite{
		Outputs: Outputs{
			URL: "https://d1.cloudfront.net", DistributionURL: "https://d1.cloudfront.net", APIURL: "https://a", StreamURL: "https://s", APIPrefix: "/api",
			OriginHeaderName: keyHeader, NamePrefix: "gatehouse-test", ModelID: "m", ClientAccess: "keys", ClientsTable: "t", CORSOrigins: []string{"https://*.example.org", allowedOrigin},
			RunbookURL: "https://runbook", AccessLogsBucket: "logs", InferencePrefix: "/api/inference",
		},
		Addresses: Addresses{Viewer: serve(f.viewer), Plain: serve(f.plain), API: serve(f.origin), Stream: serve(f.origin)},
		Clients:   f, Rotator: f, Alarms: f, Logs: f, LogTimeout: 10 * time.Millisecond,
		AccessLogs: edgeLog{f}, Wait: 10 * time.Millisecond, Now: func() time.Time { return later },
	}
	vault := serve(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(f.list) })
	f.addCertificate(&s.Outputs, vault.URL)
	return s
}

func run(t *testing.T, f *imitation) []check.Result {
	t.Helper()
	return check.Run(t.Context(), suiteOf(t, f).Checks(), func(string) {})
}

func TestASoundStackPasses(t *testing.T) {
	f := &imitation{}
	s := suiteOf(t, f)
	s.Rotate, s.Revoke = true, true
	results := check.Run(t.Context(), s.Checks(), func(string) {})
	for _, r := range results {
		assert.NoError(t, r.Err, r.Name)
	}
	assert.Equal(t, check.Counts{Passed: 48, LeftOut: 5}, check.Count(results), "TLS and the firewall are left out")
	assert.Equal(t, []rotatorapi.Action{rotatorapi.Rotate, rotatorapi.Revoke}, f.rotated)
	assert.False(t, f.valid || f.exists, "the client is left")
}

func TestEveryFlawFails(t *testing.T) {
	for _, flaw := range []string{
		"plain API", "no redirect", "open origin", "any origin key", "no request id", "no X-Content-Type-Options", "no Strict-Transport-Security", "X-Powered-By",
		"no CORS", "CORS for all", "OpenAI's headers", "forwards 400", "forwards 404", "forwards 405", "forwards 413", "forwards 414", "forwards 415",
		"accepts missing_credential", "accepts invalid_api_key", "accepts not_found", "accepts malformed_body", "accepts invalid_body", "accepts model_not_found",
		"no problems", "another instance", "another code", "no Allow", "caches problems", "no answer", "no models", "one piece", "cut stream",
		"unavailable /api/healthz", "unavailable /api/readyz", "unavailable /api/usage", "unavailable /api/inference/v1/models",
		"no table", "a revoked key", "a client that stays", "an unknown key", "an alarm", "no alarms", "no log", "no access logs", "no access to the access logs",
		"a certificate of another authority", "a certificate for other names", "a revoked certificate", "an old revocation list",
	} {
		assert.False(t, check.Passed(run(t, &imitation{flaw: flaw})), flaw)
	}
}

func TestARotationThatBreaksRequestsFails(t *testing.T) {
	s := suiteOf(t, &imitation{flaw: "breaks when rotating"})
	s.Rotate = true
	for _, c := range s.rotation() {
		require.ErrorContains(t, c.Do(t.Context()).Err, "requests failed: /healthz: 503")
	}
}

func TestWhatAStackDoesNotHaveIsLeftOut(t *testing.T) {
	s := suiteOf(t, &imitation{valid: true})
	s.Outputs.ClientAccess, s.Outputs.ClientsTable, s.Outputs.InferencePrefix, s.Outputs.CertificateChain, s.Outputs.CORSOrigins = "open", "", "", "", nil
	s.Clients, s.Rotator, s.Alarms, s.Logs, s.Addresses.Stream = nil, nil, nil, nil, Address{}
	reasons := map[string]string{}
	for _, c := range s.Checks() {
		if c.LeftOut != "" {
			reasons[c.Name] = c.LeftOut
		}
	}
	for name, reason := range map[string]string{
		"a client for these requests": "client access is open", "the client, deleted": "client access is open", "API: no key": "client access is open",
		"a stream through CloudFront": "streamingEnabled is off", "private route direct, no key": "networkEnabled is off", "the firewall: a known exploit": "wafEnabled is off",
		"the private side's certificate": "the stack issues none", "the private side's certificate, revocation": "the stack issues none", "CORS request": "corsOrigins has no origin without a wildcard", "alarms": "without access to CloudWatch",
		"TLS": "the local cloud's CloudFront speaks plain HTTP",
	} {
		assert.Equal(t, reason, reasons[name], name)
	}
}

func TestAnInterruptedSuiteDeletesItsClient(t *testing.T) {
	f := &imitation{}
	s := suiteOf(t, f)
	ctx, cancel := context.WithCancel(t.Context())
	results := check.Run(ctx, s.Checks(), func(name string) {
		if strings.HasPrefix(name, "through") {
			cancel()
		}
	})
	assert.Len(t, results, 2)
	require.NoError(t, s.Close(context.WithoutCancel(ctx)))
	assert.False(t, f.exists)
	require.NoError(t, s.Close(t.Context()), "again")
}

func TestAClientThatIsLeftIsNamed(t *testing.T) {
	s := suiteOf(t, &imitation{flaw: "a client that stays"})
	for _, c := range s.makeClient() {
		require.NoError(t, c.Do(t.Context()).Err)
	}
	require.EqualError(t, s.Close(t.Context()), "the client verify-1 is left, and its key ends within the hour: "+
		"delete it with `make client-delete NAME=verify-1 FORCE=1 STACK=test`: AccessDenied")
}

func TestNoResultHasTheKey(t *testing.T) {
	f := &imitation{flaw: "a revoked key"}
	var out strings.Builder
	results := run(t, f)
	check.PrintTable(&out, results, "")
	require.NoError(t, check.WriteJSON(&out, results, ""))
	require.NoError(t, check.WriteJUnit(&out, results, "s", ""))
	assert.NotContains(t, out.String(), theKey)
}

func TestSectionsAreInTheRunbook(t *testing.T) {
	headings := runbookSections(t)
	for _, c := range suiteOf(t, &imitation{}).Checks() {
		if c.Section != "" {
			assert.Contains(t, headings, c.Section, c.Name)
		}
	}
}
