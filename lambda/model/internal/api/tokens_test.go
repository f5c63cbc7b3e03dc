package api

import (
	"encoding/json"
	"errors"
	"net/http"
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
	oidc "github.com/gatehouse-iac/gatehouse/internal/token"
	"github.com/gatehouse-iac/gatehouse/internal/token/tokentest"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/admission"
)

// tokenSetup is a handler that accepts the tokens of an issuer. Those of the party
// billing are of the client acme.
type tokenSetup struct {
	*clientSetup
	issuer  *tokentest.Issuer
	signer  tokentest.Key
	subject clientstore.Subject
}

func newTokenSetup(t *testing.T, options ...func(*admission.Config)) *tokenSetup {
	t.Helper()
	s := &tokenSetup{
		issuer:  &tokentest.Issuer{URL: "https://login.example.com", Audience: "gatehouse"},
		subject: clientstore.Subject{Issuer: "corp", Claim: clientstore.AzpClaim, Value: "billing"},
	}
	policy := acme()
	policy.Keys = append(policy.Keys, s.subject.ID())
	accepted := []oidc.Issuer{{Name: "corp", URL: s.issuer.URL, Audience: s.issuer.Audience}}
	options = append(options, func(c *admission.Config) {
		c.Tokens = admit.NewTokens(c.Store.(clientstore.Store), accepted)
	})
	s.clientSetup = newClientSetup(t, policy, options...)
	s.signer = s.issuer.AddKey(t, tokentest.P256)
	s.table.Put(s.subject.Item("acme"))
	s.publish(t, noon)
	return s
}

// publish stores the issuer's keys, as they were read at a time.
func (s *tokenSetup) publish(t *testing.T, at time.Time) {
	t.Helper()
	keys, err := oidc.ParseKeySet(s.issuer.KeySet())
	require.NoError(t, err)
	write, err := clientstore.PublishedKeys{Issuer: oidc.Issuer{Name: "corp", URL: s.issuer.URL, Keys: keys}, At: at}.Put()
	require.NoError(t, err)
	s.table.Put(write.Put.Item)
}

// token returns a token of the party billing, with changes of its claims.
func (s *tokenSetup) token(t *testing.T, changes ...map[string]any) string {
	t.Helper()
	return s.issuer.Token(t, s.signer, s.time, append([]map[string]any{{"azp": "billing", "sub": "alice@example.com"}}, changes...)...)
}

func tokened(text string, e event) event { return withHeaders(e, credential.Header, text) }

func TestTokensAreCredentials(t *testing.T) {
	s := newTokenSetup(t)
	for name, e := range map[string]event{
		"CloudFront's":  tokened(s.token(t), post(hello)),
		"Authorization": withHeaders(post(hello), "authorization", "Bearer "+s.token(t)),
		"X-API-Key":     withHeaders(post(hello), "x-api-key", s.token(t), "authorization", "Bearer any"),
	} {
		s.reset()
		assert.Equal(t, http.StatusOK, s.do(t, e).StatusCode, name)
		var line map[string]any
		require.NoError(t, json.Unmarshal(s.logs.Bytes(), &line), "one line: %s", s.logs)
		assert.Equal(t, "acme", line["client"])
		assert.Equal(t, s.subject.ID(), line["key"])
		assert.Equal(t, "alice@example.com", line["user"])
		assert.NotContains(t, s.metrics.String(), "alice", "a metric each would cost")
	}
	assert.Equal(t, int64(3*paid), s.used(t), "charged to the client")
	assert.Equal(t, http.StatusOK, s.do(t, keyed(s.key, post(hello))).StatusCode, "keys are accepted too")
	assert.Equal(t, http.StatusOK, s.do(t, tokened(s.token(t), get("/api/usage"))).StatusCode)
}

func TestTokensThatAreRefused(t *testing.T) {
	s := newTokenSetup(t)
	stranger := &tokentest.Issuer{URL: s.issuer.URL, Audience: s.issuer.Audience}
	forged := stranger.AddKey(t, tokentest.P256)
	for name, row := range map[string]struct {
		text string
		want oidc.Reason
	}{
		"expired":        {s.token(t, map[string]any{"iat": noon.Add(-2 * time.Hour).Unix(), "exp": noon.Unix()}), oidc.Expired},
		"audience":       {s.token(t, map[string]any{"aud": "other"}), oidc.WrongAudience},
		"issuer":         {s.token(t, map[string]any{"iss": "https://other.example.com"}), oidc.UnknownIssuer},
		"signature":      {stranger.Token(t, forged, noon, map[string]any{"azp": "billing"}), oidc.WrongSignature},
		"none":           {s.token(t, tokentest.WithHeader(map[string]any{"alg": "none"})), oidc.UnknownAlgorithm},
		"malformed":      {"eyJ.canary.canary", oidc.Malformed},
		"too long":       {s.token(t, map[string]any{"x": strings.Repeat("canary", 2000)}), oidc.TooLong},
		"subject":        {s.token(t, map[string]any{"azp": "canary"}), admit.UnknownSubject},
		"subject is azp": {s.token(t, map[string]any{"azp": nil, "sub": "billing"}), admit.UnknownSubject},
	} {
		s.reset()
		response := s.do(t, tokened(row.text, post(hello)))
		assert.Equal(t, http.StatusUnauthorized, response.StatusCode, name)
		assert.Equal(t, `Bearer realm="gatehouse", error="invalid_token", error_description="`+string(row.want)+`"`, response.Headers["www-authenticate"], name)
		p := problemIn(t, response)
		assert.Equal(t, codeInvalidToken, p.Code, name)
		assert.Equal(t, "authentication_error", p.Error.Type, name)
		for _, text := range append(strings.Split(row.text, "."), "canary") {
			for place, said := range map[string]string{"response": response.Body, "log": s.logs.String(), "metrics": s.metrics.String()} {
				if len(text) > 3 {
					assert.NotContains(t, said, text, "%s: %s", name, place)
				}
			}
		}
	}
	assert.Zero(t, s.used(t))
}

