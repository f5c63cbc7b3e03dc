package pipelineroles

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
)

// token is what GitHub gives a job: who it is, signed. The local cloud reads the
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
		text, err := json.Marshal(value)
		if err != nil {
			panic(err) // strings only
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	return part(map[string]string{"alg": "RS256", "typ": "JWT"}) + "." + part(t) + "." + base64.RawURLEncoding.EncodeToString([]byte("unsigned"))
}

// refused is AWS's answer to a token that the role doesn't trust.
const refused = "AccessDenied"

// assume exchanges a token for a role's credentials, as GitHub's jobs do. The code
// is AWS's name for what was wrong, if it refuses.
func assume(ctx context.Context, endpoint, role string, t token) (c pulumicli.Credentials, code string, err error) {
	form := url.Values{
		"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"},
		"RoleArn": {role}, "RoleSessionName": {"deploy-test"}, "WebIdentityToken": {t.String()},
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
	var answer struct {
		Result struct{ Credentials pulumicli.Credentials } `xml:"AssumeRoleWithWebIdentityResult"`
		Error  struct{ Code string }
	}
	if err := xml.Unmarshal(body, &answer); err != nil {
		return c, "", fmt.Errorf("AssumeRoleWithWebIdentity answered %s: %w", resp.Status, err)
	}
	if resp.StatusCode != http.StatusOK {
		return c, answer.Error.Code, nil
	}
	c = answer.Result.Credentials
	if c.AccessKeyID == "" || c.SessionToken == "" {
		return c, "", fmt.Errorf("AssumeRoleWithWebIdentity answered %s without credentials", resp.Status)
	}
	return c, "", nil
}
