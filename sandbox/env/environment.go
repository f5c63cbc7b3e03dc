package env

import (
	"context"
	"errors"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/hostedzone"
	"github.com/gatehouse-iac/gatehouse/sandbox/localstack"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/sandbox/vaultserver"
)

// Environment is the sandbox as commands and tests use it: the running servers, the
// stack that is deployed to them, and its outputs. It is never changed; a deployment
// returns another one.
type Environment struct {
	Checkout checkout.Layout
	Servers  Servers
	Stack    localstack.Stack

	// Outputs are the stack's outputs that are strings, by name; secrets are masked.
	Outputs map[string]string
}

// ErrNotRunning means that there is no deployed stack to attach to.
var ErrNotRunning = errors.New("the sandbox does not run: start it with `make local`")

// Attach returns the environment of the stack that is deployed to the running servers
// of a checkout.
func Attach(ctx context.Context, l checkout.Layout, say func(format string, args ...any)) (*Environment, error) {
	servers, all := Find(l)
	stack := StackOf(ctx, l, say)
	if !all || !stack.Exists() {
		return nil, ErrNotRunning
	}
	run, err := servers.Run(ctx)
	if err != nil {
		return nil, err
	}
	if !stack.Describes(run.Instances) {
		return nil, errors.New("the servers are not those that the stack was deployed to: run `make local`")
	}
	return withOutputs(ctx, Environment{Checkout: l, Servers: servers, Stack: stack})
}

// Deploy deploys the stack with some settings changed, by key with its namespace, or
// with its own if there are none. It calls doing with what is being deployed.
func (e *Environment) Deploy(ctx context.Context, settings map[string]any, doing func(string)) (*Environment, error) {
	if _, err := e.Stack.UpWith(ctx, settings, doing); err != nil {
		return nil, err
	}
	return withOutputs(ctx, *e)
}

func withOutputs(ctx context.Context, e Environment) (*Environment, error) {
	outputs, _, err := e.Stack.Outputs(ctx)
	if err != nil {
		return nil, err
	}
	e.Outputs = outputs
	return &e, nil
}

// DistributionURL is the address of the distribution, without a path.
func (e *Environment) DistributionURL() string {
	return awsserver.URL(e.Servers.Cloud.Ports.Distribution)
}

// APIURL is the address of the HTTP API that bypasses CloudFront, without a path.
func (e *Environment) APIURL() string { return awsserver.URL(e.Servers.Cloud.Ports.API) }

// ModelsURL is the address of the model API's models below the distribution or the API.
func (e *Environment) ModelsURL(base string) string { return base + e.Outputs["apiPrefix"] + "/models" }

// StackOf returns the stack of a checkout on the servers that run, deployed or not.
func StackOf(ctx context.Context, l checkout.Layout, say func(format string, args ...any)) localstack.Stack {
	running, _ := Find(l)
	cli := pulumicli.CLI{Layout: l, Path: l.Bin("pulumi"), Endpoint: running.Cloud.Endpoint()}
	if path, _, found := pulumicli.Installed(ctx, l.Local("bin")); found {
		cli.Path = path
	}
	if run, err := running.Run(ctx); err == nil {
		cli.Environment = run.Environment
	}
	settings := MachineSettings(running.Cloud.Ports)
	if id, err := pulumicli.Setting(l, ZoneKey); err == nil && id != nil {
		settings[ZoneKey] = id
	}
	return localstack.Stack{Layout: l, Say: say, CLI: cli, Machine: settings}
}

// ZoneKey is the configuration key of the hosted zone that the stack's own name is in.
const ZoneKey = "gatehouse:domainZoneId"

// MachineSettings are the stack's settings that differ from machine to machine.
func MachineSettings(ports awsserver.Ports) map[string]any {
	return map[string]any{
		"gatehouse:lambdaArchitecture": pulumicli.LambdaArchitecture(),
		"gatehouse:inferencePort":      ports.PrivateModel,
		"gatehouse:vaultAddress":       vaultserver.Address(ports.Vault),
		"gatehouse:domainNames":        []string{hostedzone.Alias},
	}
}
