package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/test/e2e/check"
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
	e, err := env.Start(ctx, l, show)
	if err != nil {
		return err
	}
	// Slow checks run after a deployment that changed something.
	if err := verify(ctx, e, show, e.Changed && !brief); err != nil {
		return err
	}
	if err := errors.Join(writeEndpoints(e), writeSteps(l, show)); err != nil {
		return err
	}
	show.Say("\nGatehouse is up (%s). Through CloudFront:\n  curl %s -H 'Content-Type: application/json' -d '{\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'\n"+
		"Logs are in .local/logs. `make local-down` removes everything.", time.Since(start).Round(time.Second), e.ModelsURL(e.DistributionURL()))
	return nil
}

// venv installs the Python packages of the AWS server, for its own tests.
func venv(ctx context.Context, l checkout.Layout, show *progress.Display) error {
	build, err := env.NewBuild(ctx, l)
	if err != nil {
		return err
	}
	return show.Step(ctx, "python packages", build.AWSPackages)
}

// verify runs the checks of the deployed stack and prints the result of each, also after a
// failed one. Slow checks take minutes.
func verify(ctx context.Context, e *env.Environment, show *progress.Display, slow bool) error {
	var results []check.Result
	err := show.Step(ctx, "checks", func(ctx context.Context, s *progress.Step) error {
		doing := func(what string) { s.Doing("%s", what) }
		checks, err := smoke.Checks(ctx, e, slow, doing)
		if err != nil {
			return err
		}
		results = check.Run(ctx, checks, doing)
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
		check.PrintTable(&table, results)
		show.Say("\n%s", strings.TrimRight(table.String(), "\n"))
	}
	return err
}

// endpoints is the content of .local/endpoints.json.
type endpoints struct {
	DistributionURL string `json:"distributionUrl"`
	APIURL          string `json:"apiUrl"`
	AWSEndpoint     string `json:"awsEndpoint"`
	Region          string `json:"region"`
	VPCLinkURL      string `json:"vpcLinkUrl,omitempty"` // the private model through CloudFront
	VaultAddress    string `json:"vaultAddr"`
	Kubeconfig      string `json:"kubeconfig"` // a path
}

func endpointsOf(e *env.Environment) endpoints {
	found := endpoints{
		DistributionURL: e.DistributionURL(), APIURL: e.APIURL(), AWSEndpoint: e.Servers.Cloud.Endpoint(), Region: awsclient.Region,
		VaultAddress: e.Servers.Vault.Address, Kubeconfig: e.Servers.Kubernetes.Kubeconfig,
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

// writeSteps records how long each step took, for `make bench`.
func writeSteps(l checkout.Layout, show *progress.Display) error {
	content, err := json.MarshalIndent(show.Took(), "", "  ")
	if err != nil {
		return err
	}
	return checkout.WriteFile(l.Steps(), append(content, '\n'), 0o644)
}
