package rotation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
)

// updates deploys with the real engine, each time with something to change on the
// distribution's origin: what Pulumi's state knows of the header is out of date, or the
// rotator is at work meanwhile. No request may fail, and each change of the
// distribution has to carry a key of the ring.
func (t *test) updates(ctx context.Context, s *progress.Step) error {
	if err := t.cloud.SetFleet(ctx, awsclient.Fleet{DeploySeconds: 4, Edges: edges}); err != nil {
		return err
	}
	before, err := t.cloud.OriginHeaders(ctx, 0)
	if err != nil {
		return err
	}
	o := t.newObserver()
	if err := o.start(ctx); err != nil {
		return err
	}
	traffic := startTraffic(ctx, t.front())
	err = t.updateInManyWays(ctx, s, o)
	sum := traffic.end()
	if err = errors.Join(err, o.end(), failed(sum, o)); err != nil {
		return err
	}
	sent, err := t.cloud.OriginHeaders(ctx, len(before))
	if err != nil {
		return err
	}
	s.Note("%d changes of the distribution, %d requests", len(sent), sum.requests)
	return t.carryKeys(sent)
}

func (t *test) updateInManyWays(ctx context.Context, s *progress.Step, o *observer) error {
	for _, one := range []struct {
		name string
		do   func(context.Context, func(string), *observer) error
	}{
		{"with a state from before two rotations, and no refresh", t.updateFromOldState},
		{"with a second origin, while the key rotates", t.updateWhileRotating},
		{"with the settings of before", t.updateBack},
	} {
		if err := one.do(ctx, func(text string) { s.Doing("up %s: %s", one.name, text) }, o); err != nil {
			return fmt.Errorf("up %s: %w", one.name, err)
		}
	}
	return nil
}

// updateFromOldState rotates twice, until no key of before is left, and then updates
// from the state of before.
func (t *test) updateFromOldState(ctx context.Context, doing func(string), o *observer) error {
	state, err := t.stack.Export(ctx)
	if err != nil {
		return err
	}
	old, err := o.ring(ctx)
	if err != nil {
		return err
	}
	doing("rotating twice")
	for range 2 {
		if err := t.rotateOnce(ctx); err != nil {
			return err
		}
	}
	doing("waiting until the old keys are deleted")
	if err := t.awaitDeleted(ctx, o, old); err != nil {
		return err
	}
	if err := t.stack.Import(ctx, state); err != nil {
		return err
	}
	_, err = t.stack.UpWithoutRefresh(ctx, map[string]any{"gatehouse:originReadTimeout": "50s"}, doing)
	return err
}

// awaitDeleted waits until none of the keys is in the ring, with a rotator that runs
// more often than by its schedule.
func (t *test) awaitDeleted(ctx context.Context, o *observer, old []key) error {
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); {
		ring, err := o.ring(ctx)
		if err != nil {
			return err
		}
		isOld := func(k key) bool {
			return slices.ContainsFunc(old, func(other key) bool { return other.name == k.name })
		}
		if !slices.ContainsFunc(ring, isOld) {
			return nil
		}
		if _, err := t.rotator.do(ctx, "tick", ""); err != nil && !errors.Is(err, errThrottled) {
			return err
		}
		if err := pause(ctx, 2*time.Second); err != nil {
			return err
		}
	}
	return errors.New("the old keys are still in the ring")
}

// updateWhileRotating switches the origin shield off while the key rotates all the
// time. It also takes away what was added by hand: a second origin with the key, of
// which a rotation has changed the header as well, and another comment.
func (t *test) updateWhileRotating(ctx context.Context, doing func(string), _ *observer) error {
	comment, err := t.addOrigin(ctx)
	if err != nil {
		return err
	}
	doing("rotating on two origins")
	if err := t.rotateOnce(ctx); err != nil {
		return err
	}
	rotating, stop := context.WithCancel(ctx)
	defer stop()
	rotated := make(chan error, 1)
	go func() {
		rotations, err := t.keepRotating(rotating)
		if err == nil && rotations == 0 {
			err = errors.New("the key did not rotate during the update")
		}
		rotated <- err
	}()
	_, err = t.stack.UpWith(ctx, map[string]any{"gatehouse:originShieldRegion": ""}, doing)
	stop()
	if err := errors.Join(err, <-rotated); err != nil {
		return err
	}
	after, err := t.config(ctx)
	switch {
	case err != nil:
		return err
	case *after.Comment != comment:
		return fmt.Errorf("the distribution's comment is still %q instead of %q", *after.Comment, comment)
	case len(after.Origins.Items) != 1:
		return errors.New("the second origin is still there")
	}
	return nil
}

// updateBack deploys the stack as it is meant, and previews it.
func (t *test) updateBack(ctx context.Context, doing func(string), _ *observer) error {
	if _, err := t.stack.UpWith(ctx, nil, doing); err != nil {
		return err
	}
	preview, err := t.stack.Preview(ctx, doing)
	if err == nil && preview != pulumicli.NoChange {
		err = fmt.Errorf("the preview after it shows %q instead of %q", preview, pulumicli.NoChange)
	}
	return err
}
