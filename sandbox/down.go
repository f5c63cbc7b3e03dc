package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/localstack"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/test/e2e/certificates"
)

// down destroys the local stack and stops the servers. What was built stays.
func down(ctx context.Context, l checkout.Layout, show *progress.Display) error {
	s := env.StackOf(ctx, l, show.Say)
	if !env.Any(l) && !s.Exists() {
		show.Say("nothing runs")
		return errors.Join(env.Stop(ctx, l), clean(l, s))
	}
	destroyed := destroy(ctx, show, s)
	if ctx.Err() != nil {
		return destroyed
	}
	stopped := show.Step(ctx, "servers", func(ctx context.Context, s *progress.Step) error {
		s.Note("stopped")
		return env.Stop(ctx, l)
	})
	return errors.Join(destroyed, stopped, clean(l, s))
}

// destroy removes the stack from the servers. Servers that are gone, or are not
// those that the state describes, have nothing to remove.
func destroy(ctx context.Context, show *progress.Display, s localstack.Stack) error {
	if !s.Exists() {
		return nil
	}
	if !s.Within(instances(ctx, s.Layout)) {
		show.Say("the servers of this stack are gone: its state is dropped")
		return nil
	}
	if _, err := os.Stat(s.CLI.Path); err != nil {
		show.Say("the engine is gone: the stack goes with its servers")
		return nil
	}
	settled := s.Settle(ctx)
	if errors.Is(settled, localstack.ErrUnknown) {
		show.Say("%v: the stack goes with its servers", settled)
		return nil
	}
	if settled != nil {
		return settled
	}
	revoked := show.Step(ctx, "certificate", func(ctx context.Context, step *progress.Step) error {
		return removeCertificate(ctx, step, s)
	})
	return errors.Join(revoked, show.Step(ctx, "destroy", func(ctx context.Context, step *progress.Step) error {
		changes, err := s.Destroy(ctx, func(text string) { step.Doing("%s", text) })
		step.Note("%s", changes)
		return err
	}))
}

// issuedType ends the type of certificates that Vault issued.
const issuedType = ":SecretBackendCert"

// removeCertificate destroys the certificate before all else, and checks that it is
// revoked: the revocation list goes with the authority.
func removeCertificate(ctx context.Context, step *progress.Step, s localstack.Stack) error {
	state, err := s.Export(ctx)
	if err != nil {
		return err
	}
	// An interrupted destroy leaves the outputs, and no certificate.
	if !bytes.Contains(state, []byte(issuedType+`"`)) {
		step.Note("none that Vault issued")
		return nil
	}
	outputs, _, err := s.Outputs(ctx)
	if err != nil {
		return err
	}
	target, err := certificates.TargetOf(&env.Environment{Checkout: s.Layout, Servers: env.Find(s.Layout), Outputs: outputs})
	if err != nil {
		return err
	}
	row := certificates.New(target).Removed(ctx, func(ctx context.Context) error {
		_, err := s.DestroyPart(ctx, "**"+issuedType+"::*", func(text string) { step.Doing("%s", text) })
		return err
	})
	step.Note("%s", row.Got)
	if row.Err != nil {
		return fmt.Errorf("show that the destroyed certificate is revoked: %w", row.Err)
	}
	return nil
}

// instances returns the instances of the servers that run.
func instances(ctx context.Context, l checkout.Layout) []string {
	run, err := env.Find(l).Run(ctx)
	if err != nil {
		return nil
	}
	return run.Instances
}

// clean removes what belonged to the stack and the servers.
func clean(l checkout.Layout, s localstack.Stack) error {
	problems := []error{s.Drop()}
	for _, path := range []string{l.Endpoints(), l.Passphrase(), l.Run("")} {
		problems = append(problems, os.RemoveAll(path))
	}
	return errors.Join(problems...)
}
