package rotation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
)

// The actions of AWS that the functions may call, and no others.
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

// callRecorder collects the calls of AWS while a test runs: the sandbox's AWS keeps only so
// many of them.
type callRecorder struct {
	cloud  awsclient.Controls
	mu     sync.Mutex
	last   int
	counts map[string]map[string]int // principal, action → calls
	denied []awsclient.Call          // by IAM
}

// newCallRecorder returns a recorder of the calls from now on.
func newCallRecorder(ctx context.Context, cloud awsclient.Controls) (*callRecorder, error) {
	last, err := lastCall(ctx, cloud)
	return &callRecorder{cloud: cloud, last: last, counts: map[string]map[string]int{}}, err
}

// lastCall returns the number of the latest call.
func lastCall(ctx context.Context, cloud awsclient.Controls) (int, error) {
	calls, err := cloud.Calls(ctx, 0)
	if err != nil || len(calls) == 0 {
		return 0, err
	}
	return calls[len(calls)-1].N, nil
}

// collect adds the calls since the last time.
func (r *callRecorder) collect(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls, err := r.cloud.Calls(ctx, r.last)
	if err != nil {
		return err
	}
	if len(calls) > 0 && calls[0].N > r.last+1 {
		return fmt.Errorf("the sandbox's AWS no longer has the calls from %d to %d", r.last+1, calls[0].N-1)
	}
	for _, one := range calls {
		r.last = one.N
		if r.counts[one.Principal] == nil {
			r.counts[one.Principal] = map[string]int{}
		}
		r.counts[one.Principal][one.Action]++
		if !one.Allowed {
			r.denied = append(r.denied, one)
		}
	}
	return nil
}

// keep collects until ctx ends. The next collect notices what it misses.
func (r *callRecorder) keep(ctx context.Context) {
	for pause(ctx, 10*time.Second) == nil {
		_ = r.collect(ctx)
	}
}

// of returns how often a role called each action.
func (r *callRecorder) of(role string) map[string]int {
	all := map[string]int{}
	for principal, actions := range r.counts {
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

// verifyCalls fails the test if a call of the stack's functions was denied, or is not one
// that they need.
func (s *suite) verifyCalls(t *testing.T) {
	t.Helper()
	if err := s.calls.collect(t.Context()); err != nil {
		t.Error(err)
		return
	}
	s.calls.mu.Lock() // keep goes on
	defer s.calls.mu.Unlock()
	for _, one := range s.calls.denied {
		if isRole(one.Principal, s.rotatorRole) || isRole(one.Principal, s.authorizerRole) {
			t.Errorf("%s was denied %s on %s", one.Principal, one.Action, one.Resource)
		}
	}
	total := 0
	for role, needed := range map[string][]string{s.rotatorRole: rotatorActions, s.authorizerRole: authorizerActions} {
		called := s.calls.of(role)
		if len(called) == 0 {
			t.Errorf("no call of %s was recorded", role)
		}
		for action, count := range called {
			total += count
			if !slices.Contains(needed, action) {
				t.Errorf("%s called %s, which it doesn't need", role, action)
			}
		}
	}
	t.Logf("%d calls of AWS by rotator and authorizer", total)
}

func TestIsRole(t *testing.T) {
	for principal, want := range map[string]bool{
		"arn:aws:sts::000000000000:assumed-role/gatehouse-local-rotator/session": true,
		"arn:aws:iam::000000000000:role/gatehouse-local-rotator":                 true,
		"arn:aws:iam::000000000000:role/gatehouse-local-rotator-other":           false,
		"arn:aws:iam::000000000000:root":                                         false,
	} {
		if got := isRole(principal, "gatehouse-local-rotator"); got != want {
			t.Errorf("%s: got %v", principal, got)
		}
	}
}
