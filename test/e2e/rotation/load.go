package rotation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
)

// Times of the rotator that are shortened while rotations follow upon each other:
// with a grace of 45 seconds fifty of them would take an hour. Settle, which keeps
// authorizers and edges together, stays as it is; grace protects against an `up` at
// the same time, and there is none in this part.
var shortTimes = map[string]string{"GATEHOUSE_GRACE": "4s", "GATEHOUSE_DRAIN": "1s"}

const (
	// copies of the rotator that may run at once here. The stack lets one run; the
	// protocol must not depend on it.
	copies = 3

	operators     = 3 // that ask for rotations at the same time
	killPause     = 5 * time.Second
	rotationLimit = 30 * time.Second // for one, on average
	calmLimit     = 2 * time.Minute  // until ticks have put all in order
)

// chaos are the faults that the rotator meets: errors before and after the call took
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

// loaded is what was measured of a rotation under load.
type loaded struct {
	statistics
	observer  *observer
	rotations int
	mismatch  time.Duration
	largest   int
	lasted    []time.Duration
	took      time.Duration

	kills  int64
	faults []awsclient.Fault

	asked      int64 // invocations beside the schedule's
	failed     int64 // of these, that ended with an error or were killed
	turnedAway int64 // of these, that the reserved concurrency refused
	together   int64 // pairs of these that were sent at once
}

// load measures our rotation while everything goes wrong that can.
func (t *test) load(ctx context.Context, s *progress.Step, rotations int) (m loaded, err error) {
	restore, err := t.disturb(ctx)
	if err != nil {
		return m, err
	}
	began := time.Now()
	m.observer = t.newObserver()
	if err := m.observer.start(ctx); err != nil {
		return m, err
	}
	traffic := startTraffic(ctx, t.front())

	err = t.rotateUntil(ctx, s, &m, rotations)
	m.faults, _ = t.cloud.Fired(context.WithoutCancel(ctx))
	err = errors.Join(err, restore(ctx))
	if err == nil {
		s.Doing("waiting until ticks have put all in order")
		err = t.calm(ctx, m.observer)
	}
	m.statistics = traffic.end()
	err = errors.Join(err, m.observer.end())
	m.took = time.Since(began)
	m.observer.read(func(seen *timeline) {
		m.rotations, m.mismatch, m.largest, m.lasted = seen.rotations(), seen.mismatch, seen.largest, seen.lasted()
	})
	return m, err
}

// disturb lets copies of the rotator overlap and its calls fail. What it returns
// ends that.
func (t *test) disturb(ctx context.Context) (restore func(context.Context) error, err error) {
	concurrency, err := t.rotator.changeConcurrency(ctx, &t.changes, copies)
	if err != nil {
		return nil, err
	}
	faults := t.changes.Add("the faults", func(ctx context.Context) error { return t.cloud.SetFaults(ctx, nil) })
	if err := t.cloud.SetFaults(ctx, chaos(t.rotatorRole)); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error { return errors.Join(faults(ctx), concurrency(ctx)) }, nil
}