func TestTokensEndWithTheirMapping(t *testing.T) {
	s := newTokenSetup(t)
	require.Equal(t, http.StatusOK, s.do(t, tokened(s.token(t), post(hello))).StatusCode)
	s.set(t, func(p *client.Policy) { p.Expires = noon })
	response := s.do(t, tokened(s.token(t), post(hello)))
	assert.Equal(t, codeInvalidToken, problemIn(t, response).Code)
	assert.Contains(t, response.Headers["www-authenticate"], string(admit.ClientEnded))
	s.set(t, func(p *client.Policy) { p.Expires, p.Enabled = time.Time{}, false })
	assert.Equal(t, codeSuspended, problemIn(t, s.do(t, tokened(s.token(t), post(hello)))).Code)
	s.set(t, func(p *client.Policy) { p.Enabled, p.Keys = true, []string{s.key.Digest().ID()} })
	for _, e := range []event{post(hello), get("/api/models"), get("/api/usage")} {
		response = s.do(t, tokened(s.token(t), e))
		assert.Equal(t, codeInvalidToken, problemIn(t, response).Code, "at once")
		assert.Contains(t, response.Headers["www-authenticate"], string(admit.UnknownSubject))
	}
	assert.Equal(t, http.StatusOK, s.do(t, keyed(s.key, post(hello))).StatusCode)
}

// A token can't be ended: that would end those of all that share its subject.
func TestATokenEndsNoKey(t *testing.T) {
	s := newTokenSetup(t)
	before := s.record(t, "acme")
	p := problemIn(t, s.do(t, tokened(s.token(t), request(http.MethodPost, "/api/key/revoke", ""))))
	assert.Equal(t, http.StatusUnauthorized, p.Status)
	assert.Equal(t, codeInvalidKey, p.Code)
	assert.Equal(t, before, s.record(t, "acme"))
}

func TestWithoutTheIssuersKeysNoTokenIsRefused(t *testing.T) {
	s := newTokenSetup(t)
	s.publish(t, noon.Add(-25*time.Hour))
	response := s.do(t, tokened(s.token(t), post(hello)))
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	assert.Equal(t, codeClientsUnavailable, problemIn(t, response).Code)
	assert.Equal(t, retryAfter, response.Headers["retry-after"])
	assert.Contains(t, s.logs.String(), "those of corp were read more than 24h0m0s ago")
	s.publish(t, noon)
	s.table.Before = func(operation string) error {
		if operation == dynamotest.GetItem {
			return errors.New("no connection")
		}
		return nil
	}
	assert.Equal(t, codeClientsUnavailable, problemIn(t, s.do(t, tokened(s.token(t), post(hello)))).Code)
	s.table.Before = nil
	assert.Equal(t, http.StatusOK, s.do(t, tokened(s.token(t), post(hello))).StatusCode)
}

func TestWhileMigratingTokensOfOthersAreAnonymous(t *testing.T) {
	s := newTokenSetup(t, migrating)
	anonymous := acme()
	anonymous.Keys, anonymous.Budget = nil, client.Budget{}
	s.table.Put(client.NewItem(client.Anonymous, anonymous))
	assert.Equal(t, http.StatusOK, s.do(t, tokened(s.token(t, map[string]any{"iss": "https://other.example.com"}), post(hello))).StatusCode)
	assert.Contains(t, s.logs.String(), `"client":"anonymous"`)
	expired := s.token(t, map[string]any{"iat": noon.Add(-2 * time.Hour).Unix(), "exp": noon.Unix()})
	assert.Equal(t, codeInvalidToken, problemIn(t, s.do(t, tokened(expired, post(hello)))).Code, "one of the issuer is not")
}

func TestWithoutIssuersTokensAreForeign(t *testing.T) {
	s := newTokenSetup(t)
	s.admit(t)
	p := problemIn(t, s.do(t, tokened(s.token(t), post(hello))))
	assert.Equal(t, codeInvalidKey, p.Code)
	assert.Equal(t, sentence(credential.ErrForm), p.Detail)
}
