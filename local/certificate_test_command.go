package main

import (
	"context"

	"github.com/gatehouse-iac/gatehouse/local/internal/certificatetest"
	"github.com/gatehouse-iac/gatehouse/local/internal/layout"
	"github.com/gatehouse-iac/gatehouse/local/internal/progress"
	"github.com/gatehouse-iac/gatehouse/local/internal/prove/certificate"
)

// certificateTest proves certificates by cert-manager on the running stack.
func certificateTest(ctx context.Context, l layout.Layout, show *progress.Display) error {
	running, s, err := deployed(ctx, l, show.Say)
	if err != nil {
		return err
	}
	test := certificatetest.Test{
		Show: show, Running: running, Stack: s,
		Target: func(ctx context.Context) (certificate.Target, error) {
			outputs, _, err := s.Outputs(ctx)
			if err != nil {
				return certificate.Target{}, err
			}
			return certificateTarget(l, running, outputs)
		},
	}
	return test.Run(ctx)
}
