package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/gatehouse-iac/gatehouse/local/internal/build"
	"github.com/gatehouse-iac/gatehouse/local/internal/cloud"
	"github.com/gatehouse-iac/gatehouse/local/internal/deploytest"
	"github.com/gatehouse-iac/gatehouse/local/internal/layout"
	"github.com/gatehouse-iac/gatehouse/local/internal/privatemodel"
	"github.com/gatehouse-iac/gatehouse/local/internal/progress"
	"github.com/gatehouse-iac/gatehouse/local/internal/pulumi"
	"github.com/gatehouse-iac/gatehouse/local/internal/stack"
)

// deployTest deploys the local stack with the pipeline's roles, in a cloud of its
// own.
func deployTest(ctx context.Context, l layout.Layout, args []string) error {
	flags := flag.NewFlagSet("deploy-test", flag.ContinueOnError)
	record := flags.Bool("record", false, "write down what the roles called instead of comparing it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("deploy-test: only flags are taken, not %q", flags.Args())
	}
	return alone(ctx, l, func(ctx context.Context, l layout.Layout, show *progress.Display) error {
		ports, err := cloud.PortsFrom(os.Getenv(cloud.PortVariable))
		if err != nil {
			return err
		}
		r := &localRun{Layout: l, show: show, build: build.New(l), ports: ports}
		r.stack = stack.Stack{
			Layout: l, Say: show.Say, CLI: pulumi.CLI{Layout: l, Endpoint: cloud.URL(ports.AWS)},
			Machine: map[string]any{"gatehouse:lambdaArchitecture": pulumi.LambdaArchitecture()},
		}
		if _, found := cloud.Find(l); found || r.stack.Exists() {
			return errors.New("the local stack runs: this test needs an empty cloud, so end it with `make local-down`")
		}
		return r.deployTest(ctx, *record)
	})
}

func (r *localRun) deployTest(ctx context.Context, record bool) (err error) {
	// All of it was in the cloud's memory: it goes with the cloud.
	defer func() {
		after := context.WithoutCancel(ctx)
		err = errors.Join(err, privatemodel.Stop(after, r.Layout), cloud.Stop(after, r.Layout), clean(r.Layout, r.stack), os.RemoveAll(r.Layout.PipelineConfig()))
	}()
	for _, stage := range []func(context.Context) error{r.check, r.prepare, r.openStack} {
		if err := stage(ctx); err != nil {
			return err
		}
	}
	return deploytest.Run(ctx, r.show, r.cloud, r.stack, record)
}
