// Package env has the sandbox as one value: the servers (AWS, Vault and Kubernetes), the
// stack that is deployed to them, and its outputs. [Start] makes one, [Attach] returns that
// which runs.
package env

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/gatehouse-iac/gatehouse/internal/secret"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/hostedzone"
	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/localclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/localstack"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
)

// Environment has the sandbox as commands and tests use it: the running servers, the
// stack that is deployed to them, and its outputs. It is never changed; a deployment
// returns another one.
type Environment struct {
	Checkout checkout.Layout
	Servers  Servers
	Stack    localstack.Stack

	// Outputs has the stack's outputs that are strings, by name; secrets are masked.
	Outputs map[string]string

	// ClientKey is the key of the sandbox's own client. It is empty if the API is open to
	// every request.
	ClientKey secret.Text

	// Changed reports whether the deployment that returned this environment changed
	// anything.
	Changed bool
}

// ErrNotRunning means that there is no deployed stack to attach to.
var ErrNotRunning = errors.New("the sandbox does not run: start it with `make local`")

// Attach returns the environment of the stack that is deployed to the running servers
// of a checkout.
func Attach(ctx context.Context, l checkout.Layout, say func(format string, args ...any)) (*Environment, error) {
	servers := Find(l)
	stack := localstack.Stack{Layout: l}
	if !servers.All() || !stack.IsOn(kubernetesserver.Name) {
		return nil, ErrNotRunning
	}
	e, run, err := environment(ctx, l, servers, say)
	if err != nil {
		return nil, err
	}
	if !e.Stack.Describes(run.Instances) {
		return nil, errors.New("the servers are not those that the stack was deployed to: run `make local`")
	}
	return withOutputs(ctx, e)
}

// environment returns the environment of some of the running servers, without outputs.
func environment(ctx context.Context, l checkout.Layout, servers Servers, say func(format string, args ...any)) (Environment, Run, error) {
	run, err := servers.Run(ctx)
	if err != nil {
		return Environment{}, Run{}, err
	}
	zoneID, err := hostedzone.Ensure(ctx, route53.NewFromConfig(awsclient.Config(servers.Cloud.Endpoint())))
	if err != nil {
		return Environment{}, Run{}, err
	}
	path := cliPath(ctx, l)
	return Environment{
		Checkout: l, Servers: servers,
		Stack: localstack.Stack{
			Layout: l, Say: say,
			CLI:     pulumicli.CLI{Layout: l, Path: path, Endpoint: servers.Cloud.Endpoint(), Environment: run.Environment},
			Machine: machineSettings(servers, zoneID),
		},
	}, run, nil
}

// Authorization returns the headers with the credential that requests to the API need, none
// if it is open. The caller may add to them.
func (e *Environment) Authorization() http.Header {
	header := http.Header{}
	if !e.ClientKey.IsZero() {
		header.Set("Authorization", "Bearer "+e.ClientKey.Reveal())
	}
	return header
}

// Deploy deploys the stack with some settings changed, by key with its namespace, or
// with its own if there are none. It calls doing with what is being deployed.
func (e *Environment) Deploy(ctx context.Context, settings map[string]any, doing func(string)) (*Environment, error) {
	changes, err := e.Stack.UpWith(ctx, settings, doing)
	if err != nil {
		return nil, err
	}
	deployed := *e
	deployed.Changed = changes != pulumicli.NoChange
	return withOutputs(ctx, deployed)
}

// withOutputs returns the environment with the outputs of its stack. It makes the sandbox's
// own client, if the API has clients: a deployment may have made an empty table.
func withOutputs(ctx context.Context, e Environment) (*Environment, error) {
	outputs, _, err := e.Stack.Outputs(ctx)
	if err != nil {
		return nil, err
	}
	e.Outputs, e.ClientKey = outputs, secret.Text{}
	if table := outputs[ClientsTableOutput]; table != "" {
		e.ClientKey, err = localclient.Ensure(ctx, e.Checkout, e.Servers.Cloud.Endpoint(), table)
	}
	return &e, err
}

// ClientsTableOutput names the stack's output with the name of the table of clients. A stack
// whose API is open has none.
const ClientsTableOutput = "clientsTable"

// DistributionURL returns the address of the distribution, without a path.
func (e *Environment) DistributionURL() string {
	return awsserver.URL(e.Servers.Cloud.Ports.Distribution)
}

// APIURL returns the address of the HTTP API that bypasses CloudFront, without a path.
func (e *Environment) APIURL() string { return awsserver.URL(e.Servers.Cloud.Ports.API) }

// StreamURL returns the address of the REST API that streams, with its stage, which bypasses
// CloudFront. It is empty where the stack has none.
func (e *Environment) StreamURL() string {
	name, err := url.Parse(e.Outputs[StreamOutput])
	if err != nil || name.Host == "" {
		return ""
	}
	return awsserver.URL(e.Servers.Cloud.Ports.API) + name.Path
}

// StreamHost returns the name of that API, which requests to its address have as Host.
func (e *Environment) StreamHost() string {
	name, err := url.Parse(e.Outputs[StreamOutput])
	if err != nil {
		return ""
	}
	return name.Host
}

// StreamOutput names the stack's output with the address of the REST API that streams.
const StreamOutput = "streamUrl"

// ModelsURL returns the address of the model API's models below the distribution or the API.
func (e *Environment) ModelsURL(base string) string { return base + e.Outputs["apiPrefix"] + "/models" }

// StackOf returns the stack of a checkout on the servers that run. Without servers it is
// good for what needs none: to find a state, and to drop it.
func StackOf(ctx context.Context, l checkout.Layout, say func(format string, args ...any)) localstack.Stack {
	if servers := Find(l); servers.hasAWS() {
		if e, _, err := environment(ctx, l, servers, say); err == nil {
			return e.Stack
		}
	}
	path := cliPath(ctx, l)
	return localstack.Stack{Layout: l, Say: say, CLI: pulumicli.CLI{Layout: l, Path: path}}
}

// cliPath returns the path of the Pulumi CLI: that of an installed one, or of our own.
func cliPath(ctx context.Context, l checkout.Layout) string {
	own := l.Bin(pulumicli.CLIProgram.Name)
	if path, _, installed := pulumicli.Installed(ctx, filepath.Dir(own)); installed {
		return path
	}
	return own
}

// ZoneKey is the configuration key of the hosted zone that the custom domain is in.
const ZoneKey = "gatehouse:domainZoneId"

// machineSettings returns the stack's settings that differ from machine to machine. Without
// Vault and Kubernetes there are no certificates, and no workload, which needs one.
func machineSettings(servers Servers, zoneID string) map[string]any {
	settings := map[string]any{
		"gatehouse:domainNames":        []string{hostedzone.Alias},
		ZoneKey:                        zoneID,
		"gatehouse:inferencePort":      servers.Cloud.Ports.PrivateModel,
		"gatehouse:lambdaArchitecture": pulumicli.LambdaArchitecture(),
	}
	if servers.hasOthers() {
		settings["gatehouse:vaultAddress"] = servers.Vault.Address
	} else {
		settings["gatehouse:workloadEnabled"] = false
	}
	return settings
}
