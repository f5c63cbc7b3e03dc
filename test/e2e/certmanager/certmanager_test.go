// Package certmanager tests the second way to a certificate: cert-manager has Vault sign in
// the cluster. The API server gets the definitions of the kinds, Vault the auth method, and
// the stack other settings; all are restored at the end.
package certmanager

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/test/e2e/certificates"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
	"github.com/gatehouse-iac/gatehouse/test/e2e/secretscan"
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

// TestCertManager deploys the stack with cert-manager's settings. With them it gets a
// kubeconfig with another certificate authority, where the settings had none.
func TestCertManager(t *testing.T) {
	e := e2etest.Attach(t)
	e2etest.Cleanup(t, "preview the restored stack", func(ctx context.Context) error {
		changes, err := e.Stack.Preview(ctx, func(string) {})
		if err != nil {
			err = fmt.Errorf("%s: %w", changes, err)
		}
		return err
	})
	before, err := certificates.TargetOf(e)
	if err != nil {
		t.Fatal(err)
	}
	preparePlatform(t, e)
	namespace := namespaceUID(t, e, before.Namespace)
	kubeconfig, err := renewingKubeconfig(e.Checkout, e.Servers.Kubernetes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(kubeconfig) }) // the state has its content
	with := maps.Clone(settings)
	with["gatehouse:kubernetesKubeconfig"] = kubeconfig
	removed := certificates.New(before).Removed(t.Context(), func(context.Context) error {
		e = e2etest.Deploy(t, e, with)
		return nil
	})

	t.Run("the certificate that Vault had issued is revoked", func(t *testing.T) {
		if removed.Err != nil {
			t.Errorf("want %s, got %v", removed.Want, removed.Err)
		}
	})
	t.Run("another certificate authority of the cluster replaces nothing", func(t *testing.T) {
		if now := namespaceUID(t, e, before.Namespace); now == "" || now != namespace {
			t.Errorf("the namespace was replaced: its UID is %q, was %q", now, namespace)
		}
	})
	t.Run("objects conform to their schemas", func(t *testing.T) { testObjects(t, e) })
	t.Run("the state has no certificate and no Secret", func(t *testing.T) { testState(t, e) })
	target, err := certificates.TargetOf(e)
	if err != nil {
		t.Fatal(err)
	}
	checker := certificates.New(target)
	e2etest.Run(t, checker.ManagedChecks(manager))
	t.Run("tokens are in clear nowhere", func(t *testing.T) {
		l := e.Checkout
		found, scanned, err := secretscan.New(checker.Secrets()).Files(l.State(), l.Local("logs"))
		if err != nil {
			t.Fatal(err)
		}
		if len(found) > 0 || scanned == 0 {
			t.Errorf("found in %q of %d files", found, scanned)
		}
	})
	t.Run("another port", func(t *testing.T) { testOtherPort(t, e) })
}

// preparePlatform does what the platform's team has done where cert-manager runs.
func preparePlatform(t *testing.T, e *env.Environment) {
	t.Helper()
	all, err := definitions(t.Context(), e.Checkout)
	if err != nil {
		t.Fatal(err)
	}
	k := e.Servers.Kubernetes.Access
	e2etest.Cleanup(t, "remove the kinds of objects", func(ctx context.Context) error { return undefine(ctx, k, all) })
	if err := define(t.Context(), k, all); err != nil {
		t.Fatal(err)
	}
	e2etest.Cleanup(t, "remove the admission policy", func(ctx context.Context) error { return admitAll(ctx, k) })
	if err := admit(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	onCleanup := func(what string, restore func(context.Context) error) { e2etest.Cleanup(t, what, restore) }
	if err := setUp(t.Context(), e.Servers, onCleanup); err != nil {
		t.Fatal(err)
	}
}

// renewingKubeconfig writes a kubeconfig as it is while a cluster's certificate authority is
// being renewed: with the next one beside it. It leads to the same cluster.
func renewingKubeconfig(l checkout.Layout, server kubernetesserver.Server) (path string, err error) {
	content, err := os.ReadFile(server.Kubeconfig)
	if err != nil {
		return "", err
	}
	encoded := func(pem []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(pem)) }
	authority := server.Access.Authority
	changed := bytes.Replace(content, encoded(authority), encoded(append(bytes.Clone(authority), authority...)), 1)
	if bytes.Equal(content, changed) {
		return "", errors.New("the kubeconfig doesn't have the cluster's certificate authority")
	}
	path = l.Run("kubeconfig-renewing")
	return path, checkout.WriteFile(path, changed, 0o600)
}

// namespaceUID returns what distinguishes a namespace from another one of that name.
func namespaceUID(t *testing.T, e *env.Environment, namespace string) string {
	t.Helper()
	var found struct{ Metadata struct{ UID string } }
	err := e.Servers.Kubernetes.Access.Client().Do(t.Context(), http.MethodGet, "/api/v1/namespaces/"+namespace, nil, &found)
	if err != nil {
		t.Fatal(err)
	}
	return found.Metadata.UID
}

// testObjects tests that the API server accepts the stack's objects by their schemas.
func testObjects(t *testing.T, e *env.Environment) {
	objects, _ := exported(t, e)
	accepted, err := acceptStrictly(t.Context(), e.Servers.Kubernetes.Access, objects)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range kinds {
		if !slices.Contains(accepted, kind) {
			t.Errorf("the stack has no %s", kind)
		}
	}
}

// testState tests that no private key is in the state.
func testState(t *testing.T, e *env.Environment) {
	_, types := exported(t, e)
	if len(types) == 0 {
		t.Error("the state has no resources")
	}
	for _, name := range types {
		if strings.HasSuffix(name, ":SecretBackendCert") || strings.HasSuffix(name, ":Secret") {
			t.Errorf("the state has a %s", name)
		}
	}
}

func exported(t *testing.T, e *env.Environment) (objects []object, types []string) {
	t.Helper()
	state, err := e.Stack.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	objects, types, err = stackObjects(state)
	if err != nil {
		t.Fatal(err)
	}
	return objects, types
}
