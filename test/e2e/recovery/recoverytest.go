// Package recoverytest kills deployments of the local stack at random moments and
// looks whether the next one completes them, with nothing left over. Then it lets the
// state forget everything, and at last breaks what a deployment needs, and looks whether the doctor says what to do.
package recovery

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/localstack"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/recovery"
)

// Options are what the user chooses.
type Options struct {
	Kills int    // of deployments; with none, all the rest is tested
	Seed  uint64 // of the moments
}

// test is one run.
type test struct {
	show   *progress.Display
	layout checkout.Layout
	driver string // the program
	stack  localstack.Stack
	random *rand.Rand

	// open makes the stack's CLI fit for the cloud that runs now.
	open func(context.Context) localstack.Stack
}

// Run tests with the driver, a program, on the checkout's own local stack, which is
// deployed from nothing several times. open returns the stack in the cloud that runs
// at that moment.
func Run(ctx context.Context, show *progress.Display, l checkout.Layout, driver string, open func(context.Context) localstack.Stack, o Options) error {
	t := &test{show: show, layout: l, driver: driver, open: open, random: rand.New(rand.NewPCG(o.Seed, 0))}
	if err := t.kills(ctx, o); err != nil {
		return err
	}
	if err := t.forgotten(ctx); err != nil {
		return err
	}
	return t.problems(ctx)
}

// kills kills deployments; with none to kill, it only deploys.
func (t *test) kills(ctx context.Context, o Options) error {
	if o.Kills == 0 {
		return t.show.Step(ctx, "undisturbed", func(ctx context.Context, s *progress.Step) error {
			_, err := t.deploy(ctx, s)
			return err
		})
	}
	t.show.Say("%d kills at random moments; the same ones with -seed %d", o.Kills, o.Seed)
	window, err := t.measure(ctx)
	if err != nil {
		return err
	}
	var rows []row
	for n := 1; n <= o.Kills && err == nil; n++ {
		var r row
		r, err = t.once(ctx, n, window)
		rows = append(rows, r)
	}
	t.show.Say("\n%s", strings.TrimRight(table(rows), "\n"))
	return err
}

// measure returns how long a deployment from nothing takes: kills come at any moment
// of it. Unless a stack runs that tells, it makes one.
func (t *test) measure(ctx context.Context) (window time.Duration, err error) {
	err = t.show.Step(ctx, "undisturbed", func(ctx context.Context, s *progress.Step) error {
		if window, err = t.before(ctx); err != nil {
			return err
		}
		if window > 0 {
			s.Note("the stack that runs was deployed within %s", window.Round(time.Second))
			return nil
		}
		window, err = t.deploy(ctx, s)
		return err
	})
	return window, err
}

// deploy deploys from nothing, without disturbance, and returns how long that took.
func (t *test) deploy(ctx context.Context, s *progress.Step) (time.Duration, error) {
	if err := env.Stop(ctx, t.layout); err != nil {
		return 0, err
	}
	a, err := t.up(ctx, "recovery-0", 0)
	if err != nil {
		return 0, err
	}
	t.stack = t.open(ctx)
	c, err := t.check(ctx, recovery.Inventory{})
	s.Note("deployed within %s; %d resources are in the state and in the servers", a.deployed.Round(time.Second), c.compared)
	return a.deployed, err
}

// once kills a deployment into empty servers, and lets the next one complete it.
func (t *test) once(ctx context.Context, n int, window time.Duration) (row, error) {
	r := row{moment: time.Duration(t.random.Int64N(int64(window)))}
	err := t.show.Step(ctx, fmt.Sprintf("kill %d", n), func(ctx context.Context, s *progress.Step) error {
		s.Doing("after %s", r.moment.Round(100*time.Millisecond))
		if err := env.Stop(ctx, t.layout); err != nil {
			return err
		}
		killed, err := t.up(ctx, fmt.Sprintf("recovery-%d-killed", n), r.moment)
		if err != nil {
			return err
		}
		r.doing = t.doing(killed)
		if killed.left != "" {
			return fmt.Errorf("these go on after the kill: %s", killed.left)
		}
		before, err := t.inventory(ctx)
		if err != nil {
			return err
		}
		s.Doing("killed: %s; and again", r.doing)
		again, err := t.up(ctx, fmt.Sprintf("recovery-%d-again", n), 0)
		if err != nil {
			return err
		}
		r.mended = mended(again.said)
		t.stack = t.open(ctx)
		r.comparison, err = t.check(ctx, before)
		s.Note("%s; %s", r.doing, r.mended)
		return err
	})
	r.err = err
	return r, err
}
