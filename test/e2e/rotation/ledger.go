package rotation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
)

// What the functions may call of AWS, and nothing else.
var (
	authorizerActions = []string{
		"kms:Decrypt", "logs:CreateLogStream", "logs:PutLogEvents", "ssm:GetParametersByPath",
	}
	rotatorActions = []string{
		"apigateway:DELETE", "cloudfront:GetDistribution", "cloudfront:UpdateDistribution", "kms:Decrypt", "kms:Encrypt",
		"lambda:DisableReplication*", "lambda:EnableReplication*", "lambda:GetFunction",
		"logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage",
		"ssm:DeleteParameters", "ssm:GetParametersByPath", "ssm:PutParameter", "wafv2:GetWebACL",
	}
)

// ledger collects the calls of AWS while the test runs. The cloud keeps only so
// many of them.
type ledger struct {
	cloud awsclient.Controls
	mu    sync.Mutex
	last  int
	used  map[string]map[string]int // principal, action → calls
	bad   []awsclient.Call          // that IAM denied
}

func newLedger(ctx context.Context, cloud awsclient.Controls) (*ledger, error) {
	l := &ledger{cloud: cloud, used: map[string]map[string]int{}}
	before, err := cloud.Calls(ctx, 0)
	if len(before) > 0 {
		l.last = before[len(before)-1].N
	}
	return l, err
}

// collect adds the calls since the last time.
func (l *ledger) collect(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	calls, err := l.cloud.Calls(ctx, l.last)
	if err != nil {
		return err
	}
	if len(calls) > 0 && calls[0].N > l.last+1 {
		return fmt.Errorf("the local cloud forgot the calls from %d to %d", l.last+1, calls[0].N-1)
	}
	for _, one := range calls {
		l.last = one.N
		if l.used[one.Principal] == nil {
			l.used[one.Principal] = map[string]int{}
		}
		l.used[one.Principal][one.Action]++
		if !one.Allowed {
			l.bad = append(l.bad, one)
		}
	}
	return nil
}

// keep collects until ctx ends. What it misses, the next collect notices.
func (l *ledger) keep(ctx context.Context) {
	for pause(ctx, 10*time.Second) == nil {
		_ = l.collect(ctx)
	}
}

// of returns what a role called.
func (l *ledger) of(role string) map[string]int {
	all := map[string]int{}
	for principal, actions := range l.used {
		if !isRole(principal, role) {
			continue
		}
		for action, count := range actions {
			all[action] += count
		}
	}
	return all
}

// isRole reports whether a principal's ARN is that of a role or of a session of it.
func isRole(principal, role string) bool {
	return slices.Contains(strings.Split(principal, "/"), role)
}

// check fails if a call of our functions was denied, or is not one they need.
func (l *ledger) check(ctx context.Context, s *progress.Step, t *test) error {
	if err := l.collect(ctx); err != nil {
		return err
	}
	var problems []error
	for _, one := range l.bad {
		if isRole(one.Principal, t.rotatorRole) || isRole(one.Principal, t.authorizerRole) {
			problems = append(problems, fmt.Errorf("%s was denied %s on %s", one.Principal, one.Action, one.Resource))
		}
	}
	total := 0
	for role, expected := range map[string][]string{t.rotatorRole: rotatorActions, t.authorizerRole: authorizerActions} {
		used := l.of(role)
		if len(used) == 0 {
			problems = append(problems, fmt.Errorf("no call of %s was seen", role))
		}
		for _, action := range slices.Sorted(maps.Keys(used)) {
			total += used[action]
			if !slices.Contains(expected, action) {
				problems = append(problems, fmt.Errorf("%s called %s, which it has no need of", role, action))
			}
		}
	}
	s.Note("%d of the two functions, none denied", total)
	return errors.Join(problems...)
}
