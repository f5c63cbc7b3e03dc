package namespace_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/namespace"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

const namespaceType = "kubernetes:core/v1:Namespace"

func args(t testing.TB, changes ...func(*config.Kubernetes)) *namespace.Args {
	t.Helper()
	s := pulumitest.Settings(t).Kubernetes
	for _, change := range changes {
		change(&s)
	}
	return &namespace.Args{Deployment: pulumitest.Deployment(t), Settings: s}
}

func outputs(t testing.TB, a *namespace.Args) map[string]any {
	t.Helper()
	return pulumitest.Resolve(t, func(ctx *pulumi.Context) (pulumi.Map, error) {
		n, err := namespace.New(ctx, "cluster", a)
		if err != nil {
			return nil, err
		}
		return pulumi.Map{
			"namespace": n.Name,
			"metadata":  n.Metadata("thing", "part", pulumi.StringMap{"a": pulumi.String("b")}),
			"plain":     n.Metadata("thing", "part", nil),
			"waiting":   n.Waiting(pulumi.StringMap{"how": pulumi.String("long")}),
		}, nil
	})
}

func TestNamespaceRejectsPrivilegedPods(t *testing.T) {
	r := pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		_, err := namespace.New(ctx, "cluster", args(t))
		return err
	})
	namespace := r.Only(t, namespaceType)
	assert.Equal(t, "gatehouse", namespace.Text("metadata.name"))
	labels, ok := namespace.Input("metadata.labels").Mappable().(map[string]any)
	require.True(t, ok)
	assert.Equal(t, "restricted", labels["pod-security.kubernetes.io/enforce"])
	assert.Equal(t, "enabled", labels["elbv2.k8s.aws/pod-readiness-gate-inject"])
	assert.Equal(t, "gatehouse-test", labels["app.kubernetes.io/instance"])
}

func TestExistingNamespaceIsNotDeclared(t *testing.T) {
	a := args(t, func(s *config.Kubernetes) { s.Namespace, s.CreateNamespace = "models", false })
	r := pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		_, err := namespace.New(ctx, "cluster", a)
		return err
	})
	assert.Empty(t, r.OfType(namespaceType))
	assert.Equal(t, "models", outputs(t, a)["namespace"])
}

func TestObjectsAreNamedAndLabelledForTheStack(t *testing.T) {
	labels := map[string]any{
		"app.kubernetes.io/instance":   "gatehouse-test",
		"app.kubernetes.io/component":  "part",
		"app.kubernetes.io/part-of":    "gatehouse",
		"app.kubernetes.io/managed-by": "pulumi",
	}
	plain := map[string]any{"name": "gatehouse-test-thing", "namespace": "gatehouse", "labels": labels}
	annotated := map[string]any{"name": "gatehouse-test-thing", "namespace": "gatehouse", "labels": labels, "annotations": map[string]any{"a": "b"}}
	assert.Equal(t, map[string]any{
		"namespace": "gatehouse", "metadata": annotated, "plain": plain, "waiting": map[string]any{"how": "long"},
	}, outputs(t, args(t)))
}

func TestWaitingIsDisabledByTheSetting(t *testing.T) {
	assert.Equal(t, map[string]any{"pulumi.com/skipAwait": "true"}, outputs(t, args(t, func(s *config.Kubernetes) { s.Wait = false }))["waiting"])
}

func TestStackNameInvalidInKubernetesIsAnError(t *testing.T) {
	for _, name := range []string{"gatehouse-Dev", "gatehouse-dev_1", "gatehouse-dev.1", "gatehouse-", "gatehouse-a-name-that-goes-on-for-long-and-on"} {
		_, err := pulumitest.Run(func(ctx *pulumi.Context) error {
			_, err := namespace.New(ctx, "cluster", &namespace.Args{Deployment: deployment.Deployment{Name: name}})
			return err
		})
		require.ErrorContains(t, err, "allowed: at most 40 lower-case letters, digits and hyphens, so choose another stack name", name)
	}
}
