package main

import (
	"context"
	"encoding/json"
	"os"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/test/bench"
)

// noOps is the number of measurements of each deployment without a change.
const noOps = 3

func benchProgram(ctx context.Context, l checkout.Layout, show *progress.Display) ([]bench.Row, error) {
	began := time.Now()
	if err := up(ctx, l, show, false); err != nil {
		return nil, err
	}
	p := bench.Program{Up: bench.Run{Seconds: time.Since(began).Seconds(), Steps: show.Took()}}
	e, err := env.Attach(ctx, l, show.Say)
	if err != nil {
		return nil, err
	}
	for _, one := range []struct {
		name string
		run  func(context.Context, func(string)) (string, error)
		into *[]float64
	}{{"preview", e.Stack.Preview, &p.Previews}, {"up", e.Stack.Up, &p.Deployments}} {
		err := show.Step(ctx, one.name, func(ctx context.Context, step *progress.Step) error {
			for range noOps {
				began := time.Now()
				if _, err := one.run(ctx, func(text string) { step.Doing("%s", text) }); err != nil {
					return err
				}
				*one.into = append(*one.into, time.Since(began).Seconds())
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	state, err := e.Stack.Export(ctx)
	if err != nil {
		return nil, err
	}
	p.Resources, err = bench.Resources(state)
	return p.Rows(), err
}

// readSteps reads the durations of the steps of the last `make local`.
func readSteps(l checkout.Layout) (steps []progress.Took, err error) {
	content, err := os.ReadFile(l.Steps())
	if err != nil {
		return nil, err
	}
	return steps, json.Unmarshal(content, &steps)
}
