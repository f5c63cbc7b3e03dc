package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/route53"
	"golang.org/x/sync/errgroup"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/daemon"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/hostedzone"
	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/localstack"
	"github.com/gatehouse-iac/gatehouse/sandbox/plugins"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/sandbox/servers/privatemodel"
	"github.com/gatehouse-iac/gatehouse/sandbox/toolcheck"
	"github.com/gatehouse-iac/gatehouse/sandbox/vaultserver"
	"github.com/gatehouse-iac/gatehouse/test/e2e/check"
	"github.com/gatehouse-iac/gatehouse/test/e2e/smoke"
)

// upCommand brings the local stack up and proves it.
func upCommand(ctx context.Context, l checkout.Layout, args []string) error {
	flags := flag.NewFlagSet("up", flag.ContinueOnError)
	brief := flags.Bool("brief", false, "prove only what is quickly shown")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("up: only flags are taken, not %q", flags.Args())
	}
	return alone(ctx, l, func(ctx context.Context, l checkout.Layout, show *progress.Display) error {
		r, err := newLocalRun(l, show)
		if err != nil {
			return err
		}
		r.brief = *brief
		return r.up(ctx)
	})
}

func (r *localRun) up(ctx context.Context) error {
	start := time.Now()
	// Whoever waits for the endpoints must not find those of a run before.
	if err := os.Remove(r.Endpoints()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, stage := range []func(context.Context) error{r.check, r.prepare, r.deploy, r.verify} {
		if err := stage(ctx); err != nil {
			return err
		}
	}
	if err := errors.Join(r.writeEndpoints(), r.writeSteps()); err != nil {
		return err
	}
	r.show.Say("\nGatehouse is up (%s). Through the front door:\n  curl %s%s/models -H 'Content-Type: application/json' -d '{\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'\n"+
		"Logs are in .local/logs. `make local-down` removes everything.", time.Since(start).Round(time.Second), awsserver.URL(r.ports.Distribution), r.outputs["apiPrefix"])
	return nil
}

// venv makes the Python environment of the local cloud, for its own tests.
func venv(ctx context.Context, l checkout.Layout, show *progress.Display) (err error) {
	r := &localRun{Layout: l, show: show, build: build.New(l)}
	if r.tools, err = toolcheck.Check(ctx); err != nil {
		return err
	}
	return r.step(ctx, "python packages", r.venv)
}

// localRun is a deployment of the local stack.
type localRun struct {
	checkout.Layout
	show    *progress.Display
	build   *build.Builder
	ports   awsserver.Ports
	tools   map[string]toolcheck.Found
	stack   localstack.Stack
	running env.Servers

	brief   bool              // leave out of the proof what takes long
	changed bool              // by this deployment
	outputs map[string]string // of the deployed stack
}

func newLocalRun(l checkout.Layout, show *progress.Display) (*localRun, error) {
	ports, err := awsserver.PortsFrom(os.Getenv(awsserver.PortVariable))
	if err != nil {
		return nil, err
	}
	return &localRun{
		Layout: l, show: show, build: build.New(l), ports: ports,
		stack: localstack.Stack{
			Layout: l, Say: show.Say, CLI: pulumicli.CLI{Layout: l, Endpoint: awsserver.URL(ports.AWS)},
			Machine: env.MachineSettings(ports),
		},
	}, nil
}

// step runs f as a step of the display.
func (r *localRun) step(ctx context.Context, name string, f func(context.Context, *progress.Step) error) error {
	return r.show.Step(ctx, name, f)
}

// check finds out at once what would stop the run later.
func (r *localRun) check(ctx context.Context) error {
	return r.step(ctx, "tools", func(ctx context.Context, s *progress.Step) (err error) {
		r.tools, err = toolcheck.Check(ctx)
		s.Note("go %s, python %s, node %s", r.tools["go"].Version, r.tools["python3"].Version, r.tools["node"].Version)
		taken := errors.Join(
			env.Usable(r.Layout, r.ports), daemon.Usable(r.Layout, privatemodel.Command, r.ports.PrivateModel))
		if taken != nil {
			taken = fmt.Errorf("%w\nend what uses it, or set %s to the first of six free ports", taken, awsserver.PortVariable)
		}
		return errors.Join(err, taken)
	})
}

// prepare builds what is missing and starts the servers. Compilers take turns,
// downloads and servers do not wait for them.
func (r *localRun) prepare(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := r.engine(ctx); err != nil {
			return err
		}
		for _, plugin := range plugins.Plugins {
			err := r.step(ctx, plugin.Name+" plugin", func(ctx context.Context, s *progress.Step) error {
				return plugin.Ensure(ctx, s, r.build, r.stack.CLI)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	group.Go(func() error {
		if err := r.step(ctx, "python packages", r.venv); err != nil {
			return err
		}
		return r.step(ctx, "cloud", r.startCloud)
	})
	group.Go(func() error { return r.step(ctx, "vault", r.startVault) })
	group.Go(func() error { return r.step(ctx, "kubernetes", r.startKubernetes) })
	group.Go(func() error { return r.step(ctx, "proof packages", r.proofVenv) })
	group.Go(func() error { return r.step(ctx, "private model", r.startPrivateModel) })
	group.Go(func() error { return r.step(ctx, "lambdas", r.lambdas) })
	group.Go(func() error { return r.step(ctx, "program", r.program) })
	return group.Wait()
}

// engine takes an installed Pulumi, or builds one.
func (r *localRun) engine(ctx context.Context) error {
	path, version, found := pulumicli.Installed(ctx, filepath.Dir(r.Bin("pulumi")))
	if found {
		r.stack.CLI.Path = path
		return r.step(ctx, "engine", func(_ context.Context, s *progress.Step) error {
			s.Note("%s, installed", version)
			return nil
		})
	}
	r.stack.CLI.Path = r.Bin("pulumi")
	for _, step := range []struct {
		name    string
		program build.Program
	}{{"engine", pulumicli.CLIProgram}, {"language host", pulumicli.HostProgram}} {
		err := r.step(ctx, step.name, func(ctx context.Context, s *progress.Step) error {
			_, err := r.build.Go(ctx, s, step.program)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *localRun) venv(ctx context.Context, s *progress.Step) error {
	python := r.tools["python3"]
	return r.build.Venv(ctx, s, checkout.CloudVenv, python.Path, python.Version, filepath.Join(r.Root, "sandbox", "servers", "aws", "requirements.txt"))
}

// proofVenv makes the Python environment with OpenAI's client and what else proves
// the API.
func (r *localRun) proofVenv(ctx context.Context, s *progress.Step) error {
	python := r.tools["python3"]
	return r.build.Venv(ctx, s, checkout.ProofVenv, python.Path, python.Version, filepath.Join(r.Root, "test", "e2e", "clients", "requirements.txt"))
}

func (r *localRun) startCloud(ctx context.Context, s *progress.Step) (err error) {
	var started bool
	r.running.Cloud, started, err = awsserver.Ensure(ctx, r.Layout, r.ports)
	noteStart(s, started, r.running.Cloud.Endpoint())
	return err
}

func (r *localRun) startVault(ctx context.Context, s *progress.Step) error {
	if _, err := r.build.Go(ctx, s, vaultserver.Program); err != nil {
		return err
	}
	server, started, err := vaultserver.Ensure(ctx, r.Layout, r.ports.Vault)
	r.running.Vault = server
	noteStart(s, started, server.Address)
	return err
}

func (r *localRun) startKubernetes(ctx context.Context, s *progress.Step) error {
	if _, err := r.build.Go(ctx, s, kubernetesserver.Program); err != nil {
		return err
	}
	server, started, err := kubernetesserver.Ensure(ctx, r.Layout, r.ports.Kubernetes)
	r.running.Kubernetes = server
	noteStart(s, started, server.Access.Server)
	return err
}

func noteStart(s *progress.Step, started bool, address string) {
	if started {
		s.Note("started at %s", address)
	} else {
		s.Note("already running at %s", address)
	}
}

func (r *localRun) startPrivateModel(ctx context.Context, s *progress.Step) error {
	s.Note("serving at %s", awsserver.URL(r.ports.PrivateModel))
	return privatemodel.Ensure(ctx, r.Layout, r.ports.PrivateModel)
}

func (r *localRun) lambdas(ctx context.Context, s *progress.Step) error {
	return r.build.Compile(ctx, s, "lambdas", r.Root, "make", "lambdas", "ARCH="+pulumicli.LambdaArchitecture())
}

// program compiles the Pulumi program's packages, for which the AWS SDK takes
// minutes the first time: they are then there when Pulumi links them.
func (r *localRun) program(ctx context.Context, s *progress.Step) error {
	return r.build.Compile(ctx, s, "program", r.Root, "go", "list", "-trimpath", "-export", "-f", "{{.ImportPath}}", ".")
}

// deploy runs `pulumi up`. Where a killed deployment left the servers in a state
// that nobody knows, or one of them has lost its part, it starts over with empty
// ones.
func (r *localRun) deploy(ctx context.Context) error {
	return r.step(ctx, "deploy", func(ctx context.Context, s *progress.Step) error {
		err := r.openStack(ctx)
		if errors.Is(err, localstack.ErrUnknown) || errors.Is(err, localstack.ErrPartlyGone) {
			r.show.Say("  %v: starting over with empty servers", err)
			if err := r.restartServers(ctx); err != nil {
				return err
			}
			err = r.openStack(ctx)
		}
		if err != nil {
			return err
		}
		changes, err := r.stack.Up(ctx, func(text string) { s.Doing("%s", text) })
		r.changed = changes != pulumicli.NoChange
		s.Note("%s", changes)
		return err
	})
}

func (r *localRun) restartServers(ctx context.Context) error {
	if err := errors.Join(env.Stop(ctx, r.Layout), r.stack.Drop()); err != nil {
		return err
	}
	for _, start := range []func(context.Context, *progress.Step) error{r.startCloud, r.startVault, r.startKubernetes} {
		if err := start(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

func (r *localRun) openStack(ctx context.Context) error {
	run, err := r.running.Run(ctx)
	if err != nil {
		return err
	}
	zoneID, err := hostedzone.Ensure(ctx, route53.NewFromConfig(awsclient.Config(r.running.Cloud.Endpoint())))
	if err != nil {
		return err
	}
	r.stack.Machine[env.ZoneKey] = zoneID
	r.stack.CLI.Environment = run.Environment
	r.stack.Inventory = r.running.Inventory
	return r.stack.Open(ctx, run.Instances)
}

// verify runs the checks of the deployed stack and prints the result of each, also after a
// failed one. Checks that take minutes run after a deployment that changed something.
func (r *localRun) verify(ctx context.Context) error {
	var results []check.Result
	err := r.step(ctx, "checks", func(ctx context.Context, s *progress.Step) error {
		outputs, _, err := r.stack.Outputs(ctx)
		if err != nil {
			return err
		}
		r.outputs = outputs
		e := &env.Environment{Checkout: r.Layout, Servers: r.running, Stack: r.stack, Outputs: outputs}
		doing := func(what string) { s.Doing("%s", what) }
		checks, err := smoke.Checks(ctx, e, r.changed && !r.brief, doing)
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
		r.show.Say("\n%s", strings.TrimRight(table.String(), "\n"))
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

// writeSteps keeps how long each step took, for who measures that.
func (r *localRun) writeSteps() error {
	content, err := json.MarshalIndent(r.show.Took(), "", "  ")
	if err != nil {
		return err
	}
	return checkout.WriteFile(r.Steps(), append(content, '\n'), 0o644)
}

func (r *localRun) writeEndpoints() error {
	found := endpoints{
		DistributionURL: awsserver.URL(r.ports.Distribution), APIURL: awsserver.URL(r.ports.API), AWSEndpoint: r.running.Cloud.Endpoint(), Region: awsclient.Region,
		VaultAddress: r.running.Vault.Address, Kubeconfig: r.running.Kubernetes.Kubeconfig,
	}
	if prefix := r.outputs["inferencePrefix"]; prefix != "" {
		found.VPCLinkURL = found.DistributionURL + prefix
	}
	content, err := json.MarshalIndent(found, "", "  ")
	if err != nil {
		return err
	}
	if err := checkout.WriteFile(r.Endpoints(), append(content, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the endpoints: %w", err)
	}
	return nil
}
