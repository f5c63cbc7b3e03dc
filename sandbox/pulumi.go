package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
)

// execPulumi becomes the CLI, so that terminal, signals and exit code are its own.
func execPulumi(ctx context.Context, l checkout.Layout, args []string) error {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if !env.Find(l).All() {
		return errors.New("the servers of the sandbox do not run: start them with `make local`")
	}
	if err := env.TrimSDKs(ctx, build.New(l), warn); err != nil {
		return err
	}
	cli := env.StackOf(ctx, l, nil).CLI
	if err := os.Chdir(l.Root); err != nil {
		return err
	}
	return syscall.Exec(cli.Path, append([]string{"pulumi"}, cli.Args(args)...), cli.Env())
}

// warn prints to the standard error: the standard output is the CLI's.
func warn(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
