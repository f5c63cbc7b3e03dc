package rotation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
)

// failLimit is the time in which a step that needs an action must fail without it.
const failLimit = 30 * time.Second

// need is a step that can't be done without an action.
type need struct {
	step string

	// prepare brings about a state in which the step is due.
	prepare func(*suite, context.Context) error

	// fail does the step, and returns how it failed; an empty string if it did not.
	fail func(*suite, context.Context, string) (string, error)
}

// needs has the step that needs each action of the rotator's role.
var needs = map[string]need{
	"ssm:GetParametersByPath":       {step: "tick", fail: invocation("tick")},
	"kms:Decrypt":                   {step: "tick", fail: invocation("tick")},
	"cloudfront:GetDistribution":    {step: "tick", fail: invocation("tick")},
	"ssm:PutParameter":              {step: "rotate: add a key", fail: invocation("rotate")},
	"kms:Encrypt":                   {step: "rotate: add a key", fail: invocation("rotate")},
	"cloudfront:UpdateDistribution": {step: "rotate: publish", fail: invocation("rotate")},
	"lambda:DisableReplication*":    {step: "rotate: publish", fail: invocation("rotate")},
	"lambda:EnableReplication*":     {step: "rotate: publish", fail: invocation("rotate")},
	"lambda:GetFunction":            {step: "rotate: publish", fail: invocation("rotate")},
	"wafv2:GetWebACL":               {step: "rotate: publish", fail: invocation("rotate")},
	"ssm:DeleteParameters":          {step: "tick: prune", prepare: (*suite).rotateOnce, fail: invocation("tick")},
	"apigateway:DELETE":             {step: "revoke", fail: invocation("revoke")},
	"logs:CreateLogStream":          {step: "write the log", prepare: (*suite).deleteLogStreams, fail: (*suite).tickWithoutLog},
	"logs:PutLogEvents":             {step: "write the log", prepare: (*suite).deleteLogStreams, fail: (*suite).tickWithoutLog},
}

// notChecked are actions for which the sandbox's AWS doesn't check IAM.
var notChecked = []string{"sqs:SendMessage"}

// TestPermissions takes one action after another from the rotator's role. The step that needs
// it must fail, and name the action.
func TestPermissions(t *testing.T) {
	s := attach(t)
	s.previewsUnchanged(t)
	s.rotator.changeEnvironment(t, shortTimes)
	if err := s.cloud.SetFleet(t.Context(), awsclient.Fleet{DeploySeconds: 1, Edges: edges}); err != nil {
		t.Fatal(err)
	}
	policies, err := s.rolePolicies(t.Context(), s.rotatorRole)
	if err != nil {
		t.Fatal(err)
	}
	for _, action := range actionsOfAll(policies) {
		t.Run("without "+action, func(t *testing.T) { s.failsWithout(t, action, policies) })
	}
}

// failsWithout does what needs the action while the role lacks it.
func (s *suite) failsWithout(t *testing.T, action string, policies map[string]policy) {
	if slices.Contains(notChecked, action) {
		t.Skip("the sandbox's AWS doesn't check it")
	}
	needed, known := needs[action]
	if !known {
		t.Fatal("no step is known that needs it: is it superfluous?")
	}
	if needed.prepare != nil {
		if err := needed.prepare(s, t.Context()); err != nil {
			t.Fatalf("prepare %s: %v", needed.step, err)
		}
	}
	e2etest.Cleanup(t, "lead back to one key", s.settle) // after the policies are restored
	s.deny(t, action, policies)
	switch outcome, err := needed.fail(s, t.Context(), action); {
	case err != nil:
		t.Error(err)
	case outcome == "":
		t.Errorf("%s did not fail", needed.step)
	case !strings.Contains(outcome, action):
		t.Errorf("%s failed without naming the action: %s", needed.step, outcome)
	default:
		t.Logf("%s fails and names it", needed.step)
	}
}

