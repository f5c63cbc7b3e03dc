package budgets

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/chatstream"
	"github.com/gatehouse-iac/gatehouse/internal/clientadmin"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
)

const (
	model      = "amazon.nova-micro-v1:0"
	otherModel = "amazon.nova-lite-v1:0"
	hello      = `{"messages":[{"role":"user","content":"Hello"}]}`
)

// answer is a response of the API.
type answer struct {
	status int
	header http.Header
	body   string
}

// code returns the code of a problem, after verifying that it has all that OpenAI's clients
// read.
func (a answer) code(t *testing.T) string {
	t.Helper()
	var p struct {
		Code  string
		Error struct{ Code, Type, Message string }
	}
	if json.Unmarshal([]byte(a.body), &p) != nil || p.Code == "" || p.Error.Code != p.Code || p.Error.Type == "" || p.Error.Message == "" {
		t.Errorf("%d is no problem: %.300q", a.status, a.body)
	}
	return p.Code
}

// ask sends a request to a path of the API, through CloudFront.
func (s *suite) ask(t *testing.T, method, path, body string, header http.Header) answer {
	t.Helper()
	return send(t, method, s.env.DistributionURL()+path, body, header)
}

// postDirectly sends a small request to the model, bypassing CloudFront, which has its own
// document for 503.
func (s *suite) postDirectly(t *testing.T, header http.Header) answer {
	t.Helper()
	keys, err := awsclient.Keyring(t.Context(), s.env.Servers.Cloud.Endpoint(), s.env.Outputs["parameterPath"])
	if err != nil {
		t.Fatal(err)
	}
	header = header.Clone()
	header.Set(s.env.Outputs["originHeaderName"], keys[0])
	return send(t, http.MethodPost, s.env.APIURL()+s.prefix()+"/models", hello, header)
}

func send(t *testing.T, method, url, body string, header http.Header) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	got, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	content, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{got.StatusCode, got.Header, string(content)}
}

func (s *suite) prefix() string { return s.env.Outputs["apiPrefix"] }

// post sends a small request to the model.
func (s *suite) post(t *testing.T, header http.Header) answer {
	t.Helper()
	return s.ask(t, http.MethodPost, s.prefix()+"/models", hello, header)
}

// expect verifies a refusal.
func expect(t *testing.T, got answer, status int, code string) {
	t.Helper()
	if found := got.code(t); got.status != status || found != code {
		t.Errorf("%d %s, want %d %s: %.200q", got.status, found, status, code, got.body)
	}
	if got.status == http.StatusUnauthorized && !strings.HasPrefix(got.header.Get("Www-Authenticate"), "Bearer ") {
		t.Errorf("%s: WWW-Authenticate is %q", code, got.header.Get("Www-Authenticate"))
	}
	if got.status == http.StatusTooManyRequests && got.header.Get("Retry-After") == "" {
		t.Errorf("%s has no Retry-After", code)
	}
}

func bearer(text string) http.Header { return http.Header{"Authorization": {"Bearer " + text}} }

// TestCredentials sends requests with no credential, with wrong ones, and with one in each
// place where clients put theirs.
func TestCredentials(t *testing.T) {
	s := attach(t)
	c := s.newLimited(t, "client-credentials", nil)
	text := c.key.Reveal()
	wrong := text[:len(text)-1] + map[bool]string{true: "1", false: "0"}[strings.HasSuffix(text, "0")]
	for name, row := range map[string]struct {
		header http.Header
		status int
		code   string
	}{
		"none":               {nil, 401, "missing_credential"},
		"a foreign key":      {bearer("sk-proj-abcdefghijklmnop"), 401, "invalid_api_key"},
		"a wrong checksum":   {bearer(wrong), 401, "invalid_api_key"},
		"an unknown key":     {bearer(newKey().Reveal()), 401, "invalid_api_key"},
		"two values":         {http.Header{"Authorization": {"Bearer " + text, "Bearer " + text}}, 400, "several_credentials"},
		"two different keys": {http.Header{"Authorization": {"Bearer " + text}, "X-Api-Key": {newKey().Reveal()}}, 400, "several_credentials"},
		"own header":         {http.Header{http.CanonicalHeaderKey(credential.Header): {text}}, 401, "missing_credential"},
	} {
		got := s.post(t, row.header)
		t.Run(name, func(t *testing.T) { expect(t, got, row.status, row.code) })
		if strings.Contains(got.body, text[:20]) {
			t.Errorf("%s: the response repeats the key", name)
		}
	}
	for name, header := range map[string]http.Header{
		"Bearer": bearer(text), "bearer": {"Authorization": {"bearer " + text}}, "X-API-Key": {"X-Api-Key": {text}},
		"X-API-Key beside a foreign Bearer": {"X-Api-Key": {text}, "Authorization": {"Bearer of-the-server"}},
	} {
		if got := s.post(t, header); got.status != http.StatusOK {
			t.Errorf("%s: %d %.200q", name, got.status, got.body)
		}
	}
	for _, open := range []string{"/healthz", "/readyz", "/openapi.yaml", "/chat/healthz", "/playground"} {
		if got := s.ask(t, http.MethodGet, s.prefix()+open, "", nil); got.status != http.StatusOK {
			t.Errorf("%s without a credential: %d", open, got.status)
		}
	}
}

