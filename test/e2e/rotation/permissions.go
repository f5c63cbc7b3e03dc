package rotation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
)

// failLimit is how long the step that needs an action may take to fail without it.
const failLimit = 30 * time.Second

// permission is what happened without one action of the rotator's role.
type permission struct {
	action, step, outcome string
	detail                string // of an outcome that is not ok
	ok                    bool
}

// need is the step that cannot be done without an action.
type need struct {
	step string

	// prepare brings about a state in which the step is due.
	prepare func(*test, context.Context) error

	// fail does the step, and returns how it failed.
	fail func(*test, context.Context, string) (string, error)
}

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
	"ssm:DeleteParameters":          {step: "tick: prune", prepare: (*test).rotateOnce, fail: invocation("tick")},
	"apigateway:DELETE":             {step: "revoke", fail: invocation("revoke")},
	"logs:CreateLogStream":          {step: "write the log", prepare: (*test).forgetLogs, fail: (*test).silence},
	"logs:PutLogEvents":             {step: "write the log", prepare: (*test).forgetLogs, fail: (*test).silence},
}

// notAsked are actions that the local cloud takes without asking IAM.
var notAsked = []string{"sqs:SendMessage"}

// permissions takes one action after another from the rotator's role and looks
// whether the step that needs it fails.
func (t *test) permissions(ctx context.Context, s *progress.Step) (rows []permission, err error) {
	restore, err := t.rotator.changeEnvironment(ctx, &t.changes, shortTimes)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, restore(ctx)) }()
	if err := t.cloud.SetFleet(ctx, awsclient.Fleet{DeploySeconds: 1, Edges: edges}); err != nil {
		return nil, err
	}
	policies, err := t.rolePolicies(ctx, t.rotatorRole)
	if err != nil {
		return nil, err
	}
	var problems []error
	for _, action := range actionsOfAll(policies) {
		s.Doing("without %s", action)
		row, err := t.without(ctx, action, policies)
		if err != nil {
			return rows, errors.Join(append(problems, fmt.Errorf("without %s: %w", action, err))...)
		}
		if !row.ok {
			problems = append(problems, fmt.Errorf("without %s: %s: %s", action, row.outcome, row.detail))
		}
		rows = append(rows, row)
	}
	s.Note("%d actions", len(rows))
	return rows, errors.Join(problems...)
}

// without does what needs the action while the role lacks it.
func (t *test) without(ctx context.Context, action string, policies map[string]policy) (row permission, err error) {
	if slices.Contains(notAsked, action) {
		return permission{action: action, step: "tell of a failed run", outcome: "not asked for by the local cloud", ok: true}, nil
	}
	needed, known := needs[action]
	if !known {
		return permission{action: action, outcome: "no step is known that needs it", detail: "is it superfluous?"}, nil
	}
	if needed.prepare != nil {
		if err := needed.prepare(t, ctx); err != nil {
			return row, err
		}
	}
	restore, err := t.deny(ctx, action, policies)
	if err != nil {
		return row, err
	}
	row = permission{action: action, step: needed.step}
	outcome, err := needed.fail(t, ctx, action)
	if err := errors.Join(err, restore(ctx)); err != nil {
		return row, err
	}
	row.outcome, row.ok = outcome, strings.Contains(outcome, action)
	switch {
	case outcome == "":
		row.outcome = "nothing failed"
	case row.ok:
		row.outcome = "fails and names it"
	default:
		row.outcome = "fails without naming it"
		row.detail = outcome
	}
	return row, t.settle(ctx)
}

// settle brings the rotation to rest again.
func (t *test) settle(ctx context.Context) error {
	o := t.newObserver()
	if err := o.start(ctx); err != nil {
		return err
	}
	return errors.Join(t.calm(ctx, o), o.end())
}

// deny takes an action from the rotator's role, and notes the change.
func (t *test) deny(ctx context.Context, action string, policies map[string]policy) (func(context.Context) error, error) {
	var restores []func(context.Context) error
	all := func(ctx context.Context) error {
		var problems []error
		for _, restore := range restores {
			problems = append(problems, restore(ctx))
		}
		return errors.Join(problems...)
	}
	for name, document := range policies {
		reduced, had, err := document.without(action)
		if err != nil || !had {
			if err != nil {
				return nil, errors.Join(err, all(ctx))
			}
			continue
		}
		restores = append(restores, t.changes.Add("the policy "+name, func(ctx context.Context) error {
			return t.putPolicy(ctx, name, document.text)
		}))
		if err := t.putPolicy(ctx, name, reduced); err != nil {
			return nil, errors.Join(err, all(ctx))
		}
	}
	return all, nil
}

func (t *test) putPolicy(ctx context.Context, name, document string) error {
	_, err := t.account.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: &t.rotatorRole, PolicyName: &name, PolicyDocument: &document,
	})
	return err
}

// rolePolicies returns a role's inline policies by name.
func (t *test) rolePolicies(ctx context.Context, role string) (map[string]policy, error) {
	policies := map[string]policy{}
	pages := iam.NewListRolePoliciesPaginator(t.account.iam, &iam.ListRolePoliciesInput{RoleName: &role})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, name := range page.PolicyNames {
			got, err := t.account.iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &name})
			if err != nil {
				return nil, err
			}
			text, err := url.PathUnescape(aws.ToString(got.PolicyDocument))
			if err != nil {
				return nil, err
			}
			if policies[name], err = parsePolicy(text); err != nil {
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

// invocation has the rotator do something until that fails, is done or takes too
// long.
func invocation(action rotatorapi.Action) func(*test, context.Context, string) (string, error) {
	return func(t *test, ctx context.Context, _ string) (string, error) {
		var through keyring.Name
		for deadline := time.Now().Add(failLimit); time.Now().Before(deadline); {
			a, err := t.rotator.do(ctx, action, through)
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

// forgetLogs deletes the rotator's log streams: the right to write is asked for when
// one begins.
func (t *test) forgetLogs(ctx context.Context) error {
	group := t.logGroup()
	streams, err := t.logStreams(ctx)
	for _, stream := range streams {
		_, deleted := t.account.logs.DeleteLogStream(ctx, &cloudwatchlogs.DeleteLogStreamInput{LogGroupName: &group, LogStreamName: &stream})
		err = errors.Join(err, deleted)
	}
	return err
}

// silence runs the rotator and looks whether it left no log. A function cannot tell
// that itself; the cloud's list of calls can.
func (t *test) silence(ctx context.Context, action string) (string, error) {
	before, err := t.cloud.Calls(ctx, t.ledger.last)
	if err != nil {
		return "", err
	}
	since := t.ledger.last
	if len(before) > 0 {
		since = before[len(before)-1].N
	}
	for {
		_, err := t.rotator.do(ctx, "tick", "")
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
	streams, err := t.logStreams(ctx)
	if err != nil || len(streams) > 0 {
		return "", err
	}
	calls, err := t.cloud.Calls(ctx, since)
	for _, one := range calls {
		if !one.Allowed && one.Action == action && isRole(one.Principal, t.rotatorRole) {
			return "denied " + action, err
		}
	}
	return "no log, but no denied call either", err
}

func (t *test) logGroup() string { return "/aws/lambda/" + t.rotator.name }

func (t *test) logStreams(ctx context.Context) ([]string, error) {
	group := t.logGroup()
	got, err := t.account.logs.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: &group})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, stream := range got.LogStreams {
		names = append(names, aws.ToString(stream.LogStreamName))
	}
	return names, nil
}