// rotateUntil has the rotator invoked and killed until so many rotations were seen.
func (t *test) rotateUntil(ctx context.Context, s *progress.Step, m *loaded, rotations int) error {
	busy, stop := context.WithCancel(ctx)
	defer stop()
	group, busy := errgroup.WithContext(busy)
	for range operators {
		group.Go(func() error { return t.operate(busy, m) })
	}
	group.Go(func() error { return t.killNowAndThen(busy, m) })
	group.Go(func() error { return t.varyDeployments(busy) })
	group.Go(func() error {
		defer stop()
		limit := rotationLimit*time.Duration(rotations) + time.Minute
		return m.observer.await(busy, limit, fmt.Sprintf("%d rotations", rotations), func(seen *timeline) bool {
			s.Doing("%d of %d rotations", seen.rotations(), rotations)
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

// operate asks for rotations and ticks again and again, some of them twice at once.
// That one fails is the purpose; the figures say how many did.
func (t *test) operate(ctx context.Context, m *loaded) error {
	for pause(ctx, around(time.Second)) == nil {
		action := rotatorapi.Tick
		if rand.N(4) > 0 {
			action = rotatorapi.Rotate
		}
		times := 1
		if rand.N(4) == 0 {
			times = 2
			atomic.AddInt64(&m.together, 1)
		}
		var both errgroup.Group
		for range times {
			both.Go(func() error {
				atomic.AddInt64(&m.asked, 1)
				switch _, err := t.rotator.do(ctx, action, ""); {
				case errors.Is(err, errThrottled):
					atomic.AddInt64(&m.turnedAway, 1)
				case err != nil && ctx.Err() == nil:
					atomic.AddInt64(&m.failed, 1)
				}
				return nil
			})
		}
		_ = both.Wait()
	}
	return nil
}

func (t *test) killNowAndThen(ctx context.Context, m *loaded) error {
	for pause(ctx, around(killPause)) == nil {
		killed, err := t.cloud.Kill(ctx, t.rotator.name)
		if err != nil && ctx.Err() == nil {
			return err
		}
		atomic.AddInt64(&m.kills, int64(killed))
	}
	return nil
}

// varyDeployments makes each deployment take another time.
func (t *test) varyDeployments(ctx context.Context) error {
	for pause(ctx, around(4*time.Second)) == nil {
		if err := t.setSomeFleet(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// setSomeFleet makes the next deployments take two to four seconds.
func (t *test) setSomeFleet(ctx context.Context) error {
	return t.cloud.SetFleet(ctx, awsclient.Fleet{DeploySeconds: 2 + 2*rand.Float64(), Edges: edges})
}

// calm has the rotator tick, undisturbed, until the ring holds one key and every
// edge sends it.
func (t *test) calm(ctx context.Context, o *observer) error {
	for deadline := time.Now().Add(calmLimit); ; {
		done := false
		o.read(func(seen *timeline) { done = seen.steady() })
		if done {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("ticks alone did not lead back to one key within %s", calmLimit)
		}
		if _, err := t.rotator.do(ctx, "tick", ""); err != nil && !errors.Is(err, errThrottled) {
			return fmt.Errorf("an undisturbed tick failed: %w", err)
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
}

// check reports what must not be after a rotation under load.
func (m loaded) check(rotations int) error {
	var problems []error
	if m.rotations < rotations {
		problems = append(problems, fmt.Errorf("%d rotations instead of %d", m.rotations, rotations))
	}
	if m.kills == 0 {
		problems = append(problems, errors.New("no rotator was killed"))
	}
	if fired(m.faults) == 0 {
		problems = append(problems, errors.New("no fault fired"))
	}
	if m.edges < edges {
		problems = append(problems, fmt.Errorf("only %d of %d edges answered", m.edges, edges))
	}
	if m.mismatch > 0 {
		problems = append(problems, fmt.Errorf("for %s some edge could send a key that the ring did not have", m.mismatch))
	}
	return errors.Join(append(problems, m.noFailures())...)
}

func fired(faults []awsclient.Fault) (count int) {
	for _, f := range faults {
		count += f.Fired
	}
	return count
}

// noFailures is an error that shows failed requests, if there are any.
func (m loaded) noFailures() error { return failed(m.statistics, m.observer) }

func failed(s statistics, o *observer) error {
	if len(s.failures) == 0 && s.requests > 0 {
		return nil
	}
	if s.requests == 0 {
		return errors.New("no request was sent")
	}
	const most = 20
	lines := []string{fmt.Sprintf("%d of %d requests failed (%s):", len(s.failures), s.requests, byStatus(s.failures))}
	o.read(func(seen *timeline) {
		for _, f := range s.failures[:min(most, len(s.failures))] {
			lines = append(lines, fmt.Sprintf("  %s  status %d after %s, edge %s, which could send %s: %s",
				f.at.Format("15:04:05.000"), f.status, f.took.Round(time.Millisecond), orNone(f.edge), seen.sentAt(f.at), f.err))
		}
	})
	if more := len(s.failures) - most; more > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more", more))
	}
	return errors.New(strings.Join(lines, "\n"))
}

func orNone(text string) string {
	if text == "" {
		return "unknown"
	}
	return text
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
