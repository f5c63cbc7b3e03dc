package main

import (
	"context"
	"errors"
	"os"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
)

// serversUp builds what is missing, starts empty servers and creates the stack without
// deploying it, for a test that deploys by itself.
func serversUp(ctx context.Context, l checkout.Layout, show *progress.Display) (err error) {
	r, err := newLocalRun(l, show)
	if err != nil {
		return err
	}
	if env.Any(l) || r.stack.Exists() {
		return errors.New("the sandbox runs, and this needs empty servers: stop it with `make local-down`")
	}
	defer func() {
		if err != nil { // an interrupt included
			err = errors.Join(err, serversDown(context.WithoutCancel(ctx), l, show))
		}
	}()
	for _, stage := range []func(context.Context) error{r.check, r.prepare, r.openStack} {
		if err := stage(ctx); err != nil {
			return err
		}
	}
	return nil
}

// serversDown stops the servers. What was deployed to them was in their memory and needs no
// destroy.
func serversDown(ctx context.Context, l checkout.Layout, show *progress.Display) error {
	return errors.Join(stop(ctx, l), clean(l, env.StackOf(ctx, l, show.Say)), os.RemoveAll(l.PipelineConfig()))
}
