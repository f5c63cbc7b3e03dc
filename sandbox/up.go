package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/test/bench"
	"github.com/gatehouse-iac/gatehouse/test/e2e/smoke"
)

// upCommand starts the sandbox and tests it.
func upCommand(ctx context.Context, l checkout.Layout, args []string) error {
	flags := flag.NewFlagSet("up", flag.ContinueOnError)
	brief := flags.Bool("brief", false, "leave out the tests that take long")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("up: only flags are taken, not %q", flags.Args())
	}
	return alone(ctx, l, func(ctx context.Context, l checkout.Layout, show *progress.Display) error {
		return up(ctx, l, show, *brief)
	})
}

func up(ctx context.Context, l checkout.Layout, show *progress.Display, brief bool) error {
	start := time.Now()
	// A program that waits for the endpoints must not find those of an earlier start.
	if err := os.Remove(l.Endpoints()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	took := map[string]time.Duration{}
	e, err := env.Start(ctx, l, show, !brief, func(ctx context.Context, e *env.Environment) error {
		if err := verify(ctx, e, show, env.RequestsStep, smoke.APIChecks); err != nil {
			return err
		}
		took[bench.FirstResponse] = time.Since(start)
		show.Say("\nThe API responds (%s). Through CloudFront:\n%s\nCertificates, the cluster and the workload follow.\n",
			took[bench.FirstResponse].Round(time.Second), example(e))
		return nil
	})
	if err != nil {
		return err
	}

	// Slow checks run after a deployment that changed something.
	slow := e.Changed && !brief
	checks := func(ctx context.Context, e *env.Environment, doing func(string)) ([]check.Check, error) {
		return smoke.Checks(ctx, e, slow, doing)
	}
	if err := verify(ctx, e, show, env.ChecksStep, checks); err != nil {
		return err
	}
	took[bench.AllChecked] = time.Since(start)
	if err := errors.Join(writeEndpoints(e), writeSteps(l, show, took)); err != nil {
		return err
	}
	show.Say("\nGatehouse is up (%s). Through CloudFront:\n%s\nLogs are in .local/logs. `make local-down` removes everything.",
		took[bench.AllChecked].Round(time.Second), example(e))
	return nil
}

// example returns a request to the API, for a shell.
func example(e *env.Environment) string {
	credential := ""
	if !e.ClientKey.IsZero() {
		credential = fmt.Sprintf("-H \"Authorization: Bearer $(cat '%s')\" ", e.Checkout.ClientKey())
	}
	return fmt.Sprintf("  curl %s %s-H 'Content-Type: application/json' -d '{\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'",
		e.ModelsURL(e.DistributionURL()), credential)
}

// venv installs the Python packages of the AWS server, for its own tests.
func venv(ctx context.Context, l checkout.Layout, show *progress.Display) error {
	build, err := env.NewBuild(ctx, l)
	if err != nil {
		return err
	}
	return show.Step(ctx, "python packages", build.AWSPackages)
}

// checksOf returns checks of an environment. They call doing with what is under way.
type checksOf func(ctx context.Context, e *env.Environment, doing func(string)) ([]check.Check, error)

// verify runs checks of the deployed stack as a step and prints the result of each, also
// after a failed one.
func verify(ctx context.Context, e *env.Environment, show *progress.Display, name string, checks checksOf) error {
	var results []check.Result
	err := show.Step(ctx, name, func(ctx context.Context, s *progress.Step) error {
		doing := func(what string) { s.Doing("%s", what) }
		all, err := checks(ctx, e, doing)
		if err != nil {
			return err
		}
		results = check.Run(ctx, all, doing)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !check.Passed(results) {
			return errors.New("the stack is deployed, but checks failed: see those marked ✗")
		}
		return nil
	})
	if len(results) > 0 {
		var table strings.Builder
		check.PrintTable(&table, results, e.Outputs["runbookUrl"])
		show.Say("\n%s", strings.TrimRight(table.String(), "\n"))
	}
	return err
}

// endpoints is the content of .local/endpoints.json.
type endpoints struct {
	DistributionURL string `json:"distributionUrl"`
	APIURL          string `json:"apiUrl"`
	StreamURL       string `json:"streamUrl,omitempty"` // the REST API that streams, with its stage
	AWSEndpoint     string `json:"awsEndpoint"`
	Region          string `json:"region"`
	ClientKeyFile   string `json:"clientKeyFile,omitempty"` // a path; without a file, the API is open
	VPCLinkURL      string `json:"vpcLinkUrl,omitempty"`    // the private model through CloudFront
	VaultAddress    string `json:"vaultAddr"`
	Kubeconfig      string `json:"kubeconfig"` // a path
}

func endpointsOf(e *env.Environment) endpoints {
	found := endpoints{
		DistributionURL: e.DistributionURL(), APIURL: e.APIURL(), StreamURL: e.StreamURL(), AWSEndpoint: e.Servers.Cloud.Endpoint(), Region: awsclient.Region,
		VaultAddress: e.Servers.Vault.Address, Kubeconfig: e.Servers.Kubernetes.Kubeconfig,
	}
	if !e.ClientKey.IsZero() {
		found.ClientKeyFile = e.Checkout.ClientKey()
	}
	if prefix := e.Outputs["inferencePrefix"]; prefix != "" {
		found.VPCLinkURL = found.DistributionURL + prefix
	}
	return found
}

func writeEndpoints(e *env.Environment) error {
	content, err := json.MarshalIndent(endpointsOf(e), "", "  ")
	if err != nil {
		return err
	}
	if err := checkout.WriteFile(e.Checkout.Endpoints(), append(content, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the endpoints: %w", err)
	}
	return nil
}

// writeSteps records how long each step took, and how long it took to reach what the command
// is for, for `make bench`.
func writeSteps(l checkout.Layout, show *progress.Display, reached map[string]time.Duration) error {
	took := show.Took()
	for _, name := range slices.Sorted(maps.Keys(reached)) {
		took = append(took, progress.Took{Step: name, Seconds: reached[name].Seconds()})
	}
	content, err := json.MarshalIndent(took, "", "  ")
	if err != nil {
		return err
	}
	return checkout.WriteFile(l.Steps(), append(content, '\n'), 0o644)
}
