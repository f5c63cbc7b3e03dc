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
	"github.com/gatehouse-iac/gatehouse/sandbox/plugins"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
)

// starter starts the parts of the sandbox.
type starter struct {
	checkout.Layout
	show  *progress.Display
	build Build
	ports awsserver.Ports
	cli   chan struct{} // closed when there is a Pulumi CLI
}

// newStarter checks the machine.
func newStarter(ctx context.Context, l checkout.Layout, show *progress.Display) (*starter, error) {
	s := &starter{Layout: l, show: show, cli: make(chan struct{})}
	return s, show.Step(ctx, "tools", s.check)
}

// prepareAWS builds and starts what a deployment to AWS needs.
func (s *starter) prepareAWS(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := s.pulumi(ctx); err != nil {
			return err
		}
		return s.plugins(ctx, plugins.AWS)
	})
	group.Go(func() error {
		if err := s.show.Step(ctx, "python packages", s.build.AWSPackages); err != nil {
			return err
		}
		return s.show.Step(ctx, "aws", s.startAWS)
	})
	group.Go(func() error { return s.show.Step(ctx, "private model", s.startPrivateModel) })
	group.Go(func() error { return s.show.Step(ctx, "lambdas", s.build.Functions) })
	group.Go(func() error { return s.show.Step(ctx, "program", s.build.Program) })
	return group.Wait()
}

// prepareOthers builds and starts what the rest of the stack, and its checks, need.
func (s *starter) prepareOthers(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.show.Step(ctx, "vault", s.startVault) })
	group.Go(func() error { return s.show.Step(ctx, "kubernetes", s.startKubernetes) })
	group.Go(func() error { return s.show.Step(ctx, "client packages", s.build.ClientPackages) })
	group.Go(func() error { return s.plugins(ctx, plugins.Vault, plugins.Kubernetes) })
	return group.Wait()
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

// pulumi takes an installed Pulumi CLI or builds one.
func (s *starter) pulumi(ctx context.Context) error {
	_, version, installed := cliPath(ctx, s.Layout)
	if installed {
		defer close(s.cli)
		return s.show.Step(ctx, "engine", func(_ context.Context, step *progress.Step) error {
			step.Note("%s, installed", version)
			return nil
		})
	}
	for _, part := range []struct {
		name    string
		program build.Program
	}{{"language host", pulumicli.HostProgram}, {"engine", pulumicli.CLIProgram}} {
		err := s.show.Step(ctx, part.name, func(ctx context.Context, step *progress.Step) error {
			_, err := s.build.Go(ctx, step, part.program)
			return err
		})
		if err != nil {
			return err
		}
	}
	close(s.cli)
	return nil
}

// plugins installs plugins with the CLI, one after another.
func (s *starter) plugins(ctx context.Context, all ...plugins.Plugin) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.cli:
	}
	path, _, _ := cliPath(ctx, s.Layout)
	cli := pulumicli.CLI{Layout: s.Layout, Path: path, Endpoint: awsserver.URL(s.ports.AWS)}
	for _, plugin := range all {
		err := s.show.Step(ctx, plugin.Name+" plugin", func(ctx context.Context, step *progress.Step) error {
			return plugin.Ensure(ctx, step, s.build.Builder, cli)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
