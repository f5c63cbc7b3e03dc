package main

import (
	"context"
	"errors"
	"os"
	"syscall"

	"github.com/gatehouse-iac/gatehouse/local/internal/layout"
	"github.com/gatehouse-iac/gatehouse/local/internal/pulumi"
	"github.com/gatehouse-iac/gatehouse/local/internal/servers"
	"github.com/gatehouse-iac/gatehouse/local/internal/stack"
)

// stackOf is the local stack on the servers that run.
func stackOf(ctx context.Context, l layout.Layout, say func(string, ...any)) stack.Stack {
	running, _ := servers.Find(l)
	cli := pulumi.CLI{Layout: l, Path: l.Bin("pulumi"), Endpoint: running.Cloud.Endpoint()}
	if path, _, found := pulumi.Installed(ctx, l.Local("bin")); found {
		cli.Path = path
	}
	if run, err := running.Run(ctx); err == nil {
		cli.Environment = run.Environment
	}
	return stack.Stack{Layout: l, Say: say, CLI: cli}
}

// instances are those of the servers that run; none unless all do.
func instances(ctx context.Context, l layout.Layout) []string {
	running, all := servers.Find(l)
	if !all {
		return nil
	}
	run, err := running.Run(ctx)
	if err != nil {
		return nil
	}
	return run.Instances
}

// deployed is the stack that was deployed to the servers that run.
func deployed(ctx context.Context, l layout.Layout, say func(string, ...any)) (servers.Servers, stack.Stack, error) {
	running, all := servers.Find(l)
	s := stackOf(ctx, l, say)
	if !all || !s.Exists() {
		return running, s, errors.New("the local stack does not run: start it with `make local`")
	}
	run, err := running.Run(ctx)
	if err != nil {
		return running, s, err
	}
	if !s.Describes(run.Instances) {
		return running, s, errors.New("the servers are not those that the stack was deployed to: run `make local`")
	}
	return running, s, nil
}

// execPulumi becomes the CLI, so that terminal, signals and exit code are its
// own.
func execPulumi(ctx context.Context, l layout.Layout, args []string) error {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if _, all := servers.Find(l); !all {
		return errors.New("the local servers do not run: start them with `make local`")
	}
	cli := stackOf(ctx, l, nil).CLI
	if err := os.Chdir(l.Root); err != nil {
		return err
	}
	return syscall.Exec(cli.Path, append([]string{"pulumi"}, cli.Args(args)...), cli.Env())
}
