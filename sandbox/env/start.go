package env

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/localstack"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
)

// Start builds what is missing, starts the servers that don't run, and deploys the stack.
// Where the state of a killed deployment may differ from what the servers have, or one of
// them is a new one, it starts over with empty servers.
//
// The first start deploys in two stages: the API server takes longest to compile, so that
// the part of the stack that is on AWS is deployed meanwhile. Start calls responds with its
// environment, which has neither Vault nor Kubernetes, and then deploys the whole stack. With
// slow, the caller runs slow checks after a deployment that changed something, which counts
// in the estimate of the time left.
func Start(
	ctx context.Context, l checkout.Layout, show *progress.Display, slow bool, responds func(context.Context, *Environment) error,
) (*Environment, error) {
	s, err := newStarter(ctx, l, show, slow)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	others := begin(func() error { return s.prepareOthers(ctx) })
	defer func() { cancel(); _ = others.wait() }() // no build goes on after an error
	if err := s.prepareAWS(ctx); err != nil {
		return nil, err
	}
	if s.inStages(ctx) && !others.ended() {
		e, err := s.deploy(ctx, onAWS)
		if err != nil {
			return nil, err
		}
		if err := responds(ctx, e); err != nil {
			return nil, err
		}
	} else {
		s.expect(false) // the rest was ready as soon
	}
	if err := others.wait(); err != nil {
		return nil, err
	}
	return s.deploy(ctx, everything)
}

// StartEmpty does what [Start] does, but leaves the deployment of the empty stack to the
// caller. Its environment has no outputs.
func StartEmpty(ctx context.Context, l checkout.Layout, show *progress.Display) (*Environment, error) {
	s, err := newStarter(ctx, l, show, false)
	if err != nil {
		return nil, err
	}
	group, building := errgroup.WithContext(ctx)
	group.Go(func() error { return s.prepareAWS(building) })
	group.Go(func() error { return s.prepareOthers(building) })
	if err := group.Wait(); err != nil {
		return nil, err
	}
	opened, err := s.open(ctx, everything)
	if err != nil {
		return nil, err
	}
	return &opened, nil
}

// inStages reports whether the part of the stack that is on AWS is to be deployed first: the
// API server takes minutes to compile, and nothing is deployed yet that this would remove.
func (s *starter) inStages(ctx context.Context) bool {
	stack := localstack.Stack{Layout: s.Layout}
	if s.build.Built(kubernetesserver.Program) {
		return false
	}
	run, err := Find(s.Layout).Run(ctx)
	return !stack.IsOn(kubernetesserver.Name) || err == nil && !stack.IsOnAny(run.Instances)
}

// deploy deploys the part of the stack that is on these servers.
func (s *starter) deploy(ctx context.Context, to stage) (e *Environment, err error) {
	err = s.show.Step(ctx, to.step(), func(ctx context.Context, step *progress.Step) error {
		opened, err := s.open(ctx, to)
		if errors.Is(err, localstack.ErrUnknown) || errors.Is(err, localstack.ErrPartlyGone) {
			s.show.Say("  %v: starting over with empty servers", err)
			if err := s.restartServers(ctx, to); err != nil {
				return err
			}
			opened, err = s.open(ctx, to)
		}
		if err != nil {
			return err
		}
		changes, err := opened.Stack.Up(ctx, func(doing string) { step.Doing("%s", doing) })
		if err != nil {
			return err
		}
		step.Note("%s", changes)
		opened.Changed = changes != pulumicli.NoChange
		e, err = withOutputs(ctx, opened)
		return err
	})
	return e, err
}
