package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/build"
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

// benchCold measures a fresh clone, with an empty build cache, on the ports after
// this checkout's.
func benchCold(ctx context.Context, l checkout.Layout, show *progress.Display) (rows []bench.Row, err error) {
	ports, err := awsserver.PortsFrom(os.Getenv(awsserver.PortVariable))
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "gatehouse-cold-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	clone := checkout.Layout{Root: filepath.Join(dir, "clone")}
	if out, err := exec.CommandContext(ctx, "git", "clone", "--quiet", l.Root, clone.Root).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("git clone: %w: %s", err, strings.TrimSpace(string(out)))
	}
	if err := clone.Prepare(); err != nil {
		return nil, err
	}
	env := append(build.Env(), "GOCACHE="+filepath.Join(dir, "cache"), fmt.Sprintf("%s=%d", awsserver.PortVariable, ports.Kubernetes+1))
	defer func() {
		_, down := timedMake(context.WithoutCancel(ctx), show, "down", clone, env, "local-down")
		err = errors.Join(err, down)
	}()
	var c bench.Cold
	if c.Up.Seconds, err = timedMake(ctx, show, "local, cold", clone, env, "local"); err != nil {
		return nil, err
	}
	c.PeakMemory = childrensPeak()
	if c.Up.Steps, err = readSteps(clone); err != nil {
		return nil, err
	}
	c.Tests, err = timedMake(ctx, show, "tests, cold", clone, env, "test")
	return c.Rows(), err
}

// childrensPeak returns the most memory, in bytes, that one of the processes which ended
// below this one ever had.
func childrensPeak() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &usage); err != nil {
		return 0
	}
	return usage.Maxrss << 10 // Linux counts KiB
}
