package main

import (
	"context"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/test/e2e/certificates"
	"github.com/gatehouse-iac/gatehouse/test/e2e/certmanager"
)

// certificateTest proves certificates by cert-manager on the running stack.
func certificateTest(ctx context.Context, l checkout.Layout, show *progress.Display) error {
	e, err := env.Attach(ctx, l, show.Say)
	if err != nil {
		return err
	}
	test := certmanager.Test{
		Show: show, Running: e.Servers, Stack: e.Stack,
		Target: func(ctx context.Context) (certificates.Target, error) {
			outputs, _, err := e.Stack.Outputs(ctx)
			if err != nil {
				return certificates.Target{}, err
			}
			return certificateTarget(l, e.Servers, outputs)
		},
	}
	return test.Run(ctx)
}
