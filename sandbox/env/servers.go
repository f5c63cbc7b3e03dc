// Package env has the sandbox as one value: the servers (AWS, Vault and Kubernetes), the
// stack that is deployed to them, and its outputs.
package env

import (
	"context"
	"errors"
	"maps"

	"golang.org/x/sync/errgroup"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/daemon"
	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/vaultserver"
)

var names = []string{awsserver.Name, vaultserver.Name, kubernetesserver.Name}

// Servers are running ones.
type Servers struct {
	Cloud      awsserver.Cloud
	Vault      vaultserver.Server
	Kubernetes kubernetesserver.Server
}

// Find returns the servers that run for this checkout, and whether that is all
// of them.
func Find(l checkout.Layout) (s Servers, all bool) {
	var found [3]bool
	s.Cloud, found[0] = awsserver.Find(l)
	s.Vault, found[1] = vaultserver.Find(l)
	s.Kubernetes, found[2] = kubernetesserver.Find(l)
	return s, found == [3]bool{true, true, true}
}

// Any reports whether one of the servers runs for this checkout.
func Any(l checkout.Layout) bool {
	for _, name := range names {
		if _, found := daemon.Find(l, name); found {
			return true
		}
	}
	return false
}

// Usable makes sure that all of them can listen.
func Usable(l checkout.Layout, ports awsserver.Ports) error {
	return errors.Join(
		daemon.Usable(l, awsserver.Name, ports.Cloud()...),
		daemon.Usable(l, vaultserver.Name, ports.Vault),
		daemon.Usable(l, kubernetesserver.Name, ports.Kubernetes),
	)
}

// Stop ends all of them.
func Stop(ctx context.Context, l checkout.Layout) error {
	var group errgroup.Group
	for _, name := range names {
		group.Go(func() error { return daemon.Stop(ctx, l, name) })
	}
	return group.Wait()
}

// Run is what tells running servers from those of another run.
type Run struct {
	// Instances has an entry for each server. What was deployed to it is gone with
	// that instance.
	Instances []string
	// Environment is that in which a program reaches the servers as their
	// administrator, and the cloud's by the names that they have on AWS.
	Environment map[string]string
}

// Run asks the servers which run they are.
func (s Servers) Run(ctx context.Context) (Run, error) {
	instance, err := s.Cloud.Instance(ctx)
	if err != nil {
		return Run{}, err
	}
	environment := map[string]string{
		"VAULT_ADDR":  s.Vault.Address,
		"VAULT_TOKEN": s.Vault.Token,
		"KUBECONFIG":  s.Kubernetes.Kubeconfig,
	}
	maps.Copy(environment, instance.Environment)
	return Run{[]string{"cloud " + instance.ID, "vault " + s.Vault.Instance, "kubernetes " + s.Kubernetes.Instance}, environment}, nil
}
