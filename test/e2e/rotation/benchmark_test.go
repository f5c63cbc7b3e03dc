package rotation

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
)

// BenchmarkRotations measures rotations under traffic: the stack's with faults, and the
// usual one of one value without. `make bench PART=rotation` reads what it reports.
func BenchmarkRotations(b *testing.B) {
	report := func(b *testing.B, m measurement) {
		b.Helper()
		m.log(b)
		b.ReportMetric(float64(m.rotations), "rotations")
		b.ReportMetric(float64(m.Requests), "requests")
		b.ReportMetric(float64(len(m.Failures)), "failed")
		b.ReportMetric(m.mismatch.Seconds(), "mismatch-s")
	}
	b.Run("gatehouse", func(b *testing.B) {
		s := attach(b)
		s.suspendSchedules(b) // their ticks would come between those that are measured
		s.rotator.changeEnvironment(b, shortTimes)
		m, err := s.disturb(b, *rotations)
		if err != nil {
			b.Fatal(err)
		}
		report(b, m.measurement)
	})
	b.Run("one-value", func(b *testing.B) {
		m, err := attach(b).rotateOneValue(b)
		if err := errors.Join(err, m.mustFail()); err != nil {
			b.Fatal(err)
		}
		report(b, m)
	})
}

// BenchmarkRotation measures how long one rotation lasts, from the addition of the new key
// until no older key is left, by the seconds that CloudFront takes to deploy.
func BenchmarkRotation(b *testing.B) {
	for _, deployment := range []time.Duration{2 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute} {
		b.Run(fmt.Sprintf("deployment=%.0f", deployment.Seconds()), func(b *testing.B) {
			s := attach(b)
			s.suspendSchedules(b)
			s.rotator.changeEnvironment(b, shortTimes)
			lasted, err := s.rotationTime(b.Context(), deployment)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(lasted.Seconds(), "lasted-s")
		})
	}
}

// rotationTime rotates once, undisturbed, and returns how long that lasted.
func (s *suite) rotationTime(ctx context.Context, deployment time.Duration) (time.Duration, error) {
	if err := s.cloud.SetFleet(ctx, awsclient.Fleet{DeploySeconds: deployment.Seconds(), Edges: edges}); err != nil {
		return 0, err
	}
	o := s.newObserver()
	if err := o.start(ctx); err != nil {
		return 0, err
	}
	if err := errors.Join(s.rotateToTheEnd(ctx, o), o.end()); err != nil {
		return 0, err
	}
	var lasted []time.Duration
	o.read(func(seen *timeline) { lasted = seen.lasted() })
	return lasted[0], nil
}

// rotateToTheEnd rotates until the new key is the only one, by ticks.
func (s *suite) rotateToTheEnd(ctx context.Context, o *observer) error {
	if err := s.calm(ctx, o); err != nil {
		return err
	}
	if err := s.beginRotation(ctx); err != nil {
		return err
	}
	ticking, stop := context.WithCancel(ctx)
	defer stop()
	var group errgroup.Group
	group.Go(func() error {
		for pause(ticking, pollInterval) == nil {
			if _, err := s.rotator.do(ticking, "tick", ""); err != nil && !errors.Is(err, errThrottled) && ticking.Err() == nil {
				return fmt.Errorf("an undisturbed tick failed: %w", err)
			}
		}
		return nil
	})
	err := o.await(ctx, calmLimit, "a rotation to its end", func(seen *timeline) bool { return len(seen.lasted()) > 0 })
	stop()
	return errors.Join(err, group.Wait())
}

// beginRotation requests another key as soon as no other run of the rotator is under way:
// one whose caller is gone may be.
func (s *suite) beginRotation(ctx context.Context) error {
	for deadline := time.Now().Add(calmLimit); ; {
		_, err := s.rotator.do(ctx, "rotate", "")
		if !errors.Is(err, errThrottled) || time.Now().After(deadline) {
			return err
		}
		if err := pause(ctx, pollInterval); err != nil {
			return err
		}
	}
}
