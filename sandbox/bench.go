package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/chatstream"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/daemon"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/memory"
	"github.com/gatehouse-iac/gatehouse/sandbox/process"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/sandbox/servers/scriptedmodel"
	"github.com/gatehouse-iac/gatehouse/sandbox/toolcheck"
	"github.com/gatehouse-iac/gatehouse/test/bench"
)

// measure measures one part.
type measure func(context.Context, checkout.Layout) ([]bench.Row, error)

var measures = map[string]measure{
	bench.AuthorizerPart: withDisplay(alone, benchAuthorizer),
	bench.PathPart:       withDisplay(alone, benchPath),
	bench.StreamPart:     withDisplay(alone, benchStream),
	bench.ClientsPart:    withDisplay(alone, benchClients),
	bench.RotationPart:   withDisplay(shown, benchRotation), // whose tests take the lock themselves
	bench.ProgramPart:    withDisplay(alone, benchProgram),
	bench.TestsPart:      withDisplay(shown, benchTests), // which take the lock themselves
	bench.CostPart:       benchCost,
	bench.ColdPart:       withDisplay(shown, benchCold), // in another checkout
	bench.LoadPart:       withDisplay(alone, benchLoad),
}

// benchmark measures the chosen parts and writes the document, after each part.
func benchmark(ctx context.Context, l checkout.Layout, args []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	names := flags.String("part", "", "`names` of the parts to measure, separated by commas")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("bench: unexpected %q", flags.Args())
	}
	parts, err := bench.Choose(*names)
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	// What would stop a later part is reported before an earlier one takes minutes.
	if slices.ContainsFunc(parts, func(p bench.Part) bool { return p.NeedsStack }) {
		if _, err := env.Attach(ctx, l, func(string, ...any) {}); err != nil {
			return err
		}
	}
	found, err := toolcheck.Check(ctx)
	if err != nil {
		return err
	}
	record, err := bench.ReadRecord(recordPath(l))
	if err != nil {
		return err
	}
	// The document's text may have changed since.
	if err := writeRecord(l, record); err != nil {
		return err
	}
	for _, part := range parts {
		machine, err := bench.ThisMachine(found["python3"].Version, found["node"].Version)
		if err != nil {
			return err
		}
		rows, err := measures[part.Name](ctx, l)
		if err != nil {
			return fmt.Errorf("%s: %w", part.Name, err)
		}
		record = record.With(bench.Measurement{Part: part.Name, Date: time.Now().UTC().Format(time.DateOnly), Machine: machine, Rows: rows})
		if err := writeRecord(l, record); err != nil {
			return err
		}
	}
	fmt.Printf("\n%s\n", record.Text())
	return nil
}

func recordPath(l checkout.Layout) string { return filepath.Join(l.Root, "docs", "measurements.json") }

func writeRecord(l checkout.Layout, record bench.Record) error {
	content, err := record.JSON()
	if err != nil {
		return err
	}
	return errors.Join(
		checkout.WriteFile(recordPath(l), content, 0o644),
		checkout.WriteFile(filepath.Join(l.Root, "docs", "measurements.md"), []byte(record.Markdown()), 0o644))
}

type (
	// runner is [alone] or [shown].
	runner func(context.Context, checkout.Layout, func(context.Context, checkout.Layout, *progress.Display) error) error

	shownMeasure func(context.Context, checkout.Layout, *progress.Display) ([]bench.Row, error)
)

func withDisplay(run runner, f shownMeasure) measure {
	return func(ctx context.Context, l checkout.Layout) (rows []bench.Row, err error) {
		err = run(ctx, l, func(ctx context.Context, l checkout.Layout, show *progress.Display) error {
			rows, err = f(ctx, l, show)
			return err
		})
		return rows, err
	}
}

