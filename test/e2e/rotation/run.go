// Package rotationtest proves the rotation of the origin key on the running local
// stack: under load and disturbance, beside the algorithm that it replaces, with
// updates of the stack in between, by the schedule alone, and with permissions missing.
package rotation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/localstack"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/test/e2e/fixture"
	"github.com/gatehouse-iac/gatehouse/test/e2e/restore"
)

// edges of the simulated CloudFront.
const edges = 4

// Options are what the user chooses.
type Options struct {
	Rotations int
	Baseline  bool // measure the algorithm that ours replaces, too
}

// Run proves the rotation on the stack that runs in the cloud, and shows what it
// measured. Its error says what was not as it has to be.
func Run(ctx context.Context, show *progress.Display, running awsserver.Cloud, s localstack.Stack, o Options) (err error) {
	t, err := newTest(ctx, show, running, s)
	if err != nil {
		return err
	}
	defer func() {
		left := t.changes.RevertAll(ctx)
		if left != nil && ctx.Err() != nil { // after an interrupt nobody reports the error
			t.show.Say("%v", left)
		}
		err = errors.Join(err, left)
	}()
	if err := t.noteFleet(ctx); err != nil {
		return err
	}
	return t.run(ctx, o)
}

// noteFleet has CloudFront's deployments put back as they are now.
func (t *test) noteFleet(ctx context.Context) error {
	before, err := t.cloud.Fleet(ctx)
	if err != nil {
		return err
	}
	t.changes.Add("CloudFront's deployments", func(ctx context.Context) error {
		return t.cloud.SetFleet(ctx, before)
	})
	return nil
}

// test is one run.
type test struct {
	show    *progress.Display
	stack   localstack.Stack
	build   *build.Builder
	ports   awsserver.Ports
	cloud   awsclient.Controls
	account account
	changes restore.Changes
	ledger  *ledger

	header         string // that carries the origin key
	keyPath        string
	distributionID string
	apiID          string

	rotator        rotator
	rotatorRole    string
	authorizer     function
	authorizerRole string
}

func newTest(ctx context.Context, show *progress.Display, running awsserver.Cloud, s localstack.Stack) (*test, error) {
	outputs, _, err := s.Outputs(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w\ndeploy the stack with `make local` first", err)
	}
	t := &test{
		show: show, stack: s, build: build.New(s.Layout), ports: running.Ports,
		cloud: awsclient.Controls{Endpoint: running.Endpoint()}, account: newAccount(running.Endpoint()),
	}
	for _, output := range []struct {
		name string
		into *string
	}{
		{"originHeaderName", &t.header},
		{"parameterPath", &t.keyPath},
		{"distributionId", &t.distributionID},
		{"apiId", &t.apiID},
	} {
		if *output.into = outputs[output.name]; *output.into == "" {
			return nil, fmt.Errorf("the stack has no output %s: bring it up to date with `make local`", output.name)
		}
	}
	if t.rotator, err = newRotator(function{t.account.lambda, outputs["rotatorName"]}, outputs["rotationEvent"]); err != nil {
		return nil, err
	}
	if t.authorizer, err = t.findAuthorizer(ctx); err != nil {
		return nil, err
	}
	if t.rotatorRole, err = t.rotator.role(ctx); err != nil {
		return nil, err
	}
	t.authorizerRole, err = t.authorizer.role(ctx)
	return t, err
}

// front is the distribution as viewers reach it.
func (t *test) front() door { return door{url: awsserver.URL(t.ports.Distribution)} }

// direct is the API, past the distribution, with a value in the header.
func (t *test) direct(value string) door {
	return door{url: awsserver.URL(t.ports.API), headerName: t.header, headerValue: value}
}

func (t *test) newObserver() *observer {
	return &observer{
		cloudFront: t.account.cloudFront, distribution: t.distributionID, header: t.header,
		ring: ringBelow(t.account.ssm, t.keyPath),
	}
}

