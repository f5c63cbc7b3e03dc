package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
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
		build, err := env.NewBuild(ctx, l)
		if err != nil {
			return err
		}
		if err := show.Step(ctx, "client packages", build.ClientPackages); err != nil {
			return err
		}
		return api.Run(ctx, show, e.Stack, apiOf(l, e.Servers.Cloud, e.Outputs), o)
	})
}
