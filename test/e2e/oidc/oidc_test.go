package oidc

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/gatehouse-iac/gatehouse/internal/clientadmin"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/token/tokentest"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/localclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
)

const (
	clientName = "oidc-test"
	reader     = "gatehouse-" + pulumicli.StackName + "-issuers"
)

// suite is the stack with an issuer on this machine.
type suite struct {
	env    *env.Environment
	issuer *tokentest.Issuer
	admin  clientadmin.Admin
	lambda *lambda.Client
}

// attach returns the suite on the running stack, which accepts the issuer's tokens until
// the test ends. The issuer has a key before the stack is deployed, which reads it.
func attach(t *testing.T) (*suite, tokentest.Key) {
	t.Helper()
	e := e2etest.Attach(t)
	s := &suite{issuer: &tokentest.Issuer{Audience: "gatehouse"}}
	server := httptest.NewServer(s.issuer)
	t.Cleanup(server.Close)
	s.issuer.URL = server.URL
	key := s.issuer.AddKey(t, tokentest.RSA)
	s.env = e2etest.Deploy(t, e, map[string]any{
		"gatehouse:clientAccess": "keys",
		"gatehouse:oidcIssuers":  []string{"local=" + server.URL + "|" + s.issuer.Audience},
	})
	endpoint := s.env.Servers.Cloud.Endpoint()
	s.admin = localclient.Admin(endpoint, s.env.Outputs[env.ClientsTableOutput])
	s.lambda = lambda.NewFromConfig(awsclient.Config(endpoint))
	return s, key
}

// newClient makes the client of the tokens of a party, until the test ends.
func (s *suite) newClient(t *testing.T, party string) {
	t.Helper()
	change, err := clientadmin.ParseChange(clientName, map[string]string{clientadmin.BudgetFlag: "1usd/day"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.admin.Create(t.Context(), clientName, change); err != nil {
		t.Fatal(err)
	}
	e2etest.Cleanup(t, "delete client "+clientName, func(ctx context.Context) error {
		_, err := s.admin.Delete(ctx, clientName, true)
		return err
	})
	subject := clientadmin.Subject{Issuer: "local", Claim: clientstore.AzpClaim, Value: party}
	if _, err := s.admin.Map(t.Context(), clientName, subject); err != nil {
		t.Fatal(err)
	}
}

// readKeys runs the function that reads the issuer's keys, as its schedule does.
func (s *suite) readKeys(t *testing.T) {
	t.Helper()
	name := reader
	got, err := s.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &name, Payload: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	if got.FunctionError != nil {
		t.Fatalf("%s failed: %s", name, got.Payload)
	}
}

// ask sends a request with a token through CloudFront, and fails unless the status is as
// wanted. It returns the code and the detail of a problem.
func (s *suite) ask(t *testing.T, text string, want int) (code, detail string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.env.ModelsURL(s.env.DistributionURL()),
		strings.NewReader(`{"messages": [{"role": "user", "content": "Hello"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+text)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != want {
		t.Fatalf("status %d; want %d: %s", response.StatusCode, want, body)
	}
	var problem struct{ Code, Detail string }
	if err := json.Unmarshal(body, &problem); err != nil {
		t.Fatalf("the response is no JSON: %s", body)
	}
	return problem.Code, problem.Detail
}

// refused fails unless a token is refused for a reason.
func (s *suite) refused(t *testing.T, text, reason string) {
	t.Helper()
	code, detail := s.ask(t, text, http.StatusUnauthorized)
	if code != "invalid_token" || !strings.EqualFold(detail, reason+".") {
		t.Errorf("the code is %q and the detail %q; want invalid_token, because %s", code, detail, reason)
	}
}

const unpublished = "the token is signed with a key that its issuer doesn't publish"

// TestTokens sends tokens to the stack while the issuer rotates its keys: from one kind to
// another, of which the first is removed.
func TestTokens(t *testing.T) {
	s, old := attach(t)
	s.newClient(t, "billing")
	ofBilling := map[string]any{"azp": "billing", "sub": "alice"}
	token := func(key tokentest.Key, changes ...map[string]any) string {
		return s.issuer.Token(t, key, time.Now(), append([]map[string]any{ofBilling}, changes...)...)
	}
	s.ask(t, token(old), http.StatusOK)
	s.refused(t, token(old, map[string]any{"azp": "other"}), "the subject of the token is no client of this API")
	s.refused(t, token(old, map[string]any{"aud": "other"}), "the token is for another audience")
	s.refused(t, token(old, tokentest.WithHeader(map[string]any{"alg": "HS256"})),
		"the token is signed with another algorithm than RS256, PS256, ES256 or EdDSA")

	fresh := s.issuer.AddKey(t, tokentest.P256)
	s.refused(t, token(fresh), unpublished)
	s.readKeys(t)
	time.Sleep(11 * time.Second) // the functions read keys once in 10 seconds
	s.ask(t, token(fresh), http.StatusOK)
	s.ask(t, token(old), http.StatusOK)

	s.issuer.RemoveKey(old)
	s.readKeys(t)
	time.Sleep(61 * time.Second) // and remember them for a minute
	s.refused(t, token(old), unpublished)
	s.ask(t, token(fresh), http.StatusOK)

	record, _, err := s.admin.Client(t.Context(), clientName)
	if err != nil {
		t.Fatal(err)
	}
	if _, gone, err := s.admin.Revoke(t.Context(), clientName, record.Keys); err != nil || len(gone) > 0 {
		t.Fatalf("revoke %v: %v, without %v", record.Keys, err, gone)
	}
	s.refused(t, token(fresh), "the subject of the token is no client of this API")
}