// run proves one claim after another. All are tried, and all that failed is told.
func (t *test) run(ctx context.Context, o Options) error {
	if err := t.step(ctx, "beginning", t.begin); err != nil {
		return err
	}
	collecting, stop := context.WithCancel(ctx)
	defer stop()
	go t.ledger.keep(collecting)
	var broken []string
	try := func(name string, f func(context.Context, *progress.Step) error) {
		if ctx.Err() != nil {
			return
		}
		if err := t.step(ctx, name, f); err != nil && ctx.Err() == nil {
			t.show.Say("  %s", strings.ReplaceAll(err.Error(), "\n", "\n  "))
			broken = append(broken, name)
		}
	}
	var ours, theirs loaded
	try("under load", func(ctx context.Context, s *progress.Step) (err error) {
		restore, err := t.rotator.changeEnvironment(ctx, &t.changes, shortTimes)
		if err != nil {
			return err
		}
		ours, err = t.load(ctx, s, o.Rotations)
		s.Note("%d rotations, %d requests, %d failed", ours.rotations, ours.requests, len(ours.failures))
		return errors.Join(err, ours.check(o.Rotations), restore(ctx))
	})
	var old oldValues
	try("old values", func(ctx context.Context, s *progress.Step) (err error) {
		old, err = t.oldValues(ctx, s, ours.observer)
		s.Note("%d of %d refused", old.refused, old.tried)
		return err
	})
	if o.Baseline {
		try("baseline", func(ctx context.Context, s *progress.Step) (err error) {
			theirs, err = t.baseline(ctx, s)
			s.Note("%d rotations, %d requests, %d failed", theirs.rotations, theirs.requests, len(theirs.failures))
			if err != nil {
				return err
			}
			return theirs.mustFail()
		})
	}
	try("updates", t.updates)
	try("by schedule", t.bySchedule)
	try("calls", func(ctx context.Context, s *progress.Step) error { return t.ledger.check(ctx, s, t) })
	var permissions []permission
	try("permissions", func(ctx context.Context, s *progress.Step) (err error) {
		permissions, err = t.permissions(ctx, s)
		return err
	})
	if ctx.Err() == nil {
		t.show.Say("\n%s", comparison(ours, theirs, old, o.Baseline))
		t.show.Say("\n%s", permissionTable(permissions))
	}
	try("all put back", func(ctx context.Context, s *progress.Step) error {
		if err := t.changes.RevertAll(ctx); err != nil {
			return err
		}
		changes, err := t.stack.Preview(ctx, func(text string) { s.Doing("%s", text) })
		s.Note("preview: %s", changes)
		return err
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if len(broken) > 0 {
		return fmt.Errorf("not proven: %s", strings.Join(broken, ", "))
	}
	return nil
}

func (t *test) step(ctx context.Context, name string, f func(context.Context, *progress.Step) error) error {
	return t.show.Step(ctx, name, f)
}

// begin makes sure that the stack is at rest and the times are such that the test
// shows what it claims.
func (t *test) begin(ctx context.Context, s *progress.Step) error {
	var err error
	if t.ledger, err = newLedger(ctx, t.cloud); err != nil {
		return err
	}
	if err := t.cloud.SetFaults(ctx, nil); err != nil {
		return err
	}
	s.Doing("waiting for CloudFront")
	if err := fixture.AwaitDeployed(ctx, t.account.cloudFront, t.distributionID); err != nil {
		return err
	}
	if err := t.cloud.SetFleet(ctx, awsclient.Fleet{DeploySeconds: 4, Edges: edges}); err != nil {
		return err
	}
	times, err := t.times(ctx)
	if err != nil {
		return err
	}
	if least := times.refetch + time.Second; times.settle <= least {
		return fmt.Errorf("the rotator's settle time is %s; the protocol needs more than %s", times.settle, least)
	}
	s.Note("settle %s, refetch %s", times.settle, times.refetch)
	t.show.Say("  grace and drain are shortened to %s and %s while rotations follow upon each other",
		shortTimes["GATEHOUSE_GRACE"], shortTimes["GATEHOUSE_DRAIN"])
	return nil
}
