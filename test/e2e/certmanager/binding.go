package certmanager

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/restclient"
)

// otherPort replaces the target group that the pods are bound to.
const otherPort = 9443

// rebind gives the pods another port, and so another target group: the controller
// lets no binding move to it.
func (t *Test) rebind(ctx context.Context, s *progress.Step) error {
	before, err := t.binding(ctx)
	if err != nil {
		return err
	}
	s.Doing("the binding's target group can't be changed")
	if err := awaitRefusal(ctx, t.Running.Kubernetes.Access, before); err != nil {
		return err
	}
	changed := maps.Clone(settings)
	changed["gatehouse:inferencePort"] = otherPort
	changes, err := t.Stack.UpWith(ctx, changed, func(text string) { s.Doing("%s", text) })
	if err != nil {
		return err
	}
	after, err := t.binding(ctx)
	if err != nil {
		return err
	}
	outputs, _, err := t.Stack.Outputs(ctx)
	if err != nil {
		return err
	}
	if arn := after.text("spec", "targetGroupARN"); arn == before.text("spec", "targetGroupARN") || arn != outputs["targetGroupArn"] {
		return fmt.Errorf("the pods are bound to %s, and the listener leads to %s", arn, outputs["targetGroupArn"])
	}
	s.Note("%s; another target group, another binding", changes)
	return nil
}

// binding is the stack's binding as the API server has it.
func (t *Test) binding(ctx context.Context) (object, error) {
	state, err := t.Stack.Export(ctx)
	if err != nil {
		return nil, err
	}
	objects, _, err := stackObjects(state)
	if err != nil {
		return nil, err
	}
	for _, o := range objects {
		if o.text("kind") == "TargetGroupBinding" {
			path, err := pathOf(ctx, t.Running.Kubernetes.Access, o)
			if err != nil {
				return nil, err
			}
			found := object{}
			return found, t.Running.Kubernetes.Access.Client().Do(ctx, http.MethodGet, path, nil, &found)
		}
	}
	return nil, errors.New("the stack has no TargetGroupBinding")
}

// awaitRefusal tries to lead a binding to another target group until that is refused:
// an admission policy is in force some time after the API server took it.
func awaitRefusal(ctx context.Context, k kubernetesserver.Access, binding object) error {
	path, err := pathOf(ctx, k, binding)
	if err != nil {
		return err
	}
	c := k.Client().With("Content-Type", "application/merge-patch+json")
	elsewhere := map[string]any{"spec": map[string]any{"targetGroupARN": "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/other/0123456789abcdef"}}
	for deadline := time.Now().Add(30 * time.Second); ; {
		err := c.Do(ctx, http.MethodPatch, path+"?dryRun=All", elsewhere, nil)
		switch {
		case err != nil && strings.Contains(err.Error(), "TargetGroupBinding update may not change these fields: spec.targetGroupARN"):
			return nil
		case err != nil && restclient.Status(err) == 0, time.Now().After(deadline):
			return errors.Join(errors.New("the binding takes another target group"), err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
