package kubernetes

import (
	"bufio"
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

// conformance is the sequence of engine calls.
func conformance(t *testing.T, e *enginetest.Engine, objects dynamic.Interface, ns string) {
	expect := func(what string, r *enginetest.Resource, inputs props, want string) {
		t.Helper()
		if got := e.Differs(r, inputs); got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	namespace := e.Made(namespaceToken, "ns", props{"metadata": props{"name": ns}})
	expect("a namespace, unchanged", e.Refreshed(namespace), props{"metadata": props{"name": ns}}, "")

	inputs := tlsInputs(t, ns, "tls")
	secret := e.Made(secretToken, "tls", inputs)
	if string(secret.ID) != ns+"/tls" {
		t.Errorf("the ID is %s", secret.ID)
	}
	expect("a TLS secret, unchanged", secret, inputs, "")
	expect("a TLS secret, refreshed", e.Refreshed(secret), inputs, "")
	before := live(t, started{objects: objects}, ns, "tls")
	renewed := tlsInputs(t, ns, "tls")
	if got := e.Differs(secret, renewed); strings.Contains(got, "replace") || got == "" {
		t.Errorf("a renewed certificate: got %q", got)
	}
	if err := e.Update(secret, renewed); err != nil {
		t.Fatal(err)
	}
	if after := live(t, started{objects: objects}, ns, "tls"); after.GetUID() != before.GetUID() {
		t.Error("the renewed secret is another object")
	}
	expect("a renewed secret, refreshed", e.Refreshed(secret), renewed, "")

	labelled := props{"metadata": props{"name": "c", "namespace": ns, "labels": props{"app": "gateway"}}, "stringData": props{"a": "1"}}
	drifted := e.Made(secretToken, "c", labelled)
	patch := `{"metadata": {"labels": {"app": "other"}, "annotations": {"added": "by hand"}}}`
	if _, err := objects.Resource(secrets).Namespace(ns).Patch(t.Context(), "c", types.MergePatchType, []byte(patch), v1.PatchOptions{FieldManager: "kubectl-edit"}); err != nil {
		t.Fatal(err)
	}
	expect("a label changed by hand", e.Refreshed(drifted), labelled, "metadata.labels.app update")
	expect("another name", secret, inNamespace(ns, "other", props{"type": tlsType, "stringData": renewed["stringData"]}), "metadata.name update&replace")

	deployment := deploymentInputs(ns, "web")
	deployment["metadata"].(props)["annotations"] = props{"pulumi.com/skipAwait": "true"}
	web := e.Made(deploymentToken, "web", deployment)
	expect("a deployment, refreshed", e.Refreshed(web), deployment, "")
	deployment["spec"].(props)["replicas"] = 3
	expect("more replicas", web, deployment, "spec.replicas update")
	if err := e.Update(web, deployment); err != nil {
		t.Fatal(err)
	}
	deployment["spec"].(props)["selector"] = props{"matchLabels": props{"app": "other"}}
	if got := e.Differs(web, deployment); !strings.Contains(got, "replace") {
		t.Errorf("another selector: got %q", got)
	}
	for _, r := range []*enginetest.Resource{web, drifted, secret, namespace} {
		if err := e.Delete(r); err != nil {
			t.Errorf("delete %s: %v", r.URN.Name(), err)
		}
		if there, err := e.Refresh(r); there || err != nil {
			t.Errorf("%s after its deletion: there %t, %v", r.URN.Name(), there, err)
		}
	}
}
