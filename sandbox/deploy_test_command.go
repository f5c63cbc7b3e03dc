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
		r, err := newLocalRun(l, show)
		if err != nil {
			return err
		}
		if env.Any(l) || r.stack.Exists() {
			return errors.New("the local stack runs: this test needs empty servers, so end it with `make local-down`")
		}
		return r.deployTest(ctx, *record)
	})
}

func (r *localRun) deployTest(ctx context.Context, record bool) (err error) {
	// All of it was in the servers' memory: it goes with them.
	defer func() {
		after := context.WithoutCancel(ctx)
		err = errors.Join(err, stop(after, r.Layout), clean(r.Layout, r.stack), os.RemoveAll(r.Layout.PipelineConfig()))
	}()
	for _, stage := range []func(context.Context) error{r.check, r.prepare, r.openStack} {
		if err := stage(ctx); err != nil {
			return err
		}
	}
	return pipelineroles.Run(ctx, r.show, r.running.Cloud, r.stack, record)
}
