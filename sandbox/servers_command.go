package main

import (
	"context"
	"errors"
	"os"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
)

// serversUp starts empty servers and opens an empty stack, for a test that deploys by
// itself. It refuses while a stack is deployed.
func serversUp(ctx context.Context, l checkout.Layout, show *progress.Display) (err error) {
	if env.Any(l) || env.StackOf(ctx, l, show.Say).Exists() {
		return errors.New("the sandbox runs: this test needs empty servers, so end it with `make local-down`")
	}
	defer func() {
		if err != nil { // an interrupt included
			err = errors.Join(err, serversDown(context.WithoutCancel(ctx), l, show))
		}
	}()
	_, err = env.StartEmpty(ctx, l, show)
	return err
}

// serversDown stops the servers. What was deployed to them was in their memory.
func serversDown(ctx context.Context, l checkout.Layout, show *progress.Display) error {
	return errors.Join(env.Stop(ctx, l), clean(l, env.StackOf(ctx, l, show.Say)), os.RemoveAll(l.PipelineConfig()))
}
