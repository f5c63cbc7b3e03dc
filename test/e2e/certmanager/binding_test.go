package certmanager

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/restclient"
)

// testOtherPort deploys another port of the pods, and so another target group: the
// controller accepts no binding that moves to it.
func testOtherPort(t *testing.T, e *env.Environment) {
	const otherPort = 9443
	before := binding(t, e)
	if err := awaitRejection(t.Context(), e.Servers.Kubernetes.Access, before); err != nil {
		t.Fatal(err)
	}
	changed := maps.Clone(settings)
	changed["gatehouse:inferencePort"] = otherPort
	after, err := e.Deploy(t.Context(), changed, func(string) {}) // TestCertManager restores the settings
	if err != nil {
		t.Fatal(err)
	}
	arn, old, want := binding(t, after).field("spec", "targetGroupARN"), before.field("spec", "targetGroupARN"), after.Outputs["targetGroupArn"]
	if arn == old || arn != want {
		t.Errorf("the pods are bound to %s, want the listener's %s, another than %s", arn, want, old)
	}
}

// binding returns the stack's binding as the API server has it.
func binding(t *testing.T, e *env.Environment) object {
	t.Helper()
	objects, _ := exported(t, e)
	k := e.Servers.Kubernetes.Access
	for _, o := range objects {
		if o.field("kind") != "TargetGroupBinding" {
			continue
		}
		path, err := pathOf(t.Context(), k, o)
		if err != nil {
			t.Fatal(err)
		}
		found := object{}
		if err := k.Client().Do(t.Context(), http.MethodGet, path, nil, &found); err != nil {
			t.Fatal(err)
		}
		return found
	}
	t.Fatal("the stack has no TargetGroupBinding")
	return nil
}

// awaitRejection changes the target group of a binding in dry runs until that is rejected:
// an admission policy is in force some time after the API server accepted it.
func awaitRejection(ctx context.Context, k kubernetesserver.Access, binding object) error {
	path, err := pathOf(ctx, k, binding)
	if err != nil {
		return err
	}
	c := k.Client().With("Content-Type", "application/merge-patch+json")
	other := map[string]any{"spec": map[string]any{"targetGroupARN": "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/other/0123456789abcdef"}}
	for deadline := time.Now().Add(30 * time.Second); ; {
		err := c.Do(ctx, http.MethodPatch, path+"?dryRun=All", other, nil)
		switch {
		case err != nil && strings.Contains(err.Error(), "TargetGroupBinding update may not change these fields: spec.targetGroupARN"):
			return nil
		case err != nil && restclient.Status(err) == 0, time.Now().After(deadline):
			return errors.Join(errors.New("the target group of the binding can be changed"), err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
