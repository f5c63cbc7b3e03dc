package oidc

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/awsjson"
	"github.com/gatehouse-iac/gatehouse/internal/token"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
)

// userPool is a user pool of the sandbox's Amazon Cognito with one user.
type userPool struct {
	endpoint     string
	calls        *awsjson.Client
	id, audience string // the audience is the id of its app client
}

func newUserPool(t *testing.T, endpoint string) userPool {
	t.Helper()
	config := awsclient.Config(endpoint)
	p := userPool{endpoint: endpoint, calls: awsjson.New(awsjson.Config{
		Endpoint: endpoint, Region: config.Region, Service: "cognito-idp", Target: "AWSCognitoIdentityProviderService", Version: "1.1",
		Credentials: config.Credentials.Retrieve, AttemptTimeout: 10 * time.Second, MaxAttempts: 1, MaxResponse: 1 << 20,
	})}
	var pool struct{ UserPool struct{ ID string } }
	p.call(t.Context(), t, "CreateUserPool", map[string]any{"PoolName": "gatehouse-test"}, &pool)
	p.id = pool.UserPool.ID
	e2etest.Cleanup(t, "delete the user pool", func(ctx context.Context) error {
		return p.calls.Do(ctx, awsjson.Call{Operation: "DeleteUserPool", Input: map[string]any{"UserPoolId": p.id}, Read: func([]byte) error { return nil }})
	})
	var app struct{ UserPoolClient struct{ ClientID string } }
	p.call(t.Context(), t, "CreateUserPoolClient", map[string]any{
		"UserPoolId": p.id, "ClientName": "pages", "ExplicitAuthFlows": []string{"ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"},
	}, &app)
	p.audience = app.UserPoolClient.ClientID
	return p
}

// call calls an operation, and reads its output unless that is nil.
func (p userPool) call(ctx context.Context, t *testing.T, operation string, input map[string]any, output any) {
	t.Helper()
	read := func(content []byte) error {
		if output == nil {
			return nil
		}
		return json.Unmarshal(content, output)
	}
	require.NoError(t, p.calls.Do(ctx, awsjson.Call{Operation: operation, Input: input, Read: read}), operation)
}

// signIn returns the tokens of a new user.
func (p userPool) signIn(t *testing.T, name string) (id, access string) {
	t.Helper()
	const password = "Only-4-this-test"
	p.call(t.Context(), t, "AdminCreateUser", map[string]any{"UserPoolId": p.id, "Username": name, "MessageAction": "SUPPRESS"}, nil)
	p.call(t.Context(), t, "AdminSetUserPassword", map[string]any{"UserPoolId": p.id, "Username": name, "Password": password, "Permanent": true}, nil)
	var got struct {
		AuthenticationResult struct{ IDToken, AccessToken string }
	}
	p.call(t.Context(), t, "AdminInitiateAuth", map[string]any{
		"UserPoolId": p.id, "ClientId": p.audience, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
		"AuthParameters": map[string]any{"USERNAME": name, "PASSWORD": password},
	}, &got)
	return got.AuthenticationResult.IDToken, got.AuthenticationResult.AccessToken
}

// issuer returns the pool as an issuer of tokens for its app client, with the keys that it
// publishes.
func (p userPool) issuer(t *testing.T) token.Issuer {
	t.Helper()
	got, err := http.Get(p.endpoint + "/" + p.id + "/.well-known/jwks.json")
	require.NoError(t, err)
	defer got.Body.Close()
	content, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, got.StatusCode, "%s", content)
	keys, err := token.ParseKeySet(content)
	require.NoError(t, err)
	require.Positive(t, keys.Len())
	return token.Issuer{Name: "cognito", URL: "https://cognito-idp." + awsclient.Region + ".amazonaws.com/" + p.id, Audience: p.audience, Keys: keys}
}

// TestTokensOfCognito verifies tokens that Amazon Cognito issues. They name AWS's address as
// their issuer, from which the sandbox's functions can't read keys: the keys are read here.
func TestTokensOfCognito(t *testing.T) {
	pool := newUserPool(t, e2etest.Attach(t).Servers.Cloud.Endpoint())
	issuer := pool.issuer(t)
	id, access := pool.signIn(t, "alice")

	subject, err := token.Verify(id, []token.Issuer{issuer}, time.Now())
	require.NoError(t, err)
	assert.Equal(t, "cognito", subject.Issuer)
	assert.NotEmpty(t, subject.Sub)

	_, err = token.Verify(access, []token.Issuer{issuer}, time.Now())
	require.ErrorIs(t, err, token.WrongAudience, "access tokens have no audience")

	other := newUserPool(t, pool.endpoint).issuer(t)
	_, err = token.Verify(id, []token.Issuer{other}, time.Now())
	require.ErrorIs(t, err, token.UnknownIssuer)
	other.URL = issuer.URL
	_, err = token.Verify(id, []token.Issuer{other}, time.Now())
	require.ErrorIs(t, err, token.UnknownKey, "the keys of another pool")
	other.Keys = issuer.Keys
	_, err = token.Verify(id, []token.Issuer{other}, time.Now())
	require.ErrorIs(t, err, token.WrongAudience, "the app client of another pool")
}
