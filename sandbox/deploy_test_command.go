package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/test/e2e/pipelineroles"
)

// deployTest deploys the local stack with the pipeline's roles, on servers of
// its own.
func deployTest(ctx context.Context, l checkout.Layout, args []string) error {
	flags := flag.NewFlagSet("deploy-test", flag.ContinueOnError)
	record := flags.Bool("record", false, "write down what the roles called instead of comparing it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("deploy-test: only flags are taken, not %q", flags.Args())
	}
	return alone(ctx, l, func(ctx context.Context, l checkout.Layout, show *progress.Display) error {
		if env.Any(l) || env.StackOf(ctx, l, show.Say).Exists() {
			return errors.New("the local stack runs: this test needs empty servers, so end it with `make local-down`")
		}
		return deployWithRoles(ctx, l, show, *record)
	})
}

func deployWithRoles(ctx context.Context, l checkout.Layout, show *progress.Display, record bool) (err error) {
	// All of it was in the servers' memory: it goes with them.
	defer func() {
		after := context.WithoutCancel(ctx)
		stopped := env.Stop(after, l)
		err = errors.Join(err, stopped, clean(l, env.StackOf(after, l, show.Say)), os.RemoveAll(l.PipelineConfig()))
	}()
	e, err := env.StartEmpty(ctx, l, show)
	if err != nil {
		return err
	}
	return pipelineroles.Run(ctx, show, e.Servers.Cloud, e.Stack, record)
}
