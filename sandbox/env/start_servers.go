package env

import (
	"context"
	"errors"
	"fmt"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/localstack"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/servers/privatemodel"
	"github.com/gatehouse-iac/gatehouse/sandbox/vaultserver"
)

func (s *starter) startAWS(ctx context.Context, step *progress.Step) error {
	server, started, err := awsserver.Ensure(ctx, s.Layout, s.ports)
	noteStart(step, started, server.Endpoint())
	return err
}

func (s *starter) startVault(ctx context.Context, step *progress.Step) error {
	if c := s.machine.Vault; c.Origin == vaultserver.Compiled && !c.Prepared(s.build.Builder, s.build.Tools["python3"]) {
		if err := s.afterAWS(ctx, step); err != nil {
			return err
		}
	}
	choice, err := vaultserver.Prepare(ctx, step, s.build.Builder, s.build.Tools["python3"])
	if err != nil {
		return err
	}
	server, started, err := vaultserver.Ensure(ctx, s.Layout, s.ports.Vault)
	noteStart(step, started, fmt.Sprintf("%s (%s)", server.Address, choice))
	return err
}

func (s *starter) startKubernetes(ctx context.Context, step *progress.Step) error {
	if !s.build.Built(kubernetesserver.Program) {
		if err := s.afterAWS(ctx, step); err != nil {
			return err
		}
	}
	if _, err := s.build.Go(ctx, step, kubernetesserver.Program); err != nil {
		return err
	}
	server, started, err := kubernetesserver.Ensure(ctx, s.Layout, s.ports.Kubernetes)
	noteStart(step, started, server.Access.Server)
	return err
}

func (s *starter) startPrivateModel(ctx context.Context, step *progress.Step) error {
	step.Note("serving at %s", awsserver.URL(s.ports.PrivateModel))
	return privatemodel.Ensure(ctx, s.Layout, s.ports.PrivateModel)
}

func noteStart(step *progress.Step, started bool, address string) {
	if started {
		step.Note("started at %s", address)
	} else {
		step.Note("already running at %s", address)
	}
}

// restartServers replaces the servers of a stage by empty ones, and drops the stack that
// was deployed to those before.
func (s *starter) restartServers(ctx context.Context, of stage) error {
	names, starts := []string{awsserver.Name, privatemodel.Command}, []func(context.Context, *progress.Step) error{s.startAWS, s.startPrivateModel}
	if of == everything {
		names, starts = append(names, vaultserver.Name, kubernetesserver.Name), append(starts, s.startVault, s.startKubernetes)
	}
	if err := errors.Join(stop(ctx, s.Layout, names), localstack.Stack{Layout: s.Layout}.Drop()); err != nil {
		return err
	}
	for _, start := range starts {
		if err := start(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}
