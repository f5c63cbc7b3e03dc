package rotation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
)

const (
	flush      = "apigateway:DELETE"
	flushLimit = 2 * time.Minute // for a revocation, up to its flushes or to its end
)

// TestRevokeNeedsEveryFlush takes the permission to flush the cache of one API after another
// from the rotator. The revocation must not be done without it, and say which API it is.
func TestRevokeNeedsEveryFlush(t *testing.T) {
	s := attach(t)
	s.hasten(t)
	policies, err := s.rolePolicies(t.Context(), s.rotatorRole)
	if err != nil {
		t.Fatal(err)
	}
	caches := map[string]string{}
	for name, p := range policies {
		for _, arn := range p.resourcesOf(flush) {
			caches[arn] = name
		}
	}
	want := 1
	if s.streams() {
		want = 2
	}
	if len(caches) != want {
		t.Fatalf("the rotator may flush %d caches, want %d", len(caches), want)
	}
	for arn, name := range caches {
		t.Run("of API "+apiIn(arn), func(t *testing.T) {
			through := s.newest(t)
			e2etest.Cleanup(t, "lead back to one key", s.settle) // after the policy is restored
			restore := func(ctx context.Context) error { return s.putPolicy(ctx, name, policies[name].json) }
			e2etest.Cleanup(t, "restore the policy "+name, restore)
			reduced, err := policies[name].withoutResource(flush, arn)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.putPolicy(t.Context(), name, reduced); err != nil {
				t.Fatal(err)
			}
			api := apiIn(arn)
			if err := s.revoke(t.Context(), through); err == nil || !strings.Contains(err.Error(), api) || !strings.Contains(err.Error(), flush) {
				t.Fatalf("the revocation without the flush of %s: %v", api, err)
			}
			if err := restore(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := s.revoke(t.Context(), through); err != nil {
				t.Errorf("the same revocation with it: %v", err)
			}
		})
	}
}

// TestRevokeKilledBetweenFlushes kills the rotator when it has flushed some of the caches.
// The next run must flush all of them again.
func TestRevokeKilledBetweenFlushes(t *testing.T) {
	s := attach(t)
	s.hasten(t)
	e2etest.Cleanup(t, "lead back to one key", s.settle)
	through := s.newest(t)
	before, err := lastCall(t.Context(), s.cloud)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.revoke(t.Context(), through) }()
	for deadline := time.Now().Add(flushLimit); ; {
		count, err := s.flushesSince(t.Context(), before)
		if err != nil {
			t.Fatal(err)
		}
		if count > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no cache was flushed")
		}
		if err := pause(t.Context(), 20*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	if killed, err := s.cloud.Kill(t.Context(), s.rotator.name); err != nil || killed == 0 {
		t.Fatalf("%d rotators killed, %v", killed, err)
	}
	if err := <-ended; err == nil {
		t.Fatal("the revocation is done although its run was killed")
	}
	if before, err = lastCall(t.Context(), s.cloud); err != nil {
		t.Fatal(err)
	}
	if err := s.revoke(t.Context(), through); err != nil {
		t.Fatal(err)
	}
	want := 2
	if s.streams() {
		want = 4
	}
	if count, err := s.flushesSince(t.Context(), before); err != nil || count != want {
		t.Errorf("%d flushes after the kill, want %d; %v", count, want, err)
	}
}

// hasten makes rotations and deployments short until the test ends.
func (s *suite) hasten(t *testing.T) {
	t.Helper()
	s.previewsUnchanged(t)
	s.rotator.changeEnvironment(t, shortTimes)
	if err := s.cloud.SetFleet(t.Context(), awsclient.Fleet{DeploySeconds: 1, Edges: edges}); err != nil {
		t.Fatal(err)
	}
}

// newest returns the name of the keyring's newest key.
func (s *suite) newest(t *testing.T) keyring.Name {
	t.Helper()
	keys, err := keyringBelow(s.account.ssm, s.keyPath)(t.Context())
	if err != nil || len(keys) == 0 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	return keyring.Name(keys[len(keys)-1].name)
}

// revoke has the rotator revoke the keys up to one until that is done or fails.
func (s *suite) revoke(ctx context.Context, through keyring.Name) error {
	for deadline := time.Now().Add(flushLimit); time.Now().Before(deadline); {
		got, err := s.rotator.do(ctx, rotatorapi.Revoke, through)
		if err != nil && !errors.Is(err, errThrottled) || err == nil && got.Done {
			return err
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
	return fmt.Errorf("not done within %s", flushLimit)
}

// flushesSince counts the flushes that the rotator was allowed after a call.
func (s *suite) flushesSince(ctx context.Context, last int) (count int, err error) {
	calls, err := s.cloud.Calls(ctx, last)
	for _, one := range calls {
		if one.Allowed && one.Action == flush && isRole(one.Principal, s.rotatorRole) {
			count++
		}
	}
	return count, err
}

// apiIn returns the ID of the API in the ARN of its cache,
// arn:…::/apis/ID/stages/… or arn:…::/restapis/ID/stages/….
func apiIn(arn string) string {
	parts := strings.Split(arn, "/")
	if len(parts) < 3 {
		return arn
	}
	return parts[2]
}

// resourcesOf returns the resources on which the policy allows an action.
func (p policy) resourcesOf(action string) (all []string) {
	for _, statement := range p.Statement {
		if slices.Contains(actionsOf(statement), action) {
			all = append(all, strs(statement["Resource"])...)
		}
	}
	return all
}

// withoutResource returns the document without one of the resources of an action. A
// statement that has no other is left out.
func (p policy) withoutResource(action, resource string) (string, error) {
	left := policy{Version: p.Version, Statement: []map[string]any{}}
	for _, statement := range p.Statement {
		resources := strs(statement["Resource"])
		if slices.Contains(actionsOf(statement), action) {
			resources = slices.DeleteFunc(resources, func(one string) bool { return one == resource })
		}
		if len(resources) == 0 {
			continue
		}
		changed := map[string]any{}
		for name, value := range statement {
			changed[name] = value
		}
		changed["Resource"] = resources
		left.Statement = append(left.Statement, changed)
	}
	content, err := json.Marshal(left)
	return string(content), err
}

// strs returns one string or a list of them as a list.
func strs(value any) []string {
	return actionsOf(map[string]any{"Action": value})
}

func TestPolicyWithoutResource(t *testing.T) {
	p, err := parsePolicy(`{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": ["s:A"], "Resource": ["arn:::/apis/a/x", "arn:::/restapis/b/x"]},
		{"Effect": "Allow", "Action": "s:B", "Resource": "arn:::/apis/a/x"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	caches := p.resourcesOf("s:A")
	if !slices.Equal(caches, []string{"arn:::/apis/a/x", "arn:::/restapis/b/x"}) || apiIn(caches[0]) != "a" || apiIn(caches[1]) != "b" {
		t.Errorf("got %v", caches)
	}
	for _, one := range []struct{ action, want string }{
		{"s:A", `{"Version":"2012-10-17","Statement":[{"Action":["s:A"],"Effect":"Allow","Resource":["arn:::/restapis/b/x"]},{"Action":"s:B","Effect":"Allow","Resource":["arn:::/apis/a/x"]}]}`},
		{"s:B", `{"Version":"2012-10-17","Statement":[{"Action":["s:A"],"Effect":"Allow","Resource":["arn:::/apis/a/x","arn:::/restapis/b/x"]}]}`},
	} {
		if got, err := p.withoutResource(one.action, "arn:::/apis/a/x"); err != nil || got != one.want {
			t.Errorf("without the resource of %s: %v\n%s", one.action, err, got)
		}
	}
}
