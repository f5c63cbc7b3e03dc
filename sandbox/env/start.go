package env

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sync/errgroup"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/localstack"
	"github.com/gatehouse-iac/gatehouse/sandbox/plugins"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/sandbox/servers/privatemodel"
	"github.com/gatehouse-iac/gatehouse/sandbox/vaultserver"
)

// Start builds what is missing, starts the servers that don't run, and deploys the stack.
// Where the state of a killed deployment may differ from what the servers have, or one of
// them is a new one, it starts over with empty servers.
func Start(ctx context.Context, l checkout.Layout, show *progress.Display) (e *Environment, err error) {
	s, err := prepare(ctx, l, show)
	if err != nil {
		return nil, err
	}
	err = show.Step(ctx, "deploy", func(ctx context.Context, step *progress.Step) error {
		opened, err := s.open(ctx)
		if errors.Is(err, localstack.ErrUnknown) || errors.Is(err, localstack.ErrPartlyGone) {
			show.Say("  %v: starting over with empty servers", err)
			if err := s.restartServers(ctx); err != nil {
				return err
			}
			opened, err = s.open(ctx)
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

// StartEmpty does what [Start] does, but leaves the deployment of the empty stack to the
// caller. Its environment has no outputs.
func StartEmpty(ctx context.Context, l checkout.Layout, show *progress.Display) (*Environment, error) {
	s, err := prepare(ctx, l, show)
	if err != nil {
		return nil, err
	}
	opened, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	return &opened, nil
}

// starter starts the parts of the sandbox.
type starter struct {
	checkout.Layout
	show  *progress.Display
	build Build
	ports awsserver.Ports
}

// prepare checks the machine, builds what is missing and starts the servers. Compilers
// take turns, downloads and servers do not wait for them.
func prepare(ctx context.Context, l checkout.Layout, show *progress.Display) (starter, error) {
	s := starter{Layout: l, show: show}
	if err := show.Step(ctx, "tools", s.check); err != nil {
		return s, err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.pulumi(ctx) })
	group.Go(func() error {
		if err := show.Step(ctx, "python packages", s.build.AWSPackages); err != nil {
			return err
		}
		return show.Step(ctx, "aws", s.startAWS)
	})
	group.Go(func() error { return show.Step(ctx, "vault", s.startVault) })
	group.Go(func() error { return show.Step(ctx, "kubernetes", s.startKubernetes) })
	group.Go(func() error { return show.Step(ctx, "client packages", s.build.ClientPackages) })
	group.Go(func() error { return show.Step(ctx, "private model", s.startPrivateModel) })
	group.Go(func() error { return show.Step(ctx, "lambdas", s.build.Functions) })
	group.Go(func() error { return show.Step(ctx, "program", s.build.Program) })
	return s, group.Wait()
}

// check finds out at once what would stop the start later.
func (s *starter) check(ctx context.Context, step *progress.Step) (err error) {
	if s.ports, err = awsserver.PortsFrom(os.Getenv(awsserver.PortVariable)); err != nil {
		return err
	}
	s.build, err = NewBuild(ctx, s.Layout)
	tools := s.build.Tools
	step.Note("go %s, python %s, node %s", tools["go"].Version, tools["python3"].Version, tools["node"].Version)
	taken := Usable(s.Layout, s.ports)
	if taken != nil {
		taken = fmt.Errorf("%w\nend what uses it, or set %s to the first of six free ports", taken, awsserver.PortVariable)
	}
	return errors.Join(err, taken)
}

// pulumi takes an installed Pulumi CLI or builds one, and installs the plugins.
func (s *starter) pulumi(ctx context.Context) error {
	path, version, installed := cliPath(ctx, s.Layout)
	if installed {
		err := s.show.Step(ctx, "engine", func(_ context.Context, step *progress.Step) error {
			step.Note("%s, installed", version)
			return nil
		})
		if err != nil {
			return err
		}
	} else {
		for _, part := range []struct {
			name    string
			program build.Program
		}{{"engine", pulumicli.CLIProgram}, {"language host", pulumicli.HostProgram}} {
			err := s.show.Step(ctx, part.name, func(ctx context.Context, step *progress.Step) error {
				_, err := s.build.Go(ctx, step, part.program)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	cli := pulumicli.CLI{Layout: s.Layout, Path: path, Endpoint: awsserver.URL(s.ports.AWS)}
	for _, plugin := range plugins.Plugins {
		err := s.show.Step(ctx, plugin.Name+" plugin", func(ctx context.Context, step *progress.Step) error {
			return plugin.Ensure(ctx, step, s.build.Builder, cli)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *starter) startAWS(ctx context.Context, step *progress.Step) error {
	server, started, err := awsserver.Ensure(ctx, s.Layout, s.ports)
	noteStart(step, started, server.Endpoint())
	return err
}

func (s *starter) startVault(ctx context.Context, step *progress.Step) error {
	choice, err := vaultserver.Prepare(ctx, step, s.build.Builder, s.build.Tools["python3"])
	if err != nil {
		return err
	}
	server, started, err := vaultserver.Ensure(ctx, s.Layout, s.ports.Vault)
	noteStart(step, started, fmt.Sprintf("%s (%s)", server.Address, choice))
	return err
}

func (s *starter) startKubernetes(ctx context.Context, step *progress.Step) error {
	if _, err := s.build.Go(ctx, step, kubernetesserver.Program); err != nil {
		return err
	}
	server, started, err := kubernetesserver.Ensure(ctx, s.Layout, s.ports.Kubernetes)
	noteStart(step, started, server.Access.Server)
	return err
}

func (s *starter) startPrivateModel(ctx context.Context, step *progress.Step) error {
	step.Note("serving at %s", awsserver.URL(s.ports.PrivateModel))
	return privatemodel.Ensure(ctx, s.Layout, s.ports.PrivateModel)
}

func noteStart(step *progress.Step, started bool, address string) {
	if started {
		step.Note("started at %s", address)
	} else {
		step.Note("already running at %s", address)
	}
}

// restartServers replaces the servers by empty ones, and drops the stack that was deployed
// to those before.
func (s *starter) restartServers(ctx context.Context) error {
	if err := errors.Join(Stop(ctx, s.Layout), localstack.Stack{Layout: s.Layout}.Drop()); err != nil {
		return err
	}
	for _, start := range []func(context.Context, *progress.Step) error{
		s.startAWS, s.startVault, s.startKubernetes, s.startPrivateModel,
	} {
		if err := start(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

// open makes the stack ready for a deployment to the running servers.
func (s *starter) open(ctx context.Context) (Environment, error) {
	e, run, err := running(ctx, s.Layout, s.show.Say)
	if err != nil {
		return Environment{}, err
	}
	return e, e.Stack.Open(ctx, run.Instances)
}
