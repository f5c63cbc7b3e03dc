// Package rotation tests the rotation of the origin key on the running sandbox: under
// traffic and with faults, during updates of the stack, by the schedule alone, with each
// permission of the rotator missing, and next to the usual rotation of one value.
//
//	go test ./test/e2e/rotation -run Faults -rotations 50 -v
package rotation

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/chatstream"
	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
	"github.com/gatehouse-iac/gatehouse/test/e2e/fixture"
	"github.com/gatehouse-iac/gatehouse/test/e2e/traffic"
)

var rotations = flag.Int("rotations", 50, "`number` of rotations with faults")

// edges is the number of edge locations of the sandbox's CloudFront.
const edges = 4

// suite has what the tests need of the running stack.
type suite struct {
	env     *env.Environment
	cloud   awsclient.Controls
	account account
	calls   *callRecorder

	header         string // that carries the origin key
	keyPath        string
	distributionID string
	apiID          string

	rotator        rotator
	rotatorRole    string
	authorizer     function
	authorizerRole string
}

// attach returns the suite on the running stack, at rest and without faults.
func attach(t testing.TB) *suite {
	t.Helper()
	e := e2etest.Attach(t)
	ctx := t.Context()
	s, err := newSuite(ctx, e)
	if err != nil {
		t.Fatal(err)
	}
	if s.calls, err = newCallRecorder(ctx, s.cloud); err != nil {
		t.Fatal(err)
	}
	go s.calls.keep(ctx)
	if err := s.cloud.SetFaults(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if err := fixture.AwaitDeployed(ctx, s.account.cloudFront, s.distributionID); err != nil {
		t.Fatal(err)
	}
	before, err := s.cloud.Fleet(ctx)
	if err != nil {
		t.Fatal(err)
	}
	e2etest.Cleanup(t, "restore CloudFront's deployments", func(ctx context.Context) error { return s.cloud.SetFleet(ctx, before) })
	if err := s.cloud.SetFleet(ctx, awsclient.Fleet{DeploySeconds: 4, Edges: edges}); err != nil {
		t.Fatal(err)
	}
	times, err := s.times(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if least := times.refetch + time.Second; times.settle <= least {
		t.Fatalf("the rotator's settle time is %s; the protocol needs more than %s", times.settle, least)
	}
	return s
}

func newSuite(ctx context.Context, e *env.Environment) (*suite, error) {
	endpoint := e.Servers.Cloud.Endpoint()
	s := &suite{env: e, cloud: awsclient.Controls{Endpoint: endpoint}, account: newAccount(endpoint)}
	for name, into := range map[string]*string{
		"originHeaderName": &s.header, "parameterPath": &s.keyPath, "distributionId": &s.distributionID, "apiId": &s.apiID,
	} {
		if *into = e.Outputs[name]; *into == "" {
			return nil, fmt.Errorf("the stack has no output %s: bring it up to date with `make local`", name)
		}
	}
	var err error
	if s.rotator, err = newRotator(function{s.account.lambda, e.Outputs["rotatorName"]}, e.Outputs["rotationEvent"]); err != nil {
		return nil, err
	}
	if s.authorizer, err = s.findAuthorizer(ctx); err != nil {
		return nil, err
	}
	if s.rotatorRole, err = s.rotator.role(ctx); err != nil {
		return nil, err
	}
	s.authorizerRole, err = s.authorizer.role(ctx)
	return s, err
}

// streams reports whether the stack has the REST API.
func (s *suite) streams() bool { return s.env.StreamURL() != "" }

// apis returns the APIs, which bypass the distribution, by their names, with a value in the
// origin header.
func (s *suite) apis(value string) map[string]traffic.Target {
	all := map[string]traffic.Target{
		"HTTP API": {URL: s.env.ModelsURL(s.env.APIURL()), HeaderName: s.header, HeaderValue: value, Credential: s.env.Authorization()},
	}
	if s.streams() {
		all["REST API"] = traffic.Target{
			URL: s.env.StreamURL() + s.env.Outputs["apiPrefix"] + chatstream.Path, Host: s.env.StreamHost(), HeaderName: s.header, HeaderValue: value, Chat: true,
			Credential: s.env.Authorization(),
		}
	}
	return all
}

func (s *suite) newObserver() *observer {
	return &observer{
		cloudFront: s.account.cloudFront, distribution: s.distributionID, header: s.header,
		keyring: keyringBelow(s.account.ssm, s.keyPath),
	}
}

// previewsUnchanged verifies, when all else is restored, that a preview shows no change.
func (s *suite) previewsUnchanged(t testing.TB) {
	t.Helper()
	e2etest.Cleanup(t, "preview after the test", func(ctx context.Context) error {
		_, err := s.env.Stack.Preview(ctx, func(string) {})
		return err
	})
}

// measurement is what was measured of rotations under traffic.
type measurement struct {
	traffic.Statistics
	observer  *observer
	rotations int
	mismatch  time.Duration // in which an edge could send a key that the API rejects
	largest   int           // keyring
	lasted    []time.Duration
	took      time.Duration
}

// measure sends traffic to the distribution and observes it while f runs.
func (s *suite) measure(ctx context.Context, f func(*observer) error) (measurement, error) {
	o := s.newObserver()
	return measure(ctx, o, traffic.Viewers(s.env), func() error { return f(o) })
}

// measure sends traffic and observes its distribution while f runs.
func measure(ctx context.Context, o *observer, load traffic.Load, f func() error) (m measurement, err error) {
	m.observer = o
	began := time.Now()
	if err := o.start(ctx); err != nil {
		return m, err
	}
	requests := load.Start(ctx)
	err = f()
	m.Statistics = requests.End()
	err = errors.Join(err, o.end())
	m.took = time.Since(began)
	o.read(func(seen *timeline) {
		m.rotations, m.mismatch, m.largest, m.lasted = seen.rotations(), seen.mismatch, seen.largest, seen.lasted()
	})
	return m, err
}

// log logs the figures.
func (m measurement) log(t testing.TB) {
	t.Helper()
	t.Logf("%d rotations, %d requests and %d streams, %d failed, in %s", m.rotations, m.Requests, m.Streams, len(m.Failures), m.took.Round(time.Second))
	t.Logf("%d connections to %d edges; latency p50 %d ms, p99 %d ms", m.Connections, m.Edges, m.P50.Milliseconds(), m.P99.Milliseconds())
	t.Logf("an edge could send a rejected key for %s; at most %d keys at once", m.mismatch.Round(time.Millisecond), m.largest)
	if len(m.lasted) > 0 {
		t.Logf("from the new key to the deletion of the old ones: p50 %s, most %s",
			traffic.Percentile(m.lasted, 50).Round(time.Second), slices.Max(m.lasted).Round(time.Second))
	}
}

// check returns an error that says which claims about so many rotations don't hold.
func (m measurement) check(rotations int) error {
	var problems []error
	if m.rotations < rotations {
		problems = append(problems, fmt.Errorf("%d rotations, want %d", m.rotations, rotations))
	}
	if m.Edges < edges {
		problems = append(problems, fmt.Errorf("%d edges responded, want %d", m.Edges, edges))
	}
	if m.mismatch > 0 {
		problems = append(problems, fmt.Errorf("for %s some edge could send a key that was not in the keyring", m.mismatch))
	}
	return errors.Join(append(problems, m.failed())...)
}

// failed returns an error that shows failed requests, with the keys that edges could send at
// the time. There is one too if none was sent.
func (m measurement) failed() (err error) {
	m.observer.read(func(seen *timeline) {
		err = m.Failed(func(f traffic.Sample) string { return ", which could send " + seen.sentAt(f.At) })
	})
	return err
}

// TestRotationUnderLoad rotates a few times under traffic, without faults. No request may
// fail.
func TestRotationUnderLoad(t *testing.T) {
	s := attach(t)
	s.rotator.changeEnvironment(t, shortTimes)
	count := min(*rotations, 3)
	m, err := s.measure(t.Context(), func(o *observer) error {
		for range count {
			if err := s.rotateOnce(t.Context()); err != nil {
				return err
			}
		}
		return s.calm(t.Context(), o)
	})
	m.log(t)
	if err := errors.Join(err, m.check(count)); err != nil {
		t.Error(err)
	}
	s.verifyCalls(t)
}

// TestRevoke revokes all keys under traffic: those of before are deleted, the API rejects
// them as soon as no cache has them, and requests succeed again. Some may fail meanwhile.
func TestRevoke(t *testing.T) {
	s := attach(t)
	before, err := keyringBelow(s.account.ssm, s.keyPath)(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.measure(t.Context(), func(o *observer) error {
		began := time.Now()
		if err := s.request(t.Context(), "revoke"); err != nil {
			return err
		}
		t.Logf("revoked in %s", time.Since(began).Round(time.Second))
		return s.awaitDeleted(t.Context(), o, before)
	})
	m.log(t)
	if err != nil {
		t.Fatal(err)
	}
	s.deletedKeysAreRejected(t, m.observer)
	for _, one := range traffic.Viewers(s.env).Targets {
		if err := one.Check(t.Context()); err != nil {
			t.Errorf("%s after the keys were revoked: %v", one.URL, err)
		}
	}
	s.verifyCalls(t)
}

// deletedKeysAreRejected sends each key that o ever saw in the keyring to each API: it must
// reject those that are deleted, once no cache has them, and accept the others.
func (s *suite) deletedKeysAreRejected(t *testing.T, o *observer) {
	t.Helper()
	times, err := s.times(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := pause(t.Context(), times.caches+time.Second); err != nil {
		t.Fatal(err)
	}
	keyring, err := keyringBelow(s.account.ssm, s.keyPath)(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	valid := map[string]bool{}
	for _, k := range keyring {
		valid[k.value] = true
	}
	var keys []key
	o.read(func(seen *timeline) { keys = seen.keys() })
	rejected := 0
	client := &http.Client{Timeout: traffic.Timeout}
	for _, k := range keys {
		for name, api := range s.apis(k.value) {
			got := api.Send(t.Context(), client)
			switch {
			case valid[k.value] && got.Err != nil:
				t.Errorf("key %s is in the keyring, and the %s responded with %d: %v", k.name, name, got.Status, got.Err)
			case valid[k.value]:
			case got.Status == http.StatusForbidden:
				rejected++
			default:
				t.Errorf("key %s is deleted, and the %s responded with %d, want %d", k.name, name, got.Status, http.StatusForbidden)
			}
		}
	}
	if rejected == 0 {
		t.Error("there was no deleted key to try")
	}
	t.Logf("deleted keys were rejected %d times", rejected)
}

// rotateOnce publishes another key.
func (s *suite) rotateOnce(ctx context.Context) error { return s.request(ctx, "rotate") }

// request has the rotator carry out a request to its end.
func (s *suite) request(ctx context.Context, action rotatorapi.Action) error {
	const limit = 2 * time.Minute
	var through keyring.Name
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); {
		a, err := s.rotator.do(ctx, action, through)
		if err == nil && a.Done {
			return nil
		}
		if err != nil && !errors.Is(err, errThrottled) {
			return fmt.Errorf("%s: %w", action, err)
		}
		if err == nil {
			through = a.Through
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s: not done within %s", action, limit)
}

// keepRotating rotates until the context ends, and returns how often.
func (s *suite) keepRotating(ctx context.Context) (rotations int, err error) {
	for {
		err := s.rotateOnce(ctx)
		switch {
		case ctx.Err() != nil:
			return rotations, nil
		case err != nil:
			return rotations, err
		}
		rotations++
	}
}

// awaitDeleted waits until none of the keys is in the keyring, with a rotator that runs
// more often than by its schedule.
func (s *suite) awaitDeleted(ctx context.Context, o *observer, old []key) error {
	isOld := func(k key) bool {
		return slices.ContainsFunc(old, func(other key) bool { return other.name == k.name })
	}
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); {
		keyring, err := o.keyring(ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(keyring, isOld) {
			return nil
		}
		if _, err := s.rotator.do(ctx, "tick", ""); err != nil && !errors.Is(err, errThrottled) {
			return err
		}
		if err := pause(ctx, 2*time.Second); err != nil {
			return err
		}
	}
	return errors.New("the old keys are still in the keyring")
}

func goodMeasurement() measurement {
	return measurement{Statistics: traffic.Statistics{Requests: 9, Edges: edges}, observer: &observer{}, rotations: 5}
}

func TestMeasurementCheck(t *testing.T) {
	good := goodMeasurement()
	if err := good.check(5); err != nil {
		t.Error(err)
	}
	cases := map[string]func(*measurement){
		"a failed request":    func(m *measurement) { m.Failures = []traffic.Sample{{Err: errors.New("x")}} },
		"no request":          func(m *measurement) { m.Requests = 0 },
		"too few rotations":   func(m *measurement) { m.rotations = 4 },
		"a mismatch":          func(m *measurement) { m.mismatch = 1 },
		"an edge not reached": func(m *measurement) { m.Edges = edges - 1 },
	}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		bad := good
		cases[name](&bad)
		if bad.check(5) == nil {
			t.Errorf("%s passes", name)
		}
	}
}