func benchAuthorizer(ctx context.Context, l checkout.Layout, show *progress.Display) (rows []bench.Row, err error) {
	programs, err := benchPrograms(ctx, l, show)
	if err != nil {
		return nil, err
	}
	err = show.Step(ctx, "processes", func(ctx context.Context, s *progress.Step) error {
		rows, err = bench.Authorizer(ctx, programs, func(text string) { s.Doing("%s", text) })
		return err
	})
	if err != nil {
		return nil, err
	}
	err = show.Step(ctx, "decision", func(ctx context.Context, _ *progress.Step) error {
		output, err := process.Output(ctx, l.Root, build.Env(), bench.DecisionCommand...)
		if err != nil {
			return err
		}
		decision, err := bench.Decision(output)
		rows = append(rows, decision...)
		return err
	})
	return rows, err
}

// benchPrograms builds what is measured.
func benchPrograms(ctx context.Context, l checkout.Layout, show *progress.Display) (p bench.Programs, err error) {
	builds, err := env.NewBuild(ctx, l)
	if err != nil {
		return p, err
	}
	baseline := filepath.Join(l.Root, "test", "bench", "baseline")
	p = bench.Programs{
		Authorizer: filepath.Join(l.Root, "dist", "lambda", pulumicli.LambdaArchitecture(), "authorizer", "bootstrap"),
		Hello:      l.Bin("hello"), Python: l.Python(checkout.BenchVenv), PythonCode: filepath.Join(baseline, "python"),
	}
	return p, show.Step(ctx, "programs", func(ctx context.Context, s *progress.Step) error {
		if err := builds.Functions(ctx, s); err != nil {
			return err
		}
		// As the Makefile builds the functions.
		err := builds.Compile(ctx, s, build.Command{
			Name: "hello", Dir: l.Root, Env: []string{"GOOS=linux"},
			Args: []string{"go", "build", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags=-s -w -buildid=", "-o", p.Hello, "./test/bench/baseline/hello"},
		})
		if err != nil {
			return err
		}
		return builds.BenchPackages(ctx, s)
	})
}

func benchPath(ctx context.Context, l checkout.Layout, show *progress.Display) (rows []bench.Row, err error) {
	programs, err := benchPrograms(ctx, l, show)
	if err != nil {
		return nil, err
	}
	e, err := env.Attach(ctx, l, show.Say)
	if err != nil {
		return nil, err
	}
	front := bench.Front{
		Cloud: e.Servers.Cloud, DistributionID: e.Outputs["distributionId"], APIPrefix: e.Outputs["apiPrefix"], Header: e.Outputs["originHeaderName"],
	}
	err = show.Step(ctx, "path", func(ctx context.Context, s *progress.Step) error {
		rows, err = bench.Path(ctx, front, programs, func(text string) { s.Doing("%s", text) })
		return err
	})
	return rows, err
}

func benchStream(ctx context.Context, l checkout.Layout, show *progress.Display) (rows []bench.Row, err error) {
	e, err := env.Attach(ctx, l, show.Say)
	if err != nil {
		return nil, err
	}
	if e.StreamURL() == "" {
		return nil, errors.New("the local stack doesn't stream: run `make local`")
	}
	streams := bench.Streams{
		Viewer:  chatstream.Target{URL: e.DistributionURL() + e.Outputs["apiPrefix"], Header: e.Authorization()},
		Bedrock: e.Servers.Cloud.Endpoint(), Model: "amazon.nova-micro-v1:0",
		Scripted: chatstream.Target{URL: awsserver.URL(e.Servers.Cloud.Ports.PrivateModel) + "/v1"}, Name: scriptedmodel.Model,
		Function: "gatehouse-" + pulumicli.StackName + "-model-stream",
	}
	err = show.Step(ctx, "streams", func(ctx context.Context, s *progress.Step) error {
		rows, err = bench.Stream(ctx, streams, func(text string) { s.Doing("%s", text) })
		return err
	})
	return rows, err
}

func benchClients(ctx context.Context, l checkout.Layout, show *progress.Display) (rows []bench.Row, err error) {
	e, err := env.Attach(ctx, l, show.Say)
	if err != nil {
		return nil, err
	}
	if e.ClientKey.IsZero() {
		return nil, errors.New("the local stack is open: set gatehouse:clientAccess to keys, and run `make local`")
	}
	admission := bench.Admission{
		Endpoint: e.Servers.Cloud.Endpoint(), Function: "gatehouse-" + pulumicli.StackName + "-model",
		Program: filepath.Join(l.Root, "dist", "lambda", pulumicli.LambdaArchitecture(), "model", "bootstrap"),
		Prefix:  e.Outputs["apiPrefix"], Key: e.ClientKey,
	}
	err = show.Step(ctx, "clients", func(ctx context.Context, s *progress.Step) error {
		rows, err = bench.Clients(ctx, admission, func(text string) { s.Doing("%s", text) })
		return err
	})
	return rows, err
}

func benchLoad(ctx context.Context, l checkout.Layout, show *progress.Display) (rows []bench.Row, err error) {
	e, err := env.Attach(ctx, l, show.Say)
	if err != nil {
		return nil, err
	}
	if e.StreamURL() == "" {
		return nil, errors.New("the local stack doesn't stream: run `make local`")
	}
	server, found := daemon.Find(l, awsserver.Name)
	if !found {
		return nil, errors.New("the sandbox's AWS doesn't run: run `make local`")
	}
	loaded := bench.Loaded{
		Viewer: chatstream.Target{URL: e.DistributionURL() + e.Outputs["apiPrefix"], Header: e.Authorization()},
		Model:  "amazon.nova-micro-v1:0",
		Memory: func() int64 { return memory.Below(server.Process.PID) },
	}
	err = show.Step(ctx, "load", func(ctx context.Context, s *progress.Step) error {
		rows, err = bench.Load(ctx, loaded, func(text string) { s.Doing("%s", text) }, func(text string) { show.Say("  %s", text) })
		return err
	})
	return rows, err
}

func benchRotation(ctx context.Context, l checkout.Layout, show *progress.Display) (rows []bench.Row, err error) {
	err = show.Step(ctx, "rotation", func(ctx context.Context, _ *progress.Step) error {
		output, err := process.Output(ctx, l.Root, build.Env(), bench.RotationCommand...)
		if err != nil {
			return err
		}
		rows, err = bench.Rotations(output)
		return err
	})
	return rows, err
}

func benchTests(ctx context.Context, l checkout.Layout, show *progress.Display) (rows []bench.Row, err error) {
	var seconds float64
	for _, name := range []string{"tests, once", "tests, warm"} {
		if seconds, err = timedMake(ctx, show, name, l, build.Env(), "test"); err != nil {
			return nil, err
		}
	}
	return []bench.Row{bench.Tests(seconds)}, nil
}

// timedMake runs a target in a checkout, and returns the seconds that it took.
func timedMake(ctx context.Context, show *progress.Display, name string, l checkout.Layout, env []string, target string) (seconds float64, err error) {
	err = show.Step(ctx, name, func(ctx context.Context, s *progress.Step) error {
		began := time.Now()
		err := process.Command{
			Dir: l.Root, Env: env, Args: []string{"make", target}, Log: l.Log("bench-" + target), Patience: time.Minute,
			Watch: func(line string) { s.Doing("%s", strings.TrimPrefix(line, "… ")) },
		}.Run(ctx)
		seconds = time.Since(began).Seconds()
		return err
	})
	return seconds, err
}

// benchCost measures nothing: its figures are computed from price lists.
func benchCost(_ context.Context, l checkout.Layout) ([]bench.Row, error) {
	sums, err := os.ReadFile(filepath.Join(l.Root, "docs", "costs.json"))
	if err != nil {
		return nil, err
	}
	return bench.Cost(sums)
}
