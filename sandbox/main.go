// Command gatehouse-local runs the sandbox: Gatehouse on one machine, with the real Pulumi
// engine and AWS provider, a real Vault and API server, and emulated AWS.
//
//	gatehouse-local up                 build what is missing, deploy, test; with -brief, only what is quickly tested
//	gatehouse-local down               destroy the stack, stop everything
//	gatehouse-local status             print what runs, and where it answers
//	gatehouse-local rotation-test      test the rotation under load, beside a baseline
//	gatehouse-local certificate-test   test certificates by cert-manager, and restore
//	gatehouse-local api-test           test the model API at length, with a second backend too
//	gatehouse-local deploy-test        deploy as GitHub Actions does, with its roles
//	gatehouse-local bench              measure, and write docs/measurements.md
//	gatehouse-local pulumi ARGS…       run the Pulumi CLI on the stack
//	gatehouse-local venv               only install the Python packages of the AWS server
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/servers/privatemodel"
)

const usage = "usage: gatehouse-local up [-brief] | down | status | rotation-test [-rotations N] [-baseline=false] | certificate-test | api-test [-seconds N] | deploy-test [-record] | bench [-part NAMES] | pulumi ARGS… | venv"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// A second signal ends the driver at once, and with it what it started.
	context.AfterFunc(ctx, stop)
	err := run(ctx, os.Args[1:])
	if err == nil {
		return
	}
	if ctx.Err() != nil {
		fmt.Fprintln(os.Stderr, "stopped; the same command goes on from here")
		os.Exit(130)
	}
	fmt.Fprintf(os.Stderr, "\n%v\n", err)
	os.Exit(1)
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	l, err := checkout.Find(dir)
	if err != nil {
		return err
	}
	switch {
	case args[0] == "pulumi":
		return execPulumi(ctx, l, args[1:])
	case args[0] == "up":
		return upCommand(ctx, l, args[1:])
	case args[0] == "down" && len(args) == 1:
		return alone(ctx, l, down)
	case args[0] == "status" && len(args) == 1:
		return status(ctx, l, os.Stdout)
	case args[0] == "rotation-test":
		return rotationTest(ctx, l, args[1:])
	case args[0] == "certificate-test" && len(args) == 1:
		return alone(ctx, l, certificateTest)
	case args[0] == "api-test":
		return apiTest(ctx, l, args[1:])
	case args[0] == "deploy-test":
		return deployTest(ctx, l, args[1:])
	case args[0] == "bench":
		return benchmark(ctx, l, args[1:])
	case args[0] == privatemodel.Command && len(args) == 2:
		return privatemodel.Serve(ctx, args[1]) // started by up
	case args[0] == "venv" && len(args) == 1:
		return alone(ctx, l, venv)
	default:
		return errors.New(usage)
	}
}

// alone runs f with a display, and while no other process changes the sandbox of this
// checkout.
func alone(ctx context.Context, l checkout.Layout, f func(context.Context, checkout.Layout, *progress.Display) error) error {
	return shown(ctx, l, func(ctx context.Context, l checkout.Layout, display *progress.Display) error {
		lock, err := l.Lock(ctx, display.Say)
		if err != nil {
			return err
		}
		defer lock.Close()
		return f(ctx, l, display)
	})
}

// shown runs f with a display.
func shown(ctx context.Context, l checkout.Layout, f func(context.Context, checkout.Layout, *progress.Display) error) error {
	if err := l.Prepare(); err != nil {
		return err
	}
	display := progress.New(os.Stdout, terminalWidth())
	defer display.Close()
	defer context.AfterFunc(ctx, func() {
		display.Say("stopping; what is under way finishes first (interrupt again to stop at once)")
	})()
	return f(ctx, l, display)
}

// terminalWidth returns a function that returns the width of the terminal; nil without one.
func terminalWidth() func() int {
	out := int(os.Stdout.Fd())
	if !term.IsTerminal(out) {
		return nil
	}
	return func() int {
		columns, _, _ := term.GetSize(out)
		return columns
	}
}