// settle has ticks lead back to one key.
func (s *suite) settle(ctx context.Context) error {
	o := s.newObserver()
	if err := o.start(ctx); err != nil {
		return err
	}
	return errors.Join(s.calm(ctx, o), o.end())
}

// deny takes an action from the rotator's role until the test ends.
func (s *suite) deny(t *testing.T, action string, policies map[string]policy) {
	t.Helper()
	for name, document := range policies {
		reduced, had, err := document.without(action)
		if err != nil {
			t.Fatal(err)
		}
		if !had {
			continue
		}
		e2etest.Cleanup(t, "restore the policy "+name, func(ctx context.Context) error {
			return s.putPolicy(ctx, name, document.json)
		})
		if err := s.putPolicy(t.Context(), name, reduced); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *suite) putPolicy(ctx context.Context, name, document string) error {
	_, err := s.account.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: &s.rotatorRole, PolicyName: &name, PolicyDocument: &document,
	})
	return err
}

// rolePolicies returns a role's inline policies by name.
func (s *suite) rolePolicies(ctx context.Context, role string) (map[string]policy, error) {
	policies := map[string]policy{}
	pages := iam.NewListRolePoliciesPaginator(s.account.iam, &iam.ListRolePoliciesInput{RoleName: &role})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, name := range page.PolicyNames {
			got, err := s.account.iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &name})
			if err != nil {
				return nil, err
			}
			document, err := url.PathUnescape(aws.ToString(got.PolicyDocument))
			if err != nil {
				return nil, err
			}
			if policies[name], err = parsePolicy(document); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return policies, nil
}

