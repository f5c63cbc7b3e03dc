package pipelineroles

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
)

func TestTokensHaveTheClaimsOfGitHub(t *testing.T) {
	parts := strings.Split(token{issuer, audience, "repo:acme/gatehouse:pull_request"}.String(), ".")
	if len(parts) != 3 {
		t.Fatalf("a token has three parts, not %d", len(parts))
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]string
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"iss": issuer, "aud": audience, "sub": "repo:acme/gatehouse:pull_request"} {
		if claims[name] != want {
			t.Errorf("%s is %q, want %q", name, claims[name], want)
		}
	}
}

func TestAssume(t *testing.T) {
	answers := map[string]string{
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
		_, _ = w.Write([]byte(answers[role]))
	}))
	defer server.Close()
	c, code, err := assume(t.Context(), server.URL, "right", token{})
	if err != nil || code != "" || c.AccessKeyID != "A" || c.SecretAccessKey != "S" || c.SessionToken != "T" {
		t.Errorf("got %v, %q, %v", c, code, err)
	}
	if _, code, err := assume(t.Context(), server.URL, "wrong", token{}); err != nil || code != refused {
		t.Errorf("got %q, %v", code, err)
	}
	if _, _, err := assume(t.Context(), server.URL, "empty", token{}); err == nil {
		t.Error("an answer without credentials is no success")
	}
}

var some = []awsclient.Call{
	{N: 1, Action: "iam:GetRole", Resource: "r", Principal: "arn:aws:sts::1:assumed-role/gatehouse-local-preview/deploy-test", Allowed: true},
	{N: 2, Action: "iam:CreateRole", Resource: "r", Principal: "arn:aws:sts::1:assumed-role/gatehouse-local-deploy/deploy-test", Allowed: false},
	{N: 3, Action: "iam:GetRole", Resource: "r", Principal: "arn:aws:sts::1:assumed-role/gatehouse-local-deploy/deploy-test", Allowed: true},
	{N: 4, Action: "iam:GetRole", Resource: "q", Principal: "arn:aws:sts::1:assumed-role/gatehouse-local-deploy/deploy-test", Allowed: true},
	{N: 5, Action: "ssm:PutParameter", Resource: "p", Principal: "arn:aws:sts::1:assumed-role/gatehouse-local-rotator/gatehouse-local-rotator", Allowed: true},
}

func TestCallsAreTheRolesOwn(t *testing.T) {
	deploy := by(some, "arn:aws:iam::1:role/pipeline/gatehouse-local-deploy")
	if got := lines(deploy); !slices.Equal(got, []string{"iam:CreateRole r", "iam:GetRole q", "iam:GetRole r"}) {
		t.Errorf("got %v", got)
	}
	if got := denials(deploy); !slices.Equal(got, []string{"iam:CreateRole on r"}) {
		t.Errorf("got %v", got)
	}
	if got := denials(by(some, "gatehouse-local-preview")); len(got) > 0 {
		t.Errorf("got %v", got)
	}
}

func TestRecordsAreCompared(t *testing.T) {
	before := record{"deploy": {"iam:CreateRole", "iam:GetRole"}, "preview": {"iam:GetRole"}}
	if got := before.compare(before.String()); len(got) > 0 {
		t.Errorf("the same differs: %v", got)
	}
	now := record{"deploy": {"iam:GetRole", "iam:TagRole"}, "preview": {"iam:GetRole"}}
	want := []string{"deploy iam:TagRole is new", "deploy iam:CreateRole is not called any more"}
	if got := now.compare(before.String()); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTheTestsOwnCallsAreLeftOut(t *testing.T) {
	var left []int
	for _, c := range without(some, []span{{1, 3}}) {
		left = append(left, c.N)
	}
	if !slices.Equal(left, []int{1, 4, 5}) {
		t.Errorf("got %v", left)
	}
}
