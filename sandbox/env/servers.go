package env

import (
	"context"
	"errors"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/daemon"
	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/servers/privatemodel"
	"github.com/gatehouse-iac/gatehouse/sandbox/vaultserver"
)

// names has the names of the servers that a stack is deployed to, and of the model that
// its private route leads to.
var names = []string{awsserver.Name, vaultserver.Name, kubernetesserver.Name, privatemodel.Command}

// Servers are the running servers that a stack is deployed to. Those that don't run are zero.
type Servers struct {
	Cloud      awsserver.Cloud
	Vault      vaultserver.Server
	Kubernetes kubernetesserver.Server
}

// Find returns the servers that run for this checkout.
func Find(l checkout.Layout) (s Servers) {
	if server, found := awsserver.Find(l); found {
		s.Cloud = server
	}
	if server, found := vaultserver.Find(l); found {
		s.Vault = server
	}
	if server, found := kubernetesserver.Find(l); found {
		s.Kubernetes = server
	}
	return s
}

// All reports whether all of them run.
func (s Servers) All() bool { return s.hasAWS() && s.hasOthers() }

func (s Servers) hasAWS() bool { return s.Cloud != awsserver.Cloud{} }

func (s Servers) hasOthers() bool { return s.Vault.Address != "" && s.Kubernetes.Kubeconfig != "" }

// Status reports whether one of the servers of a checkout runs.
type Status struct {
	Name    string
	Running bool
	PID     int
	Address string
}

// Statuses returns the status of each server.
func Statuses(l checkout.Layout) (all []Status) {
	for _, name := range names {
		status := Status{Name: name}
		if running, found := daemon.Find(l, name); found {
			status.Running, status.PID = true, running.Process.PID
			if len(running.Ports) > 0 {
				status.Address = awsserver.URL(running.Ports[0])
			}
		}
		all = append(all, status)
	}
	if server, found := kubernetesserver.Find(l); found {
		all[slices.Index(names, kubernetesserver.Name)].Address = server.Access.Server
	}
	return all
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

// Usable reports the ports that the servers can't listen on.
func Usable(l checkout.Layout, ports awsserver.Ports) error {
	return errors.Join(
		daemon.Usable(l, awsserver.Name, ports.Cloud()...),
		daemon.Usable(l, vaultserver.Name, ports.Vault),
		daemon.Usable(l, kubernetesserver.Name, ports.Kubernetes),
		daemon.Usable(l, privatemodel.Command, ports.PrivateModel),
	)
}

// Stop ends all of them.
func Stop(ctx context.Context, l checkout.Layout) error { return stop(ctx, l, names) }

func stop(ctx context.Context, l checkout.Layout, names []string) error {
	var group errgroup.Group
	for _, name := range names {
		group.Go(func() error { return daemon.Stop(ctx, l, name) })
	}
	return group.Wait()
}

// Run identifies running servers among those of all runs.
type Run struct {
	// Instances has an entry for each server: its name, and what identifies this run of it.
	// What was deployed to it is gone with that instance.
	Instances []string

	// Environment has the environment variables with which a program reaches the servers
	// as their administrator, and the API and the distribution by the names that they
	// have on AWS.
	Environment map[string]string
}

// Run returns the run of the servers.
func (s Servers) Run(ctx context.Context) (Run, error) {
	run := Run{Environment: map[string]string{}}
	if s.hasAWS() {
		instance, err := s.Cloud.Instance(ctx)
		if err != nil {
			return Run{}, err
		}
		run.add(awsserver.Name, instance.ID, instance.Environment)
	}
	if s.Vault.Address != "" {
		run.add(vaultserver.Name, s.Vault.Instance, map[string]string{"VAULT_ADDR": s.Vault.Address, "VAULT_TOKEN": s.Vault.Token})
	}
	if s.Kubernetes.Kubeconfig != "" {
		run.add(kubernetesserver.Name, s.Kubernetes.Instance, map[string]string{"KUBECONFIG": s.Kubernetes.Kubeconfig})
	}
	return run, nil
}

func (r *Run) add(name, instance string, environment map[string]string) {
	r.Instances = append(r.Instances, name+" "+instance)
	maps.Copy(r.Environment, environment)
}