func actionsOfAll(policies map[string]policy) []string {
	var all []string
	for p := range maps.Values(policies) {
		all = append(all, p.actions()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// invocation returns a step that has the rotator carry out a request until that fails, is
// done or takes too long.
func invocation(action string) func(*suite, context.Context, string) (string, error) {
	return func(s *suite, ctx context.Context, _ string) (string, error) {
		through := ""
		for deadline := time.Now().Add(failLimit); time.Now().Before(deadline); {
			a, err := s.rotator.do(ctx, action, through)
			switch {
			case ctx.Err() != nil:
				return "", context.Cause(ctx)
			case errors.Is(err, errThrottled):
			case err != nil:
				return err.Error(), nil
			case a.Done && a.Through != "":
				return "", nil
			default:
				through = a.Through
			}
			if err := pause(ctx, time.Second); err != nil {
				return "", err
			}
		}
		return "", nil
	}
}

// deleteLogStreams deletes the rotator's log streams: the permission to write is checked when
// one begins.
func (s *suite) deleteLogStreams(ctx context.Context) error {
	group := s.logGroup()
	streams, err := s.logStreams(ctx)
	for _, stream := range streams {
		_, deleted := s.account.logs.DeleteLogStream(ctx, &cloudwatchlogs.DeleteLogStreamInput{LogGroupName: &group, LogStreamName: &stream})
		err = errors.Join(err, deleted)
	}
	return err
}

// tickWithoutLog runs the rotator and checks that it left no log. The function can't report
// that itself; the record of calls can.
func (s *suite) tickWithoutLog(ctx context.Context, action string) (string, error) {
	since, err := lastCall(ctx, s.cloud)
	if err != nil {
		return "", err
	}
	for {
		_, err := s.rotator.do(ctx, "tick", "")
		if err == nil {
			break
		}
		if !errors.Is(err, errThrottled) {
			return "", err
		}
		if err := pause(ctx, time.Second); err != nil {
			return "", err
		}
	}
	streams, err := s.logStreams(ctx)
	if err != nil || len(streams) > 0 {
		return "", err
	}
	calls, err := s.cloud.Calls(ctx, since)
	for _, one := range calls {
		if !one.Allowed && one.Action == action && isRole(one.Principal, s.rotatorRole) {
			return "denied " + action, err
		}
	}
	return "no log, but no denied call either", err
}

func (s *suite) logGroup() string { return "/aws/lambda/" + s.rotator.name }

func (s *suite) logStreams(ctx context.Context) ([]string, error) {
	group := s.logGroup()
	got, err := s.account.logs.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: &group})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, stream := range got.LogStreams {
		names = append(names, aws.ToString(stream.LogStreamName))
	}
	return names, nil
}

// policy is an IAM policy document, of which only the actions matter here.
type policy struct {
	Version   string
	Statement []map[string]any

	json string // as it was read
}

func parsePolicy(document string) (policy, error) {
	var p policy
	if err := json.Unmarshal([]byte(document), &p); err != nil {
		return policy{}, fmt.Errorf("read the policy: %w", err)
	}
	p.json = document
	return p, nil
}

// actions returns every action that the policy names, each once.
func (p policy) actions() []string {
	var all []string
	for _, statement := range p.Statement {
		all = append(all, actionsOf(statement)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// without returns the document without the action. A statement that had no other
// is left out; false reports that none had it. A policy needs a statement, so the last
// one is then made to allow something harmless instead.
func (p policy) without(action string) (document string, had bool, err error) {
	left := policy{Version: p.Version, Statement: []map[string]any{}}
	for _, statement := range p.Statement {
		actions := actionsOf(statement)
		kept := slices.DeleteFunc(slices.Clone(actions), func(one string) bool { return one == action })
		had = had || len(kept) < len(actions)
		if len(kept) == 0 {
			continue
		}
		changed := map[string]any{}
		for name, value := range statement {
			changed[name] = value
		}
		changed["Action"] = kept
		left.Statement = append(left.Statement, changed)
	}
	if len(left.Statement) == 0 {
		left.Statement = []map[string]any{{"Effect": "Allow", "Action": []string{"sts:GetCallerIdentity"}, "Resource": "*"}}
	}
	content, err := json.Marshal(left)
	return string(content), had, err
}

func actionsOf(statement map[string]any) []string {
	switch action := statement["Action"].(type) {
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

const examplePolicy = `{"Version": "2012-10-17", "Statement": [
	{"Sid": "One", "Effect": "Allow", "Action": ["s:A", "s:B"], "Resource": ["arn:x"], "Condition": {"StringLike": {"k": "v"}}},
	{"Sid": "Two", "Effect": "Allow", "Action": "s:C", "Resource": "*"}]}`

func TestPolicyWithout(t *testing.T) {
	p, err := parsePolicy(examplePolicy)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.actions(); !slices.Equal(got, []string{"s:A", "s:B", "s:C"}) {
		t.Errorf("actions: got %v", got)
	}
	for action, want := range map[string]string{
		"s:A": `{"Version":"2012-10-17","Statement":[{"Action":["s:B"],"Condition":{"StringLike":{"k":"v"}},"Effect":"Allow","Resource":["arn:x"],"Sid":"One"},` +
			`{"Action":["s:C"],"Effect":"Allow","Resource":"*","Sid":"Two"}]}`,
		"s:C": `{"Version":"2012-10-17","Statement":[{"Action":["s:A","s:B"],"Condition":{"StringLike":{"k":"v"}},"Effect":"Allow","Resource":["arn:x"],"Sid":"One"}]}`,
	} {
		if got, had, err := p.without(action); err != nil || !had || got != want {
			t.Errorf("without %s: %v, %v\n%s", action, had, err, got)
		}
	}
	if _, had, _ := p.without("s:D"); had {
		t.Error("had an action that it has not")
	}
	if got := p.actions(); len(got) != 3 || p.json != examplePolicy {
		t.Error("the policy itself was changed")
	}
}

func TestPolicyWithoutIsNeverEmpty(t *testing.T) {
	p, err := parsePolicy(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s:A", "Resource": "*"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	reduced, _, _ := p.without("s:A")
	left, err := parsePolicy(reduced)
	if err != nil || !slices.Equal(left.actions(), []string{"sts:GetCallerIdentity"}) {
		t.Errorf("got %s, %v", reduced, err)
	}
}

func TestParseMalformedPolicy(t *testing.T) {
	if _, err := parsePolicy("{"); err == nil {
		t.Error("no error")
	}
}
