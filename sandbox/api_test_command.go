package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/toolcheck"
	"github.com/gatehouse-iac/gatehouse/test/e2e/api"
)

// apiTest tests the model API of the running stack.
func apiTest(ctx context.Context, l checkout.Layout, args []string) error {
	var o api.Options
	flags := flag.NewFlagSet("api-test", flag.ContinueOnError)
	flags.IntVar(&o.Seconds, "seconds", 60, "how many `seconds` to make requests from the API's description")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.Seconds < 1 || flags.NArg() > 0 {
		return fmt.Errorf("api-test: give -seconds a number of at least 1, and nothing else: %q", args)
	}
	return alone(ctx, l, func(ctx context.Context, l checkout.Layout, show *progress.Display) error {
		e, err := env.Attach(ctx, l, show.Say)
		if err != nil {
			return err
		}
		r := &localRun{Layout: l, show: show, build: build.New(l)}
		if r.tools, err = toolcheck.Check(ctx); err != nil {
			return err
		}
		if err := r.step(ctx, "proof packages", r.proofVenv); err != nil {
			return err
		}
		return api.Run(ctx, show, e.Stack, apiOf(l, e.Servers.Cloud, e.Outputs), o)
	})
}
