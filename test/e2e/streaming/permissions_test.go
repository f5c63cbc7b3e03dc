package streaming

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/gatehouse-iac/gatehouse/internal/chatstream"
	"github.com/gatehouse-iac/gatehouse/internal/clientadmin"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/localclient"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
)

// need is a request that fails without an action.
type need struct {
	status int // that it then gets
	send   func(*suite, context.Context) (int, error)
}

// needs has, for each action of the function's role that the emulated AWS checks at a request,
// what fails without it.
var needs = map[string]need{
	"bedrock:InvokeModelWithResponseStream": {http.StatusBadGateway, func(s *suite, ctx context.Context) (int, error) { return s.statusDirect(ctx, true) }},
	"bedrock:InvokeModel":                   {http.StatusBadGateway, func(s *suite, ctx context.Context) (int, error) { return s.statusDirect(ctx, false) }},
	"dynamodb:UpdateItem":                   {http.StatusServiceUnavailable, func(s *suite, ctx context.Context) (int, error) { return s.statusDirect(ctx, true) }},
	"dynamodb:GetItem":                      {http.StatusServiceUnavailable, (*suite).statusOfNewClient},
}

// notAtARequest are actions that a request doesn't fail without: those of the log, whose
// absence is found by [TestPermissions] of the rotation for a function that is declared alike, and that
// of traces, which the emulated AWS has none of.
var notAtARequest = []string{"logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords"}

// TestPermissions takes one action after another from the role of the function that streams.
// What needs it must fail, and work again with it.
func TestPermissions(t *testing.T) {
	s := attach(t)
	s.newClient(t)
	policies, err := s.policies(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tested := 0
	for _, action := range actionsOf(policies) {
		if slices.Contains(notAtARequest, action) {
			continue
		}
		tested++
		t.Run("without "+action, func(t *testing.T) { s.failsWithout(t, action, policies) })
	}
	if tested != len(needs) {
		t.Errorf("%d actions are tested, want %d", tested, len(needs))
	}
}

func (s *suite) failsWithout(t *testing.T, action string, policies map[string]string) {
	ctx := within(t, time.Minute)
	needed, known := needs[action]
	if !known {
		t.Fatal("no request is known that needs it: is it superfluous?")
	}
	for name, document := range policies {
		reduced, err := without(document, action)
		if err != nil {
			t.Fatal(err)
		}
		e2etest.Cleanup(t, "restore the policy "+name, func(ctx context.Context) error { return s.putPolicy(ctx, name, document) })
		if err := s.putPolicy(ctx, name, reduced); err != nil {
			t.Fatal(err)
		}
	}
	if status, err := needed.send(s, ctx); err != nil || status != needed.status {
		t.Errorf("%d, %v; want %d", status, err, needed.status)
	}
	for name, document := range policies {
		if err := s.putPolicy(ctx, name, document); err != nil {
			t.Fatal(err)
		}
	}
	if status, err := needed.send(s, ctx); err != nil || status != http.StatusOK {
		t.Errorf("with all permissions %d, %v", status, err)
	}
}

// statusDirect sends a request to the REST API, and returns the status of its response.
func (s *suite) statusDirect(ctx context.Context, streamed bool) (int, error) {
	key, err := s.key(ctx)
	if err != nil {
		return 0, err
	}
	return s.status(ctx, s.withKey(key), chatstream.Request{Model: s.model, Message: "Hello", Stream: streamed})
}

// newClient makes a client whose key no function has seen.
func (s *suite) newClient(t *testing.T) {
	t.Helper()
	const name = "streaming-permissions"
	admin := localclient.Admin(s.env.Servers.Cloud.Endpoint(), s.env.Outputs[env.ClientsTableOutput])
	if _, err := admin.Create(t.Context(), name, clientadmin.Change{}); err != nil {
		t.Fatal(err)
	}
	e2etest.Cleanup(t, "delete client "+name, func(ctx context.Context) error {
		_, err := admin.Delete(ctx, name, true)
		return err
	})
	var random [credential.RandomSize]byte
	_, _ = rand.Read(random[:])
	s.newKey = credential.New(random)
	if _, err := admin.AddKey(t.Context(), name, s.newKey.Digest(), time.Time{}); err != nil {
		t.Fatal(err)
	}
}

// statusOfNewClient sends a request of the client whose key no function has seen.
func (s *suite) statusOfNewClient(ctx context.Context) (int, error) {
	key, err := s.key(ctx)
	if err != nil {
		return 0, err
	}
	to := s.withKey(key).With("Authorization", "Bearer "+s.newKey.Reveal())
	return s.status(ctx, to, chatstream.Request{Model: s.model, Message: "Hello", Stream: true})
}

// policies returns the inline policies of the function's role by name.
func (s *suite) policies(ctx context.Context) (map[string]string, error) {
	role := functionName
	listed, err := s.iam.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: &role})
	if err != nil {
		return nil, err
	}
	policies := map[string]string{}
	for _, name := range listed.PolicyNames {
		got, err := s.iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &name})
		if err != nil {
			return nil, err
		}
		if policies[name], err = url.PathUnescape(aws.ToString(got.PolicyDocument)); err != nil {
			return nil, err
		}
	}
	if len(policies) == 0 {
		return nil, fmt.Errorf("the role %s has no policy", role)
	}
	return policies, nil
}

