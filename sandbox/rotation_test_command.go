package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/test/e2e/rotation"
)

// rotationTest proves the rotation of the origin key on the running stack.
func rotationTest(ctx context.Context, l checkout.Layout, args []string) error {
	var o rotation.Options
	flags := flag.NewFlagSet("rotation-test", flag.ContinueOnError)
	flags.IntVar(&o.Rotations, "rotations", 50, "`number` of rotations under load")
	flags.BoolVar(&o.Baseline, "baseline", true, "measure the algorithm that this one replaces, too")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.Rotations < 1 || flags.NArg() > 0 {
		return fmt.Errorf("rotation-test: give -rotations a number of at least 1, and nothing else: %q", args)
	}
	return alone(ctx, l, func(ctx context.Context, l checkout.Layout, show *progress.Display) error {
		e, err := env.Attach(ctx, l, show.Say)
		if err != nil {
			return err
		}
		return rotation.Run(ctx, show, e.Servers.Cloud, e.Stack, o)
	})
}
