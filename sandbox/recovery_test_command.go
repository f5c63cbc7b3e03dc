package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/localstack"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/test/e2e/recovery"
)

// recoveryTest kills deployments of the local stack. The drivers that it starts hold
// the lock, one after the other.
func recoveryTest(ctx context.Context, l checkout.Layout, args []string) error {
	var o recovery.Options
	flags := flag.NewFlagSet("recovery-test", flag.ContinueOnError)
	flags.IntVar(&o.Kills, "kills", 10, "`number` of deployments to kill; with 0, all the rest is tested")
	flags.Uint64Var(&o.Seed, "seed", rand.Uint64N(1_000_000), "`number` from which the moments follow")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.Kills < 0 || flags.NArg() > 0 {
		return fmt.Errorf("recovery-test: give -kills a number of at least 0, -seed any, and nothing else: %q", args)
	}
	driver, err := os.Executable()
	if err != nil {
		return err
	}
	if err := l.Prepare(); err != nil {
		return err
	}
	show := progress.New(os.Stdout, terminalWidth())
	defer show.Close()
	return recovery.Run(ctx, show, l, driver, func(ctx context.Context) localstack.Stack {
		return env.StackOf(ctx, l, show.Say)
	}, o)
}
