package rotation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
	"github.com/gatehouse-iac/gatehouse/test/e2e/traffic"
)

// shortTimes are times of the rotator that are shortened while rotations follow each other:
// with a grace period of 45 seconds fifty of them would take an hour. The settle time, which
// keeps authorizers and edges together, stays as it is; the grace period protects against an
// `up` at the same time, and there is none in these tests.
var shortTimes = map[string]string{"GATEHOUSE_GRACE": "4s", "GATEHOUSE_DRAIN": "1s"}

const (
	// copies is the number of rotators that may run at once here. The stack lets one run;
	// the protocol must not depend on it.
	copies = 3

	operators     = 3 // that request rotations at the same time
	killInterval  = 5 * time.Second
	rotationLimit = 30 * time.Second // for one, on average
	calmLimit     = 2 * time.Minute  // until ticks alone have led back to one key
)

// chaos returns the faults that the rotator meets: errors before and after the call took
// effect, calls that arrive late, throttling.
func chaos(role string) []awsclient.Fault {
	var all []awsclient.Fault
	for _, target := range []struct{ service, action string }{
		{"ssm", "GetParametersByPath"},
		{"ssm", "PutParameter"},
		{"ssm", "DeleteParameters"},
		{"cloudfront", "GetDistribution"},
		{"cloudfront", "UpdateDistribution"},
	} {
		f := awsclient.Fault{Service: target.service, Action: target.action, Principal: role}
		before, after, throttled, late := f, f, f, f
		before.Mode, before.Probability = "error-before", 0.06
		after.Mode, after.Probability = "error-after", 0.10
		throttled.Mode, throttled.Probability, throttled.Status, throttled.Code = "error-before", 0.06, 400, "ThrottlingException"
		if target.service == "cloudfront" {
			throttled.Status, throttled.Code = 429, "Throttling"
		}
		late.Mode, late.Probability, late.Seconds = "delay", 0.10, 2.5
		all = append(all, before, after, throttled, late)
	}
	return all
}

// disturbed is what was measured of rotations while faults happen.
type disturbed struct {
	measurement

	kills  int64
	faults []awsclient.Fault

	invoked   int64 // besides the invocations of the schedule
	errored   int64 // of these, that failed or were killed
	throttled int64 // of these, that the reserved concurrency rejected
	pairs     int64 // of these, that were sent at once
}

// TestRotationWithFaults rotates under traffic while the rotator is killed, invoked twice at
// once, and its calls of AWS fail or are late. No request may fail; afterwards every deleted
// key is rejected.
func TestRotationWithFaults(t *testing.T) {
	s := attach(t)
	s.previewsUnchanged(t)
	restore := s.rotator.changeEnvironment(t, shortTimes)
	m, err := s.disturb(t, *rotations)
	m.log(t)
	t.Logf("%d rotators killed; %d faults: %s", m.kills, fired(m.faults), firedBy(m.faults))
	t.Logf("%d invocations, %d failed or killed, %d throttled by the reserved concurrency, %d pairs at once",
		m.invoked, m.errored, m.throttled, m.pairs)
	if err := errors.Join(err, m.check(*rotations), restore(t.Context())); err != nil {
		t.Error(err)
	}
	t.Run("deleted keys are rejected", func(t *testing.T) { s.deletedKeysAreRejected(t, m.observer) })
	s.verifyCalls(t)
}

// disturb measures rotations under traffic while faults happen, until so many were observed, and then
// until undisturbed ticks have led back to one key.
func (s *suite) disturb(t testing.TB, rotations int) (m disturbed, err error) {
	ctx := t.Context()
	concurrency := s.rotator.changeConcurrency(t, copies)
	noFaults := func(ctx context.Context) error { return s.cloud.SetFaults(ctx, nil) }
	e2etest.Cleanup(t, "remove the faults", noFaults)
	if err := s.cloud.SetFaults(ctx, chaos(s.rotatorRole)); err != nil {
		t.Fatal(err)
	}
	m.measurement, err = s.measure(ctx, func(o *observer) error {
		err := s.rotateUntil(ctx, o, &m, rotations)
		m.faults, _ = s.cloud.Fired(ctx)
		if err := errors.Join(err, noFaults(ctx), concurrency(ctx)); err != nil {
			return err
		}
		return s.calm(ctx, o)
	})
	return m, err
}

