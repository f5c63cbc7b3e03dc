package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/test/e2e/certificates"
)

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

// execPulumi becomes the CLI, so that terminal, signals and exit code are its
// own.
func execPulumi(ctx context.Context, l checkout.Layout, args []string) error {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if _, all := env.Find(l); !all {
		return errors.New("the local servers do not run: start them with `make local`")
	}
	cli := env.StackOf(ctx, l, nil).CLI
	if err := os.Chdir(l.Root); err != nil {
		return err
	}
	return syscall.Exec(cli.Path, append([]string{"pulumi"}, cli.Args(args)...), cli.Env())
}