func (s *suite) putPolicy(ctx context.Context, name, document string) error {
	_, err := s.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String(functionName), PolicyName: &name, PolicyDocument: &document})
	return err
}

// statement is a statement of a policy, of which only the actions matter here.
type statement map[string]any

func (s statement) actions() []string {
	switch action := s["Action"].(type) {
	case string:
		return []string{action}
	case []any:
		var all []string
		for _, one := range action {
			all = append(all, fmt.Sprint(one))
		}
		return all
	}
	return nil
}

func parsePolicy(document string) (statements []statement, err error) {
	var parsed struct{ Statement []statement }
	if err := json.Unmarshal([]byte(document), &parsed); err != nil {
		return nil, fmt.Errorf("read the policy: %w", err)
	}
	return parsed.Statement, nil
}

func actionsOf(policies map[string]string) (all []string) {
	for _, document := range policies {
		statements, err := parsePolicy(document)
		if err != nil {
			continue // and it is an error when one of its actions is removed
		}
		for _, s := range statements {
			all = append(all, s.actions()...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// without returns a policy without an action. A statement that has no other is made to allow
// what is harmless.
func without(document, action string) (string, error) {
	statements, err := parsePolicy(document)
	if err != nil {
		return "", err
	}
	for i, s := range statements {
		kept := slices.DeleteFunc(s.actions(), func(one string) bool { return one == action })
		if len(kept) == 0 {
			statements[i] = statement{"Effect": "Allow", "Action": []string{"sts:GetCallerIdentity"}, "Resource": "*"}
			continue
		}
		s["Action"] = kept
	}
	reduced, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	return string(reduced), err
}

func TestPolicyWithoutAnAction(t *testing.T) {
	const document = `{"Version": "2012-10-17", "Statement": [
		{"Sid": "One", "Effect": "Allow", "Action": ["s:A", "s:B"], "Resource": ["arn:x"]}, {"Effect": "Allow", "Action": "s:C", "Resource": "*"}]}`
	if got := actionsOf(map[string]string{"p": document}); !slices.Equal(got, []string{"s:A", "s:B", "s:C"}) {
		t.Errorf("actions %q", got)
	}
	for action, want := range map[string]string{
		"s:A": `{"Action":["s:B"],"Effect":"Allow","Resource":["arn:x"],"Sid":"One"}`,
		"s:C": `{"Action":["sts:GetCallerIdentity"],"Effect":"Allow","Resource":"*"}`,
	} {
		got, err := without(document, action)
		if err != nil || !strings.Contains(got, want) || strings.Contains(got, `"`+action+`"`) {
			t.Errorf("without %s: %s, %v", action, got, err)
		}
	}
	if _, err := without("{", "s:A"); err == nil {
		t.Error("no error")
	}
}
