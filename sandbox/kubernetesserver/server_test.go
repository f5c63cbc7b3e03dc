package kubernetesserver

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/daemon"
	"github.com/gatehouse-iac/gatehouse/sandbox/daemon/daemontest"
	"github.com/gatehouse-iac/gatehouse/sandbox/restclient"
)

type object = map[string]any

func named(name string) object { return object{"metadata": object{"name": name}} }

func TestServer(t *testing.T) {
	l := daemontest.Checkout(t, Name)
	daemontest.Install(t, l, Program)
	port := daemontest.FreePorts(t, 1)
	s, started, err := Ensure(t.Context(), l, port)
	if err != nil || !started {
		t.Fatal(started, err)
	}
	if found, ok := Find(l); !ok || found.Instance != s.Instance {
		t.Errorf("found %v", ok)
	}
	if info, err := os.Stat(s.Kubeconfig); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the kubeconfig: %v, %v", info, err)
	}
	c := s.Access.Client()
	do := func(method, path string, body, into any) {
		t.Helper()
		if err := c.Do(t.Context(), method, path, body, into); err != nil {
			t.Errorf("%s %s: %v", method, path, err)
		}
	}
	var version struct{ GitVersion string }
	do(http.MethodGet, "/version", nil, &version)
	if version.GitVersion != Version {
		t.Errorf("version %q", version.GitVersion)
	}
	do(http.MethodPost, "/api/v1/namespaces", named("test"), nil)
	const in = "/api/v1/namespaces/test"

	secret := named("pair")
	secret["type"] = "kubernetes.io/tls"
	secret["data"] = object{"tls.crt": "eA=="}
	if err := c.Do(t.Context(), http.MethodPost, in+"/secrets", secret, nil); restclient.Status(err) != http.StatusUnprocessableEntity {
		t.Errorf("a TLS secret without a key: %v", err)
	}
	secret["data"] = object{"tls.crt": "eA==", "tls.key": "eA=="}
	do(http.MethodPost, in+"/secrets", secret, nil)

	// Without a valid token nothing is permitted.
	for _, token := range []string{"", "wrong"} {
		err := s.Access.As(token).Client().Do(t.Context(), http.MethodGet, in+"/secrets", nil, nil)
		if status := restclient.Status(err); status != http.StatusForbidden && status != http.StatusUnauthorized {
			t.Errorf("with token %q: %v", token, err)
		}
	}
	do(http.MethodPost, in+"/serviceaccounts", named("worker"), nil)
	var request struct{ Status struct{ Token string } }
	do(http.MethodPost, in+"/serviceaccounts/worker/token", object{"spec": object{"audiences": []string{"vault"}}}, &request)
	var review struct {
		Status struct {
			Authenticated bool
			User          struct{ Username string }
		}
	}
	do(http.MethodPost, "/apis/authentication.k8s.io/v1/tokenreviews",
		object{"spec": object{"token": request.Status.Token, "audiences": []string{"vault"}}}, &review)
	if !review.Status.Authenticated || review.Status.User.Username != "system:serviceaccount:test:worker" {
		t.Errorf("a service account's token: %+v", review)
	}

	do(http.MethodPost, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", things(), nil)
	await(t, "the new kind", func() error {
		return c.Do(t.Context(), http.MethodPost, "/apis/example.test/v1/namespaces/test/things",
			object{"apiVersion": "example.test/v1", "kind": "Thing", "metadata": object{"name": "one"}, "spec": object{"size": 1}}, nil)
	})
	err = c.Do(t.Context(), http.MethodPost, "/apis/example.test/v1/namespaces/test/things",
		object{"apiVersion": "example.test/v1", "kind": "Thing", "metadata": object{"name": "two"}, "spec": object{"size": "big"}}, nil)
	if restclient.Status(err) != http.StatusUnprocessableEntity {
		t.Errorf("against the schema: %v", err)
	}

	// The two controllers.
	for _, path := range []string{in + "/secrets/pair", "/apis/example.test/v1/namespaces/test/things/one", in} {
		do(http.MethodDelete, path, object{"propagationPolicy": "Foreground"}, nil)
		await(t, "the end of "+path, func() error {
			if err := c.Do(t.Context(), http.MethodGet, path, nil, nil); restclient.Status(err) != http.StatusNotFound {
				return fmt.Errorf("still there: %w", err)
			}
			return nil
		})
	}

	start := time.Now()
	if err := daemon.Stop(t.Context(), l, Name); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v to stop", took)
	}
	if left, _ := os.ReadDir(l.Run("")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

// things returns the definition of a kind with a schema.
func things() object {
	schema := object{"type": "object", "properties": object{
		"spec": object{"type": "object", "properties": object{"size": object{"type": "integer"}}},
	}}
	definition := named("things.example.test")
	definition["spec"] = object{
		"group": "example.test", "scope": "Namespaced",
		"names":    object{"plural": "things", "singular": "thing", "kind": "Thing"},
		"versions": []object{{"name": "v1", "served": true, "storage": true, "schema": object{"openAPIV3Schema": schema}}},
	}
	return definition
}

func await(t *testing.T, what string, done func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		err := done()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// The linker sets the version that the server reports, so nothing else ties it to what is
// compiled.
func TestVersionIsThatOfTheModule(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "servers", "kubernetes", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(content), "\tk8s.io/kubernetes "+Version+"\n") {
		t.Errorf("sandbox/servers/kubernetes/go.mod does not require k8s.io/kubernetes %s", Version)
	}
}

func TestReadKubeconfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kubeconfig")
	for content, problem := range map[string]string{
		"clusters: []": "not one cluster",
		"clusters: [{cluster: {certificate-authority-data: '%'}}]\nusers: [{user: {token: t}}]": "certificate-authority-data",
		"\t": "kubeconfig",
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readKubeconfig(path); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("%q: %v", content, err)
		}
	}
}