// TestPolicies changes a client's policy. Each change counts for the next request.
func TestPolicies(t *testing.T) {
	s := attach(t)
	c := s.newLimited(t, "client-policies", map[string]string{clientadmin.BudgetFlag: "5usd/month"})
	header, ctx := c.header(), t.Context()
	if got := s.post(t, header); got.status != http.StatusOK || got.header.Get("X-Gatehouse-Budget-Left") == "" || got.header.Get("X-Ratelimit-Limit-Requests") != "60" {
		t.Errorf("%d %v %.200q", got.status, got.header, got.body)
	}
	done := func(_ clientadmin.Plan, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	done(s.admin.Suspend(ctx, c.name))
	expect(t, s.post(t, header), 403, "client_suspended")
	done(s.admin.Resume(ctx, c.name))
	if got := s.post(t, header); got.status != http.StatusOK {
		t.Errorf("resumed: %d %.200q", got.status, got.body)
	}
	s.change(t, c.name, map[string]string{clientadmin.ModelsFlag: otherModel})
	expect(t, s.post(t, header), 404, "model_not_found")
	if got := s.ask(t, http.MethodGet, s.prefix()+"/models", "", header); !strings.Contains(got.body, otherModel) || strings.Contains(got.body, model) {
		t.Errorf("the models: %s", got.body)
	}
	s.change(t, c.name, map[string]string{clientadmin.ModelsFlag: "all", clientadmin.PerMinuteFlag: "1"})
	if got := s.post(t, header); got.status == http.StatusOK {
		t.Errorf("with one request a minute: %d", got.status)
	} else {
		expect(t, got, 429, "client_rate_exceeded")
	}
	s.change(t, c.name, map[string]string{clientadmin.PerMinuteFlag: "600", clientadmin.BudgetFlag: "0.000001usd/month"})
	got := s.post(t, header)
	expect(t, got, 429, "insufficient_quota")
	if got.header.Get("X-Should-Retry") != "false" {
		t.Errorf("x-should-retry: %q", got.header.Get("X-Should-Retry"))
	}
	usage := s.ask(t, http.MethodGet, s.prefix()+"/usage?days=1", "", header)
	if usage.status != http.StatusOK || !strings.Contains(usage.body, model) {
		t.Errorf("usage: %d %s", usage.status, usage.body)
	}
	expect(t, s.ask(t, http.MethodGet, s.prefix()+"/usage?days=0", "", header), 400, "invalid_query")
	for range 2 { // also the second time, within the memory of the functions
		if got := s.ask(t, http.MethodPost, s.prefix()+"/key/revoke", "", header); got.status != http.StatusNoContent {
			t.Errorf("revoke: %d %.200q", got.status, got.body)
		}
	}
	expect(t, s.post(t, header), 401, "invalid_api_key")
}

func (s *suite) change(t *testing.T, name string, flags map[string]string) {
	t.Helper()
	change, err := clientadmin.ParseChange(name, flags, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.admin.Set(t.Context(), name, change); err != nil {
		t.Fatal(err)
	}
}

// TestAtOnce sends a request while a stream of the same client is open.
func TestAtOnce(t *testing.T) {
	s := attach(t)
	one := s.newLimited(t, "client-at-once", map[string]string{clientadmin.AtOnceFlag: "1"})
	s.during(t, one, func() { expect(t, s.post(t, one.header()), 429, "too_many_at_once") })
	if got := s.post(t, one.header()); got.status != http.StatusOK {
		t.Errorf("after the stream was left: %d %.200q", got.status, got.body)
	}
	// The stream holds 4,096 tokens of output, and the request as many again.
	tight := s.newLimited(t, "client-tight", map[string]string{clientadmin.BudgetFlag: "9000tokens/day"})
	s.during(t, tight, func() {
		s.during(t, tight, func() { expect(t, s.post(t, tight.header()), 429, "budget_in_use") })
	})
}

// during calls do while the client has a stream open, which it then leaves.
func (s *suite) during(t *testing.T, c customer, do func()) {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	defer func() {
		leave()
		s.awaitFree(t, c)
	}()
	to := chatstream.Target{URL: s.env.DistributionURL() + s.prefix(), Header: c.header()}
	got, err := to.Send(ctx, chatstream.Request{Model: model, Stream: true, Message: "Count. [[pace 200ms]] [[tokens 100]]"})
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	if err := got.IsStream(); err != nil {
		t.Fatal(err)
	}
	do()
}

// awaitFree waits until a client's stream that was left is settled: the function notices at
// its next token.
func (s *suite) awaitFree(t *testing.T, c customer) {
	t.Helper()
	before := len(s.record(t, c.name).Holds)
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if holds := len(s.record(t, c.name).Holds); holds == 0 || holds < before {
			return
		}
	}
	t.Errorf("%s: the place of a stream that was left is still taken", c.name)
}

// TestTableAway lets the table fail: no request that costs something is admitted, and none
// is refused for good.
func TestTableAway(t *testing.T) {
	s := attach(t)
	c := s.newLimited(t, "client-table-away", nil)
	var all []awsclient.Fault
	for _, action := range []string{"UpdateItem", "GetItem"} {
		all = append(all, awsclient.Fault{Service: "dynamodb", Action: action, Principal: "-model", Mode: "error-before", Probability: 1})
	}
	if err := s.cloud.SetFaults(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	expect(t, s.postDirectly(t, c.header()), 503, "clients_unavailable")
	if got := s.post(t, c.header()); got.status != http.StatusServiceUnavailable {
		t.Errorf("through CloudFront: %d %.200q", got.status, got.body)
	}
	if err := s.cloud.SetFaults(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if got := s.post(t, c.header()); got.status != http.StatusOK {
		t.Errorf("afterwards: %d %.200q", got.status, got.body)
	}
}

// TestPrivateRoute verifies that the private model learns the client and never sees its
// credential.
func TestPrivateRoute(t *testing.T) {
	s := attach(t)
	path := s.env.Outputs["inferencePrefix"] + "/v1/echo"
	allowed := s.newLimited(t, "client-inference", map[string]string{clientadmin.InferenceFlag: "true"})
	other := s.newLimited(t, "client-without-inference", nil)
	expect(t, s.ask(t, http.MethodPost, path, hello, nil), 401, "missing_credential")
	if got := s.ask(t, http.MethodPost, path, hello, other.header()); got.status != http.StatusForbidden {
		t.Errorf("without inference: %d %.200q", got.status, got.body)
	}
	if got := s.ask(t, http.MethodPost, path, hello, bearer(newKey().Reveal())); got.status != http.StatusForbidden {
		t.Errorf("an unknown key: %d %.200q", got.status, got.body)
	}
	header := http.Header{"X-Api-Key": {allowed.key.Reveal()}, "Authorization": {"Bearer of-the-server"}, "X-Gatehouse-Client": {"forged"}}
	got := s.ask(t, http.MethodPost, path, hello, header)
	var seen struct {
		Headers []string
		Values  map[string]string
	}
	if err := json.Unmarshal([]byte(got.body), &seen); err != nil || got.status != http.StatusOK {
		t.Fatalf("%d %.300q", got.status, got.body)
	}
	if seen.Values["x-gatehouse-client"] != allowed.name {
		t.Errorf("the model was told that %q asks", seen.Values["x-gatehouse-client"])
	}
	for _, name := range []string{credential.Header, "x-api-key", strings.ToLower(s.env.Outputs["originHeaderName"])} {
		if slices.Contains(seen.Headers, name) {
			t.Errorf("%s reached the model", name)
		}
	}
	if !slices.Contains(seen.Headers, "authorization") {
		t.Error("the server's own Authorization is gone")
	}
	if _, err := s.admin.Suspend(t.Context(), allowed.name); err != nil {
		t.Fatal(err)
	}
	if got := s.ask(t, http.MethodPost, path, hello, header); got.status != http.StatusForbidden {
		t.Errorf("suspended: %d %.200q", got.status, got.body)
	}
}
