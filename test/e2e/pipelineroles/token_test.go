package pipelineroles

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
)

// token is the OpenID Connect token that GitHub gives a job. The sandbox's AWS reads the
// claims and, unlike AWS, checks no signature.
type token struct {
	Issuer   string `json:"iss"`
	Audience string `json:"aud"`
	Subject  string `json:"sub"`
}

const (
	issuer   = "https://token.actions.githubusercontent.com"
	audience = "sts.amazonaws.com"
)

func (t token) String() string {
	part := func(value any) string {
		content, err := json.Marshal(value)
		if err != nil {
			panic(err) // strings only
		}
		return base64.RawURLEncoding.EncodeToString(content)
	}
	return part(map[string]string{"alg": "RS256", "typ": "JWT"}) + "." + part(t) + "." + base64.RawURLEncoding.EncodeToString([]byte("unsigned"))
}

// accessDenied is the error code for a token that the role doesn't trust.
const accessDenied = "AccessDenied"

// assume exchanges a token for a role's credentials, as GitHub's jobs do. If AWS rejects
// the token, code is its error code.
func assume(ctx context.Context, endpoint, role string, t token) (c pulumicli.Credentials, code string, err error) {
	form := url.Values{
		"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"},
		"RoleArn": {role}, "RoleSessionName": {"pipeline-test"}, "WebIdentityToken": {t.String()},
		"DurationSeconds": {"3600"},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return c, "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return c, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return c, "", err
	}
	var response struct {
		Result struct{ Credentials pulumicli.Credentials } `xml:"AssumeRoleWithWebIdentityResult"`
		Error  struct{ Code string }
	}
	if err := xml.Unmarshal(body, &response); err != nil {
		return c, "", fmt.Errorf("AssumeRoleWithWebIdentity returned %s: %w", resp.Status, err)
	}
	if resp.StatusCode != http.StatusOK {
		return c, response.Error.Code, nil
	}
	c = response.Result.Credentials
	if c.AccessKeyID == "" || c.SessionToken == "" {
		return c, "", fmt.Errorf("AssumeRoleWithWebIdentity returned %s without credentials", resp.Status)
	}
	return c, "", nil
}

func TestToken(t *testing.T) {
	parts := strings.Split(token{issuer, audience, "repo:acme/gatehouse:pull_request"}.String(), ".")
	if len(parts) != 3 {
		t.Fatalf("a token has three parts, not %d", len(parts))
	}
	content, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]string
	if err := json.Unmarshal(content, &claims); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"iss": issuer, "aud": audience, "sub": "repo:acme/gatehouse:pull_request"} {
		if claims[name] != want {
			t.Errorf("%s is %q, want %q", name, claims[name], want)
		}
	}
}

func TestAssume(t *testing.T) {
	responses := map[string]string{
		"right": `<R xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>
			<AccessKeyId>A</AccessKeyId><SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken>
			</Credentials></AssumeRoleWithWebIdentityResult></R>`,
		"wrong": `<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>`,
		"empty": `<R/>`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		role := r.FormValue("RoleArn")
		if role == "wrong" {
			w.WriteHeader(http.StatusForbidden)
		}
		_, _ = w.Write([]byte(responses[role]))
	}))
	defer server.Close()
	c, code, err := assume(t.Context(), server.URL, "right", token{})
	if err != nil || code != "" || c.AccessKeyID != "A" || c.SecretAccessKey != "S" || c.SessionToken != "T" {
		t.Errorf("got %v, %q, %v", c, code, err)
	}
	if _, code, err := assume(t.Context(), server.URL, "wrong", token{}); err != nil || code != accessDenied {
		t.Errorf("got %q, %v", code, err)
	}
	if _, _, err := assume(t.Context(), server.URL, "empty", token{}); err == nil {
		t.Error("no error without credentials")
	}
}
