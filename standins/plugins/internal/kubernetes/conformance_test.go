package kubernetes

import (
	"bufio"
	"errors"
	"maps"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/gatehouse-iac/gatehouse/standins/plugins/internal/enginetest"
	"github.com/gatehouse-iac/gatehouse/standins/plugins/internal/servertest"
)

// TestConformance holds the stand-in against the official provider: the same sequence of
// engine calls on the same API server gives the same diffs and replacements. The official
// one is compared where `make upstream-kubernetes` has built it, as the nightly check does.
func TestConformance(t *testing.T) {
	server := servertest.StartKubernetes(t)
	settings, err := clientcmd.BuildConfigFromFlags("", server.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := dynamic.NewForConfig(settings)
	if err != nil {
		t.Fatal(err)
	}
	for name, start := range map[string]func(*testing.T) plugin.Provider{
		"standin":  func(*testing.T) plugin.Provider { return standIn() },
		"upstream": upstream,
	} {
		t.Run(name, func(t *testing.T) {
			e := enginetest.Start(t, start(t), props{"kubeconfig": server.Kubeconfig, "enableSecretMutable": true})
			conformance(t, e, objects, name)
		})
	}
}

func standIn() plugin.Provider {
	p := New()
	p.backoff = wait.Backoff{Duration: 100 * time.Millisecond, Factor: 2, Steps: 5}
	return p
}

// upstream starts the official provider, which ends with the test.
func upstream(t *testing.T) plugin.Provider {
	t.Helper()
	// It reports progress to the engine, of which there is none at this address.
	cmd := exec.CommandContext(t.Context(), servertest.Bin(t, "upstream-kubernetes"), "127.0.0.1:1")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // killed as the test's context ends
	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the provider prints no port: %v", err)
	}
	connection, err := grpc.NewClient("127.0.0.1:"+strings.TrimSpace(port), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	return plugin.NewProviderWithClient(nil, pulumirpc.NewResourceProviderClient(connection), false)
}

// typed returns inputs with the version and kind of a token, as Pulumi's SDKs send them.
func typed(token string, inputs props) props {
	version, kind, _ := strings.Cut(strings.TrimPrefix(token, "kubernetes:"), ":")
	all := maps.Clone(inputs)
	all["apiVersion"], all["kind"] = strings.TrimPrefix(version, "core/"), kind
	return all
}

// conformance is the sequence of engine calls.
func conformance(t *testing.T, e *enginetest.Engine, objects dynamic.Interface, ns string) {
	made := func(token, name string, inputs props) *enginetest.Resource {
		t.Helper()
		return e.Made(token, name, typed(token, inputs))
	}
	differs := func(r *enginetest.Resource, inputs props) string {
		t.Helper()
		return e.Differs(r, typed(string(r.URN.Type()), inputs))
	}
	update := func(r *enginetest.Resource, inputs props) {
		t.Helper()
		if err := e.Update(r, typed(string(r.URN.Type()), inputs)); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(what string, r *enginetest.Resource, inputs props, want string) {
		t.Helper()
		if got := differs(r, inputs); got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	namespace := made(namespaceToken, "ns", props{"metadata": props{"name": ns}})
	expect("a namespace, unchanged", e.Refreshed(namespace), props{"metadata": props{"name": ns}}, "")

	inputs := tlsInputs(t, ns, "tls")
	secret := made(secretToken, "tls", inputs)
	if string(secret.ID) != ns+"/tls" {
		t.Errorf("the ID is %s", secret.ID)
	}
	expect("a TLS secret, unchanged", secret, inputs, "")
	expect("a TLS secret, refreshed", e.Refreshed(secret), inputs, "")
	before := live(t, started{objects: objects}, ns, "tls")
	renewed := tlsInputs(t, ns, "tls")
	if got := differs(secret, renewed); strings.Contains(got, "replace") || got == "" {
		t.Errorf("a renewed certificate: got %q", got)
	}
	update(secret, renewed)
	if after := live(t, started{objects: objects}, ns, "tls"); after.GetUID() != before.GetUID() {
		t.Error("the renewed secret is another object")
	}
	expect("a renewed secret, refreshed", e.Refreshed(secret), renewed, "")

	labelled := props{"metadata": props{"name": "c", "namespace": ns, "labels": props{"app": "gateway"}}, "stringData": props{"a": "1"}}
	drifted := made(secretToken, "c", labelled)
	patch := `{"metadata": {"labels": {"app": "other"}, "annotations": {"added": "by hand"}}}`
	if _, err := objects.Resource(secrets).Namespace(ns).Patch(t.Context(), "c", types.MergePatchType, []byte(patch), v1.PatchOptions{FieldManager: "kubectl-edit"}); err != nil {
		t.Fatal(err)
	}
	expect("a label changed by hand", e.Refreshed(drifted), labelled, "metadata.labels.app update")
	expect("another name", secret, inNamespace(ns, "other", props{"type": tlsType, "stringData": renewed["stringData"]}), "metadata.name update&replace")

	deployment := deploymentInputs(ns, "web")
	deployment["metadata"].(props)["annotations"] = props{"pulumi.com/skipAwait": "true"}
	web := made(deploymentToken, "web", deployment)
	expect("a deployment, refreshed", e.Refreshed(web), deployment, "")
	deployment["spec"].(props)["replicas"] = 3
	expect("more replicas", web, deployment, "spec.replicas update")
	update(web, deployment)
	deployment["spec"].(props)["selector"] = props{"matchLabels": props{"app": "other"}}
	if got := differs(web, deployment); !strings.Contains(got, "replace") {
		t.Errorf("another selector: got %q", got)
	}
	for _, r := range []*enginetest.Resource{web, drifted, secret, namespace} {
		if err := e.Delete(r); err != nil {
			t.Errorf("delete %s: %v", r.URN.Name(), err)
		}
		if err := gone(e, r); err != nil {
			t.Errorf("%s after its deletion: %v", r.URN.Name(), err)
		}
	}
}

// gone waits until a resource is gone. With skipAwait, which the deployment has, the
// official provider doesn't wait for the end of a deletion; the stand-in always does.
func gone(e *enginetest.Engine, r *enginetest.Resource) error {
	const timeout = 30 * time.Second
	for deadline := time.Now().Add(timeout); ; time.Sleep(100 * time.Millisecond) {
		there, err := e.Refresh(r)
		if err != nil || !there {
			return err
		}
		if time.Now().After(deadline) {
			return errors.New("it is still there")
		}
	}
}
