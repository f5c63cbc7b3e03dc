package main

import (
	"context"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/test/e2e/certificates"
	"github.com/gatehouse-iac/gatehouse/test/e2e/certmanager"
)

// certificateTest proves certificates by cert-manager on the running stack.
func certificateTest(ctx context.Context, l checkout.Layout, show *progress.Display) error {
	running, s, err := deployed(ctx, l, show.Say)
	if err != nil {
		return err
	}
	test := certmanager.Test{
		Show: show, Running: running, Stack: s,
		Target: func(ctx context.Context) (certificates.Target, error) {
			outputs, _, err := s.Outputs(ctx)
			if err != nil {
				return certificates.Target{}, err
			}
			return certificateTarget(l, running, outputs)
		},
	}
	return test.Run(ctx)
}
