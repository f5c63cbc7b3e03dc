package certmanager

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/daemon/daemontest"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/restclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/vaultserver"
	"github.com/gatehouse-iac/gatehouse/test/e2e/restore"
)

func start(t *testing.T) env.Servers {
	t.Helper()
	l := daemontest.Checkout(t, vaultserver.Name, kubernetesserver.Name)
	daemontest.Install(t, l, vaultserver.Program)
	daemontest.Install(t, l, kubernetesserver.Program)
	port := daemontest.FreePorts(t, 2)
	var s env.Servers
	var err error
	if s.Vault, _, err = vaultserver.Ensure(t.Context(), l, port); err != nil {
		t.Fatal(err)
	}
	if s.Kubernetes, _, err = kubernetesserver.Ensure(t.Context(), l, port+1); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPlatformIsMadeAndRemoved(t *testing.T) {
	s := start(t)
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	here, err := checkout.Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	all, err := definitions(t.Context(), here)
	if err != nil {
		t.Fatal(err)
	}
	k, root := s.Kubernetes.Access, s.Vault.Root()
	for range 2 { // the second time as after a test that was killed
		if err := define(t.Context(), k, all); err != nil {
			t.Fatal(err)
		}
		if err := admit(t.Context(), k); err != nil {
			t.Fatal(err)
		}
		if err := setUp(t.Context(), s, new(restore.Changes)); err != nil {
			t.Fatal(err)
		}
	}

	// Vault has the API server review tokens.
	role := map[string]any{
		"bound_service_account_names": manager.Name, "bound_service_account_namespaces": manager.Namespace,
		"audience": "vault", "token_policies": "some",
	}
	if err := root.Do(t.Context(), http.MethodPost, "/auth/kubernetes/role/test", role, nil); err != nil {
		t.Fatal(err)
	}
	token := func(audience string) string {
		token, err := k.TokenOf(t.Context(), manager, audience)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	login := func(token string) error {
		return s.Vault.As("").Do(t.Context(), http.MethodPost, "/auth/kubernetes/login", map[string]any{"role": "test", "jwt": token}, nil)
	}
	if err := login(token("vault")); err != nil {
		t.Errorf("a good token: %v", err)
	}
	if err := login(token("other")); restclient.Status(err) != http.StatusForbidden {
		t.Errorf("a token for others: %v", err)
	}

	// Schemas are applied, and strictly.
	binding := object{
		"apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "TargetGroupBinding",
		"metadata": map[string]any{"name": "test", "namespace": "default"},
		"spec": map[string]any{
			"serviceRef": map[string]any{"name": "test", "port": 443}, "targetGroupARN": "arn:aws:elasticloadbalancing:us-east-1:0:targetgroup/a/b",
		},
	}
	if kinds, err := acceptStrictly(t.Context(), k, []object{binding}); err != nil || !slices.Equal(kinds, []string{"TargetGroupBinding"}) {
		t.Errorf("got %v, %v", kinds, err)
	}
	binding["spec"].(map[string]any)["unknown"] = true
	if _, err := acceptStrictly(t.Context(), k, []object{binding}); err == nil || !strings.Contains(err.Error(), "unknown") {
		t.Errorf("an unknown field: %v", err)
	}

	// A binding stays with its target group.
	delete(binding["spec"].(map[string]any), "unknown")
	path, err := pathOf(t.Context(), k, binding)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Apply(t.Context(), path, binding); err != nil {
		t.Fatal(err)
	}
	if err := awaitRefusal(t.Context(), k, binding); err != nil {
		t.Error(err)
	}
	binding["metadata"].(map[string]any)["labels"] = map[string]any{"a": "b"}
	if err := k.Apply(t.Context(), path, binding); err != nil {
		t.Errorf("another label: %v", err)
	}

	good := token("vault")
	var changes restore.Changes
	if err := setUp(t.Context(), s, &changes); err != nil {
		t.Fatal(err)
	}
	if err := changes.RevertAll(t.Context()); err != nil {
		t.Error(err)
	}
	for range 2 { // what is gone may be removed
		if err := undefine(t.Context(), k, all); err != nil {
			t.Error(err)
		}
		if err := admitAll(t.Context(), k); err != nil {
			t.Error(err)
		}
	}
	for _, path := range []string{all[0].path(), admissionPaths[0], admissionPaths[1], reviewerBinding, "/api/v1/namespaces/kube-system/serviceaccounts/vault", namespace(manager)} {
		if err := k.Client().Do(t.Context(), http.MethodGet, path, nil, nil); restclient.Status(err) != http.StatusNotFound {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := login(good); err == nil {
		t.Error("the auth method is still there")
	}
}

func TestStackObjects(t *testing.T) {
	const state = `{"deployment":{"resources":[
		{"type":"pulumi:providers:kubernetes","inputs":{"kubeconfig":{"4dabf18193072939515e22adb298388d":"1b47","ciphertext":"x"}}},
		{"type":"kubernetes:core/v1:Secret","inputs":{"kind":"Secret","data":{"4dabf18193072939515e22adb298388d":"1b47","ciphertext":"x"}}},
		{"type":"kubernetes:core/v1:Service","inputs":{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"__fieldManager":"b"}},
		{"type":"vault:index/mount:Mount","inputs":{"path":"pki"}}]}}`
	objects, types, err := stackObjects([]byte(state))
	if err != nil || len(types) != 4 || len(objects) != 1 {
		t.Fatalf("got %v, %v, %v", objects, types, err)
	}
	if o := objects[0]; o.text("kind") != "Service" || o.text("metadata", "name") != "a" || o.text("metadata", "namespace") != "" || len(o) != 3 {
		t.Errorf("got %v", o)
	}
}
