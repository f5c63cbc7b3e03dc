// Package certificatetest proves the second way to a certificate: cert-manager
// has Vault sign in the cluster. The API server gets the definitions of the kinds,
// Vault the auth method, and the stack other settings; all is put back at the end.
package certmanager

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/localstack"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/test/e2e/certificates"
	"github.com/gatehouse-iac/gatehouse/test/e2e/restore"
	"github.com/gatehouse-iac/gatehouse/test/e2e/smoke"
)

// settings have cert-manager issue, and the load balancer reach the workload.
var settings = map[string]any{
	"gatehouse:certificateIssuer":   "certManager",
	"gatehouse:workloadTargetGroup": true,
	"gatehouse:inferenceProtocol":   "HTTPS",
	"gatehouse:inferenceTargets":    []string{},
}

// kinds are those that the stack has then, as far as the API server shows them
// without secrets.
var kinds = []string{
	"Certificate", "Deployment", "Issuer", "Namespace", "PodDisruptionBudget", "Role", "RoleBinding", "Service", "ServiceAccount", "TargetGroupBinding",
}

// Test is one run.
type Test struct {
	Show    *progress.Display
	Running env.Servers
	Stack   localstack.Stack
	// Target reads from the stack's outputs what it made.
	Target func(context.Context) (certificates.Target, error)

	changes restore.Changes
}

// Run proves it. Whatever happens, the stack is as before then.
func (t *Test) Run(ctx context.Context) (err error) {
	defer func() {
		left := t.changes.RevertAll(ctx)
		if left != nil && ctx.Err() != nil { // after an interrupt nobody reports the error
			t.Show.Say("%v", left)
		}
		err = errors.Join(err, left)
	}()
	before, err := t.Target(ctx)
	if err != nil {
		return err
	}
	if err := t.Show.Step(ctx, "platform", t.prepare); err != nil {
		return err
	}
	namespace, err := t.uid(ctx, before.Namespace)
	if err != nil {
		return err
	}
	var deployed error
	removed := certificates.New(before).Removed(ctx, func(ctx context.Context) error {
		deployed = t.Show.Step(ctx, "deploy", t.deploy)
		return deployed
	})
	if deployed != nil {
		return deployed
	}
	rows := append(t.prove(ctx), removed, t.kept(ctx, before.Namespace, namespace))
	if err := t.Show.Step(ctx, "another port", t.rebind); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var table strings.Builder
	smoke.Print(&table, rows)
	t.Show.Say("\n%s", strings.TrimRight(table.String(), "\n"))
	err = t.Show.Step(ctx, "all put back", t.putBack)
	if !smoke.Passed(rows) {
		err = errors.Join(err, errors.New("not all is as it must be with cert-manager: see the rows marked ✗"))
	}
	return err
}

// prepare does what the platform's team has done where cert-manager is.
func (t *Test) prepare(ctx context.Context, s *progress.Step) error {
	s.Doing("cert-manager's definitions")
	all, err := definitions(ctx, t.Stack.Layout)
	if err != nil {
		return err
	}
	t.changes.Add("the kinds of objects", func(ctx context.Context) error { return undefine(ctx, t.Running.Kubernetes.Access, all) })
	if err := define(ctx, t.Running.Kubernetes.Access, all); err != nil {
		return err
	}
	t.changes.Add("what the controller refuses", func(ctx context.Context) error { return admitAll(ctx, t.Running.Kubernetes.Access) })
	if err := admit(ctx, t.Running.Kubernetes.Access); err != nil {
		return err
	}
	s.Doing("Vault's auth method")
	s.Note("%d kinds defined, service accounts can log in to Vault", len(all))
	return setUp(ctx, t.Running, &t.changes)
}

func (t *Test) deploy(ctx context.Context, s *progress.Step) error {
	t.changes.Add("the stack's settings", func(ctx context.Context) error {
		_, err := t.Stack.UpWith(ctx, nil, func(text string) { s.Doing("%s", text) })
		return err
	})
	kubeconfig, err := renewing(t.Stack.Layout, t.Running.Kubernetes)
	if err != nil {
		return err
	}
	defer os.Remove(kubeconfig) // the state has its content
	with := maps.Clone(settings)
	with["gatehouse:kubernetesKubeconfig"] = kubeconfig
	changes, err := t.Stack.UpWith(ctx, with, func(text string) { s.Doing("%s", text) })
	s.Note("%s", changes)
	return err
}

func (t *Test) putBack(ctx context.Context, s *progress.Step) error {
	if err := t.changes.RevertAll(ctx); err != nil {
		return err
	}
	s.Doing("previewing")
	changes, err := t.Stack.Preview(ctx, func(text string) { s.Doing("%s", text) })
	s.Note("preview: %s", changes)
	return err
}

func (t *Test) prove(ctx context.Context) []smoke.Row {
	var rows []smoke.Row
	var target certificates.Target
	_ = t.Show.Step(ctx, "proof", func(ctx context.Context, s *progress.Step) error {
		doing := func(text string) { s.Doing("%s", text) }
		rows = append(rows, t.objects(ctx)...)
		rows = append(rows, smoke.Check("outputs", "complete", func() (_ string, err error) {
			target, err = t.Target(ctx)
			return "complete", err
		}))
		if target.Secret == "" {
			return nil
		}
		proof := certificates.New(target)
		rows = append(rows, proof.Managed(ctx, manager, doing)...)
		rows = append(rows, t.secrecy(proof.Secrets()))
		return nil
	})
	return rows
}

// secrecy looks for the tokens that the proof used.
func (t *Test) secrecy(secrets []string) smoke.Row {
	return smoke.Check("tokens in clear in state and logs", "nowhere", func() (string, error) {
		l := t.Stack.Layout
		found, looked, err := smoke.NewScanner(secrets).Files(l.State(), l.Local("logs"))
		if err == nil && (len(found) > 0 || looked == 0) {
			err = fmt.Errorf("in %q of %d files", found, looked)
		}
		return "nowhere", err
	})
}

// objects shows that the API server takes the stack's objects by their schemas,
// and that no private key is in the state.
func (t *Test) objects(ctx context.Context) []smoke.Row {
	expected := fmt.Sprintf("%d kinds", len(kinds))
	var types []string
	row := smoke.Check("objects, by their schemas", expected, func() (string, error) {
		state, err := t.Stack.Export(ctx)
		if err != nil {
			return "", err
		}
		var objects []object
		if objects, types, err = stackObjects(state); err != nil {
			return "", err
		}
		accepted, err := acceptStrictly(ctx, t.Running.Kubernetes.Access, objects)
		if err != nil {
			return "", err
		}
		for _, kind := range kinds {
			if !slices.Contains(accepted, kind) {
				return "", errors.New("no " + kind)
			}
		}
		return expected, nil
	})
	return []smoke.Row{row, smoke.Check("certificates and Secrets in the state", "none", func() (string, error) {
		if len(types) == 0 {
			return "", errors.New("the state is not known")
		}
		for _, name := range types {
			if strings.HasSuffix(name, ":SecretBackendCert") || strings.HasSuffix(name, ":Secret") {
				return "", errors.New(name)
			}
		}
		return "none", nil
	})}
}
