package main

import (
	"context"
	"errors"
	"os"
	"syscall"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/test/e2e/certificates"
)

// certificateTarget returns what the stack made of certificates.
func certificateTarget(l checkout.Layout, running env.Servers, outputs map[string]string) (certificates.Target, error) {
	return certificates.TargetOf(&env.Environment{Checkout: l, Servers: running, Outputs: outputs})
}

// instances are those of the servers that run; none unless all do.
func instances(ctx context.Context, l checkout.Layout) []string {
	running, all := env.Find(l)
	if !all {
		return nil
	}
	run, err := running.Run(ctx)
	if err != nil {
		return nil
	}
	return run.Instances
}

// execPulumi becomes the CLI, so that terminal, signals and exit code are its
// own.
func execPulumi(ctx context.Context, l checkout.Layout, args []string) error {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if _, all := env.Find(l); !all {
		return errors.New("the local servers do not run: start them with `make local`")
	}
	cli := env.StackOf(ctx, l, nil).CLI
	if err := os.Chdir(l.Root); err != nil {
		return err
	}
	return syscall.Exec(cli.Path, append([]string{"pulumi"}, cli.Args(args)...), cli.Env())
}
