package certmanager

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/daemon/daemontest"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/restclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/vaultserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/vaultserver/vaultservertest"
)

// The accounts that a platform's team has made before a stack can use cert-manager; the
// names are the defaults of the program's settings.
var (
	manager  = kubernetesserver.Account{Namespace: "cert-manager", Name: "cert-manager"}
	reviewer = kubernetesserver.Account{Namespace: "kube-system", Name: "vault"}
)

const (
	authMethod = "/sys/auth/kubernetes"
	authConfig = "/auth/kubernetes/config"

	reviewerBinding = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/vault-token-review"
)

// setUp makes the service account that cert-manager runs as, and has Vault accept
// tokens of the cluster's service accounts, which it lets the API server review. It calls
// onCleanup with how to undo each.
func setUp(ctx context.Context, running env.Servers, onCleanup func(what string, restore func(context.Context) error)) error {
	k, root := running.Kubernetes.Access, running.Vault.Root()
	for _, account := range []kubernetesserver.Account{manager, reviewer} {
		onCleanup("delete the account "+account.Name, func(ctx context.Context) error { return gone(k.DeleteAccount(ctx, account)) })
	}
	onCleanup("delete the namespace "+manager.Namespace, func(ctx context.Context) error {
		return removeNamespace(ctx, k, namespace(manager))
	})
	err := k.Apply(ctx, namespace(manager), map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": manager.Namespace},
	})
	if err != nil {
		return err
	}
	for _, account := range []kubernetesserver.Account{manager, reviewer} {
		if err := k.MakeAccount(ctx, account); err != nil {
			return fmt.Errorf("the account %s: %w", account.Name, err)
		}
	}
	onCleanup("delete the binding of the reviewer", func(ctx context.Context) error {
		return gone(k.Client().Do(ctx, http.MethodDelete, reviewerBinding, nil, nil))
	})
	if err := k.Apply(ctx, reviewerBinding, mayReview(reviewer)); err != nil {
		return err
	}
	onCleanup("disable the auth method", func(ctx context.Context) error { return root.Do(ctx, http.MethodDelete, authMethod, nil, nil) })
	return enable(ctx, k, root)
}

func namespace(a kubernetesserver.Account) string { return "/api/v1/namespaces/" + a.Namespace }

// removeNamespace waits until the namespace is deleted: nothing can be made in it
// meanwhile.
func removeNamespace(ctx context.Context, k kubernetesserver.Access, path string) error {
	for {
		err := k.Client().Do(ctx, http.MethodDelete, path, nil, nil)
		if err != nil && restclient.Status(err) != http.StatusConflict { // conflict: it is being deleted
			return gone(err)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// mayReview allows an account to have the API server review tokens.
func mayReview(a kubernetesserver.Account) map[string]any {
	return map[string]any{
		"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
		"metadata": map[string]any{"name": "vault-token-review"},
		"roleRef":  map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator"},
		"subjects": []any{map[string]any{"kind": "ServiceAccount", "name": a.Name, "namespace": a.Namespace}},
	}
}

// enable replaces the auth method: a killed test may have left one.
func enable(ctx context.Context, k kubernetesserver.Access, root restclient.Client) error {
	token, err := k.TokenOf(ctx, reviewer)
	if err != nil {
		return err
	}
	if err := root.Do(ctx, http.MethodDelete, authMethod, nil, nil); err != nil {
		return err
	}
	if err := root.Do(ctx, http.MethodPost, authMethod, map[string]any{"type": "kubernetes"}, nil); err != nil {
		return fmt.Errorf("the auth method: %w", err)
	}
	return root.Do(ctx, http.MethodPost, authConfig, map[string]any{
		"kubernetes_host": k.Server, "kubernetes_ca_cert": string(k.Authority),
		"token_reviewer_jwt": token, "disable_local_ca_jwt": true,
	}, nil)
}

// gone ignores that there was nothing to delete.
func gone(err error) error {
	if restclient.Status(err) == http.StatusNotFound {
		return nil
	}
	return err
}

// admission is an admission policy and its binding, in place of a webhook.
//
//go:embed admission.yaml
var admission []byte

const (
	admissionName  = "vtargetgroupbinding.elbv2.k8s.aws"
	admissionGroup = "/apis/admissionregistration.k8s.io/v1/"
)

// admissionPaths are the paths of the policy and of the binding.
var admissionPaths = []string{
	admissionGroup + "validatingadmissionpolicies/" + admissionName,
	admissionGroup + "validatingadmissionpolicybindings/" + admissionName,
}

// admit has the API server reject what the AWS Load Balancer Controller rejects.
func admit(ctx context.Context, k kubernetesserver.Access) error {
	for i, document := range bytes.Split(admission, []byte("\n---\n")) {
		if err := k.Apply(ctx, admissionPaths[i], document); err != nil {
			return fmt.Errorf("%s: %w", admissionPaths[i], err)
		}
	}
	return nil
}

// admitAll removes the admission policy.
func admitAll(ctx context.Context, k kubernetesserver.Access) error {
	var problems []error
	for _, path := range admissionPaths {
		problems = append(problems, gone(k.Client().Do(ctx, http.MethodDelete, path, nil, nil)))
	}
	return errors.Join(problems...)
}

func start(t *testing.T) env.Servers {
	t.Helper()
	l := daemontest.Checkout(t, vaultserver.Name, kubernetesserver.Name)
	vaultservertest.Install(t, l)
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
		if err := setUp(t.Context(), s, func(string, func(context.Context) error) {}); err != nil {
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
		t.Errorf("a valid token: %v", err)
	}
	if err := login(token("other")); restclient.Status(err) != http.StatusForbidden {
		t.Errorf("a token for another audience: %v", err)
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

	// The target group of a binding can't be changed.
	delete(binding["spec"].(map[string]any), "unknown")
	path, err := pathOf(t.Context(), k, binding)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Apply(t.Context(), path, binding); err != nil {
		t.Fatal(err)
	}
	if err := awaitRejection(t.Context(), k, binding); err != nil {
		t.Error(err)
	}
	binding["metadata"].(map[string]any)["labels"] = map[string]any{"a": "b"}
	if err := k.Apply(t.Context(), path, binding); err != nil {
		t.Errorf("another label: %v", err)
	}

	valid := token("vault")
	var undo []func(context.Context) error
	if err := setUp(t.Context(), s, func(_ string, restore func(context.Context) error) { undo = append(undo, restore) }); err != nil {
		t.Fatal(err)
	}
	for _, restore := range slices.Backward(undo) {
		if err := restore(t.Context()); err != nil {
			t.Error(err)
		}
	}
	for range 2 { // removing what does not exist is no error
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
	if err := login(valid); err == nil {
		t.Error("the auth method is still there")
	}
}