// rotateUntil has the rotator invoked and killed until so many rotations were observed.
func (s *suite) rotateUntil(ctx context.Context, o *observer, m *disturbed, rotations int) error {
	busy, stop := context.WithCancel(ctx)
	defer stop()
	group, busy := errgroup.WithContext(busy)
	for range operators {
		group.Go(func() error { return s.operate(busy, m) })
	}
	group.Go(func() error { return s.killNowAndThen(busy, m) })
	group.Go(func() error { return s.varyDeployments(busy) })
	group.Go(func() error {
		defer stop()
		limit := rotationLimit*time.Duration(rotations) + time.Minute
		return o.await(busy, limit, fmt.Sprintf("%d rotations", rotations), func(seen *timeline) bool {
			return seen.rotations() >= rotations && atomic.LoadInt64(&m.kills) > 0
		})
	})
	err := group.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// operate requests rotations and ticks again and again, some of them twice at once. Failures
// are the purpose; the figures say how many there were.
func (s *suite) operate(ctx context.Context, m *disturbed) error {
	for pause(ctx, traffic.Around(time.Second)) == nil {
		action := rotatorapi.Tick
		if rand.N(4) > 0 {
			action = rotatorapi.Rotate
		}
		times := 1
		if rand.N(4) == 0 {
			times = 2
			atomic.AddInt64(&m.pairs, 1)
		}
		var both errgroup.Group
		for range times {
			both.Go(func() error {
				atomic.AddInt64(&m.invoked, 1)
				switch _, err := s.rotator.do(ctx, action, ""); {
				case errors.Is(err, errThrottled):
					atomic.AddInt64(&m.throttled, 1)
				case err != nil && ctx.Err() == nil:
					atomic.AddInt64(&m.errored, 1)
				}
				return nil
			})
		}
		_ = both.Wait()
	}
	return nil
}

func (s *suite) killNowAndThen(ctx context.Context, m *disturbed) error {
	for pause(ctx, traffic.Around(killInterval)) == nil {
		killed, err := s.cloud.Kill(ctx, s.rotator.name)
		if err != nil && ctx.Err() == nil {
			return err
		}
		atomic.AddInt64(&m.kills, int64(killed))
	}
	return nil
}

// varyDeployments gives each deployment another duration.
func (s *suite) varyDeployments(ctx context.Context) error {
	for pause(ctx, traffic.Around(4*time.Second)) == nil {
		if err := s.setSomeFleet(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// setSomeFleet makes the next deployments take two to four seconds.
func (s *suite) setSomeFleet(ctx context.Context) error {
	return s.cloud.SetFleet(ctx, awsclient.Fleet{DeploySeconds: 2 + 2*rand.Float64(), Edges: edges})
}

// calm has the rotator tick, undisturbed, until the keyring holds one key and every edge
// sends it.
func (s *suite) calm(ctx context.Context, o *observer) error {
	for deadline := time.Now().Add(calmLimit); ; {
		done := false
		o.read(func(seen *timeline) { done = seen.steady() })
		if done {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("ticks alone did not lead back to one key within %s", calmLimit)
		}
		if _, err := s.rotator.do(ctx, "tick", ""); err != nil && !errors.Is(err, errThrottled) {
			return fmt.Errorf("an undisturbed tick failed: %w", err)
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
}

// check returns an error that says which claims about rotations with faults don't hold.
func (m disturbed) check(rotations int) error {
	var problems []error
	if m.kills == 0 {
		problems = append(problems, errors.New("no rotator was killed"))
	}
	if fired(m.faults) == 0 {
		problems = append(problems, errors.New("no fault happened"))
	}
	return errors.Join(append(problems, m.measurement.check(rotations))...)
}

func fired(faults []awsclient.Fault) (count int) {
	for _, f := range faults {
		count += f.Fired
	}
	return count
}

// firedBy sums up faults by mode and service.
func firedBy(faults []awsclient.Fault) string {
	counts := map[string]int{}
	for _, f := range faults {
		counts[f.Service+" "+f.Mode] += f.Fired
	}
	var parts []string
	for name, count := range counts {
		parts = append(parts, fmt.Sprintf("%s %d", name, count))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

func TestDisturbedCheck(t *testing.T) {
	good := disturbed{measurement: goodMeasurement(), kills: 1, faults: []awsclient.Fault{{Fired: 1}}}
	if err := good.check(5); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*disturbed){
		"a failed request": func(m *disturbed) { m.Failures = []traffic.Sample{{Err: errors.New("x")}} },
		"no kill":          func(m *disturbed) { m.kills = 0 },
		"no fault":         func(m *disturbed) { m.faults = nil },
	} {
		bad := good
		spoil(&bad)
		if bad.check(5) == nil {
			t.Errorf("%s passes", name)
		}
	}
}
