package env

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/localstack"
	"github.com/gatehouse-iac/gatehouse/sandbox/plugins"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/sandbox/survey"
)

// starter starts the parts of the sandbox.
type starter struct {
	checkout.Layout
	show    *progress.Display
	build   Build
	ports   awsserver.Ports
	machine Machine
	parts   []survey.Part
	slow    bool          // see [plan]
	engine  chan struct{} // closed when there is one
	aws     chan struct{} // closed when all that AWS needs is there
}

// newStarter finds out what the machine has, says so, and fails at once over what would
// stop a build later. See [plan] for slow.
func newStarter(ctx context.Context, l checkout.Layout, show *progress.Display, slow bool) (*starter, error) {
	s := &starter{Layout: l, show: show, slow: slow, engine: make(chan struct{}), aws: make(chan struct{})}
	group, looking := errgroup.WithContext(ctx)
	group.Go(func() error { return show.Step(looking, "tools", s.check) })
	group.Go(func() (err error) {
		s.machine, err = Look(looking, build.New(l), pulumicli.Official)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	s.parts = survey.Of(s.machine.Needs(s.build))
	show.Say("%s", survey.Text(s.parts, s.build.ToolVersions(), runtime.NumCPU()))
	s.expect(s.inStages(ctx))
	return s, s.machine.CheckStandIns(ctx, s.build.Builder)
}

// expect announces what there is to do.
func (s *starter) expect(inStages bool) {
	deployed := localstack.Stack{Layout: s.Layout}.Exists()
	s.show.Expect(plan(s.parts, inStages, deployed, s.slow), runtime.NumCPU())
}

// prepareAWS builds and starts what a deployment to AWS needs.
func (s *starter) prepareAWS(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.pulumi(ctx) })
	group.Go(func() error { return s.plugin(ctx, plugins.AWS) })
	group.Go(func() error {
		if err := s.show.Step(ctx, survey.PythonPackages, s.build.AWSPackages); err != nil {
			return err
		}
		return s.show.Step(ctx, "aws", s.startAWS)
	})
	group.Go(func() error { return s.show.Step(ctx, "private model", s.startPrivateModel) })
	group.Go(func() error { return s.show.Step(ctx, survey.Lambdas, s.build.Functions) })
	group.Go(func() error { return s.show.Step(ctx, survey.Program, s.program) })
	if err := group.Wait(); err != nil {
		return err
	}
	close(s.aws)
	return nil
}

// afterAWS waits until all that AWS needs is there. What the rest of the stack needs is
// compiled after that: before, it would delay the API's first response by minutes.
func (s *starter) afterAWS(ctx context.Context, step *progress.Step) error {
	step.Waiting()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.aws:
		return nil
	}
}

// prepareOthers builds and starts what the rest of the stack, and its checks, need.
func (s *starter) prepareOthers(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.show.Step(ctx, survey.Vault, s.startVault) })
	group.Go(func() error { return s.show.Step(ctx, survey.Kubernetes, s.startKubernetes) })
	group.Go(func() error { return s.show.Step(ctx, "client packages", s.build.ClientPackages) })
	group.Go(func() error { return s.plugin(ctx, plugins.Vault) })
	group.Go(func() error { return s.plugin(ctx, plugins.Kubernetes) })
	return group.Wait()
}

// check finds out at once what would stop the start later.
func (s *starter) check(ctx context.Context, step *progress.Step) (err error) {
	if s.ports, err = awsserver.PortsFrom(os.Getenv(awsserver.PortVariable)); err != nil {
		return err
	}
	s.build, err = NewBuild(ctx, s.Layout)
	step.Note("complete")
	taken := Usable(s.Layout, s.ports)
	if taken != nil {
		taken = fmt.Errorf("%w\nend what uses it, or set %s to the first of six free ports", taken, awsserver.PortVariable)
	}
	return errors.Join(err, taken)
}

// pulumi takes the engine that is there, or downloads or builds one.
func (s *starter) pulumi(ctx context.Context) error {
	if err := s.getEngine(ctx); err != nil {
		return err
	}
	close(s.engine)
	return nil
}

func (s *starter) getEngine(ctx context.Context) error {
	if found := s.machine.Engine; found.Path != "" {
		return s.show.Step(ctx, survey.Engine, func(_ context.Context, step *progress.Step) error {
			step.Note("%s, %s", found.Version, found.Origin())
			return nil
		})
	}
	if releases := s.machine.EngineReleases(); releases != nil {
		err := s.show.Step(ctx, survey.Engine, func(ctx context.Context, step *progress.Step) error {
			return releases.Download(ctx, step, s.build.Builder)
		})
		if err == nil || ctx.Err() != nil {
			return err
		}
		s.show.Say("  %v: compiling the engine", err)
	}
	// The language host first: it has the packages that all parts share.
	err := s.show.Step(ctx, survey.LanguageHost, func(ctx context.Context, step *progress.Step) error {
		_, err := s.build.Go(ctx, step, pulumicli.HostProgram)
		return err
	})
	if err != nil {
		return err
	}
	return s.show.Step(ctx, survey.Engine, func(ctx context.Context, step *progress.Step) error {
		return pulumicli.BuildCLI(ctx, step, s.build.Builder)
	})
}

func (s *starter) program(ctx context.Context, step *progress.Step) error {
	official := s.machine.Engine.Official || s.machine.Engine.Path == "" && s.machine.EngineReleases() != nil
	return s.build.Program(ctx, step, official)
}

// plugin makes a plugin available to the CLI.
func (s *starter) plugin(ctx context.Context, plugin plugins.Plugin) error {
	return s.show.Step(ctx, plugin.Name+" plugin", func(ctx context.Context, step *progress.Step) error {
		if plugin.Name != plugins.AWS.Name && s.machine.Plugins[plugin.Name].Missing() {
			if err := s.afterAWS(ctx, step); err != nil {
				return err
			}
		}
		return plugin.Ensure(ctx, step, s.build.Builder, s.cli, s.machine.PluginReleases(plugin))
	})
}

// cli returns the CLI when there is an engine.
func (s *starter) cli(ctx context.Context) (pulumicli.CLI, error) {
	select {
	case <-ctx.Done():
		return pulumicli.CLI{}, context.Cause(ctx)
	case <-s.engine:
		return pulumicli.CLI{Layout: s.Layout, Path: cliPath(ctx, s.Layout), Endpoint: awsserver.URL(s.ports.AWS)}, nil
	}
}
