package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/hostedzone"
	"github.com/gatehouse-iac/gatehouse/sandbox/localstack"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/sandbox/vaultserver"
	"github.com/gatehouse-iac/gatehouse/test/e2e/certificates"
)

// stackOf is the local stack on the servers that run.
func stackOf(ctx context.Context, l checkout.Layout, say func(string, ...any)) localstack.Stack {
	running, _ := env.Find(l)
	cli := pulumicli.CLI{Layout: l, Path: l.Bin("pulumi"), Endpoint: running.Cloud.Endpoint()}
	if path, _, found := pulumicli.Installed(ctx, l.Local("bin")); found {
		cli.Path = path
	}
	if run, err := running.Run(ctx); err == nil {
		cli.Environment = run.Environment
	}
	own := machine(running.Cloud.Ports)
	if id, err := pulumicli.Setting(l, zoneKey); err == nil && id != nil {
		own[zoneKey] = id
	}
	return localstack.Stack{Layout: l, Say: say, CLI: cli, Machine: own, Inventory: running.Inventory}
}

// zoneKey is the setting of the zone that `up` found or made.
const zoneKey = "gatehouse:domainZoneId"

// machine is the part of the stack's configuration that differs from machine to
// machine.
func machine(ports awsserver.Ports) map[string]any {
	return map[string]any{
		"gatehouse:lambdaArchitecture": pulumicli.LambdaArchitecture(),
		"gatehouse:inferencePort":      ports.PrivateModel,
		"gatehouse:vaultAddress":       vaultserver.Address(ports.Vault),
		"gatehouse:domainNames":        []string{hostedzone.Alias},
	}
}

// certificateTarget is what the stack made of certificates.
func certificateTarget(l checkout.Layout, running env.Servers, outputs map[string]string) (certificates.Target, error) {
	names, err := pulumicli.Setting(l, "gatehouse:certificateNames")
	if err != nil {
		return certificates.Target{}, err
	}
	t := certificates.Target{Vault: running.Vault, Kubernetes: running.Kubernetes.Access}
	if list, ok := names.([]any); ok && len(list) > 0 {
		t.Name, _ = list[0].(string)
	}
	var missing []string
	for name, into := range map[string]*string{
		"tlsSecretNamespace": &t.Namespace, "tlsSecretName": &t.Secret,
		"pkiRootMount": &t.RootMount, "pkiMount": &t.Mount, "pkiRole": &t.Role, "pkiPolicy": &t.Policy,
	} {
		if *into = outputs[name]; *into == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return t, fmt.Errorf("the stack has no outputs %s", strings.Join(missing, ", "))
	}
	return t, nil
}

// instances are those of the servers that run; none unless all do.
func instances(ctx context.Context, l checkout.Layout) []string {
	running, all := env.Find(l)
	if !all {
		return nil
	}
	run, err := running.Run(ctx)
	if err != nil {
		return nil
	}
	return run.Instances
}

// deployed is the stack that was deployed to the servers that run.
func deployed(ctx context.Context, l checkout.Layout, say func(string, ...any)) (env.Servers, localstack.Stack, error) {
	running, all := env.Find(l)
	s := stackOf(ctx, l, say)
	if !all || !s.Exists() {
		return running, s, errors.New("the local stack does not run: start it with `make local`")
	}
	run, err := running.Run(ctx)
	if err != nil {
		return running, s, err
	}
	if !s.Describes(run.Instances) {
		return running, s, errors.New("the servers are not those that the stack was deployed to: run `make local`")
	}
	return running, s, nil
}

// execPulumi becomes the CLI, so that terminal, signals and exit code are its
// own.
func execPulumi(ctx context.Context, l checkout.Layout, args []string) error {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if _, all := env.Find(l); !all {
		return errors.New("the local servers do not run: start them with `make local`")
	}
	cli := stackOf(ctx, l, nil).CLI
	if err := os.Chdir(l.Root); err != nil {
		return err
	}
	return syscall.Exec(cli.Path, append([]string{"pulumi"}, cli.Args(args)...), cli.Env())
}
