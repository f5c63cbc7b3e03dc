package main

import (
	"context"
	"errors"
	"os"
	"syscall"

	"github.com/gatehouse-iac/gatehouse/local/internal/cloud"
	"github.com/gatehouse-iac/gatehouse/local/internal/layout"
	"github.com/gatehouse-iac/gatehouse/local/internal/privatemodel"
	"github.com/gatehouse-iac/gatehouse/local/internal/progress"
	"github.com/gatehouse-iac/gatehouse/local/internal/pulumi"
	"github.com/gatehouse-iac/gatehouse/local/internal/stack"
)

// down destroys the local stack and stops the cloud. What was built stays.
func down(ctx context.Context, l layout.Layout, show *progress.Display) error {
	running, found := cloud.Find(l)
	s := stack.Stack{Layout: l, Say: show.Say, CLI: cliFor(ctx, l, running), Inventory: running.Inventory}
	if !found && !s.Exists() {
		show.Say("nothing runs")
		return errors.Join(privatemodel.Stop(ctx, l), clean(l, s))
	}
	destroyed := destroy(ctx, show, running, found, s)
	if ctx.Err() != nil {
		return destroyed
	}
	var stopped error
	if found {
		stopped = show.Step(ctx, "cloud", func(ctx context.Context, s *progress.Step) error {
			s.Note("stopped")
			return cloud.Stop(ctx, l)
		})
	}
	return errors.Join(destroyed, stopped, privatemodel.Stop(ctx, l), clean(l, s))
}

// destroy removes the stack from the cloud. A cloud that is gone, or is not the
// one that the state describes, has nothing to remove.
func destroy(ctx context.Context, show *progress.Display, running cloud.Cloud, found bool, s stack.Stack) error {
	if !s.Exists() {
		return nil
	}
	if found {
		instance, err := running.Instance(ctx)
		found = err == nil && s.DescribesCloud(instance.ID)
	}
	if !found {
		show.Say("the cloud of this stack is gone: its state is dropped")
		return nil
	}
	if _, err := os.Stat(s.CLI.Path); err != nil {
		show.Say("the engine is gone: the stack goes with the cloud")
		return nil
	}
	return show.Step(ctx, "destroy", func(ctx context.Context, step *progress.Step) error {
		err := s.Settle(ctx)
		if errors.Is(err, stack.ErrUnknown) {
			step.Note("%v: goes with the cloud", err)
			return nil
		}
		if err != nil {
			return err
		}
		changes, err := s.Destroy(ctx, func(text string) { step.Doing("%s", text) })
		step.Note("%s", changes)
		return err
	})
}

// clean removes what belonged to the stack and the cloud.
func clean(l layout.Layout, s stack.Stack) error {
	problems := []error{s.Drop()}
	for _, path := range []string{l.Endpoints(), l.Passphrase(), l.Run("")} {
		problems = append(problems, os.RemoveAll(path))
	}
	return errors.Join(problems...)
}

// cliFor is the CLI that works on a running cloud.
func cliFor(ctx context.Context, l layout.Layout, running cloud.Cloud) pulumi.CLI {
	cli := pulumi.CLI{Layout: l, Path: l.Bin("pulumi"), Endpoint: running.Endpoint()}
	if path, _, found := pulumi.Installed(ctx, l.Local("bin")); found {
		cli.Path = path
	}
	if instance, err := running.Instance(ctx); err == nil {
		cli.Environment = instance.Environment
	}
	return cli
}

// execPulumi becomes the CLI, so that terminal, signals and exit code are its
// own.
func execPulumi(ctx context.Context, l layout.Layout, args []string) error {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	running, found := cloud.Find(l)
	if !found {
		return errors.New("the local cloud does not run: start it with `make local`")
	}
	cli := cliFor(ctx, l, running)
	if err := os.Chdir(l.Root); err != nil {
		return err
	}
	return syscall.Exec(cli.Path, append([]string{"pulumi"}, cli.Args(args)...), cli.Env())
}
