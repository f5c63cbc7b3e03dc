package rotation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/localstack"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
)

// Measured is how ours and the algorithm that it replaces rotate.
type Measured struct {
	Ours, Baseline Load
	Lasting        []Lasting
}

// Load is what was measured of rotations under load.
type Load struct {
	Rotations, Requests, Failed int
	Mismatch                    time.Duration // in which an edge could send a refused key
}

// Lasting is how long a rotation lasts, from the new key's appearance until no older
// key is left, if CloudFront takes Deployment.
type Lasting struct{ Deployment, Lasted time.Duration }

// deployments are the times of CloudFront's that are tried for [Lasting].
var deployments = []time.Duration{2 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute}

// Measure measures so many rotations of ours under load and disturbance, beside the
// baseline's, and then how long a rotation lasts.
func Measure(ctx context.Context, show *progress.Display, running awsserver.Cloud, s localstack.Stack, rotations int) (m Measured, err error) {
	t, err := newTest(ctx, show, running, s)
	if err != nil {
		return m, err
	}
	if err := t.noteFleet(ctx); err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, t.changes.RevertAll(ctx)) }()
	if err := t.step(ctx, "beginning", t.begin); err != nil {
		return m, err
	}
	// The schedule's ticks would come between ours, and ask the baseline's API.
	if err := t.suspendSchedules(ctx, &t.changes); err != nil {
		return m, err
	}
	if _, err := t.rotator.changeEnvironment(ctx, &t.changes, shortTimes); err != nil {
		return m, err
	}
	err = t.step(ctx, "under load", func(ctx context.Context, s *progress.Step) error {
		ours, err := t.load(ctx, s, rotations)
		m.Ours = ours.figures()
		s.Note("%d requests, %d failed", m.Ours.Requests, m.Ours.Failed)
		return err
	})
	if err != nil {
		return m, err
	}
	err = t.step(ctx, "one value", func(ctx context.Context, s *progress.Step) error {
		theirs, err := t.baseline(ctx, s)
		m.Baseline = theirs.figures()
		s.Note("%d requests, %d failed", m.Baseline.Requests, m.Baseline.Failed)
		return errors.Join(err, theirs.mustFail())
	})
	if err != nil {
		return m, err
	}
	err = t.step(ctx, "deployments", func(ctx context.Context, s *progress.Step) error {
		for _, deployment := range deployments {
			s.Doing("of %s", deployment)
			lasted, err := t.lasting(ctx, deployment)
			if err != nil {
				return fmt.Errorf("with deployments of %s: %w", deployment, err)
			}
			m.Lasting = append(m.Lasting, Lasting{deployment, lasted})
		}
		return nil
	})
	return m, err
}

func (m loaded) figures() Load {
	return Load{Rotations: m.rotations, Requests: m.requests, Failed: len(m.failures), Mismatch: m.mismatch}
}

// lasting rotates once, undisturbed, and returns how long that lasted.
func (t *test) lasting(ctx context.Context, deployment time.Duration) (time.Duration, error) {
	if err := t.cloud.SetFleet(ctx, awsclient.Fleet{DeploySeconds: deployment.Seconds(), Edges: edges}); err != nil {
		return 0, err
	}
	o := t.newObserver()
	if err := o.start(ctx); err != nil {
		return 0, err
	}
	if err := errors.Join(t.rotateToTheEnd(ctx, o), o.end()); err != nil {
		return 0, err
	}
	var lasted []time.Duration
	o.read(func(seen *timeline) { lasted = seen.lasted() })
	return lasted[0], nil
}

// rotateToTheEnd rotates from one key to another alone, by ticks.
func (t *test) rotateToTheEnd(ctx context.Context, o *observer) error {
	if err := t.calm(ctx, o); err != nil {
		return err
	}
	if err := t.beginRotation(ctx); err != nil {
		return err
	}
	ticking, stop := context.WithCancel(ctx)
	defer stop()
	var group errgroup.Group
	group.Go(func() error {
		for pause(ticking, lookPause) == nil {
			if _, err := t.rotator.do(ticking, "tick", ""); err != nil && !errors.Is(err, errThrottled) && ticking.Err() == nil {
				return fmt.Errorf("an undisturbed tick failed: %w", err)
			}
		}
		return nil
	})
	err := o.await(ctx, calmLimit, "a rotation to its end", func(seen *timeline) bool { return len(seen.lasted()) > 0 })
	stop()
	return errors.Join(err, group.Wait())
}

// beginRotation asks for another key as soon as no other run of the rotator is under
// way: one whose caller is gone may be.
func (t *test) beginRotation(ctx context.Context) error {
	for deadline := time.Now().Add(calmLimit); ; {
		_, err := t.rotator.do(ctx, "rotate", "")
		if !errors.Is(err, errThrottled) || time.Now().After(deadline) {
			return err
		}
		if err := pause(ctx, lookPause); err != nil {
			return err
		}
	}
}
