package kubernetes

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/gatehouse-iac/gatehouse/standins/plugins/internal/enginetest"
	"github.com/gatehouse-iac/gatehouse/standins/plugins/internal/servertest"
)

const (
	secretToken     = "kubernetes:core/v1:Secret"
	configMapToken  = "kubernetes:core/v1:ConfigMap"
	namespaceToken  = "kubernetes:core/v1:Namespace"
	deploymentToken = "kubernetes:apps/v1:Deployment"
	widgetToken     = "kubernetes:example.com/v1:Widget"
)

var secrets = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}

// started is a running API server; starting one takes seconds, so the tests
// share it.
type started struct {
	servertest.Kubernetes
	objects dynamic.Interface
}

func (s started) engine(t *testing.T, config props) *enginetest.Engine {
	t.Helper()
	all := props{"kubeconfig": s.Kubeconfig, "enableSecretMutable": true}
	for key, value := range config {
		all[key] = value
	}
	p := New()
	p.backoff = wait.Backoff{Duration: 100 * time.Millisecond, Factor: 2, Steps: 5}
	return enginetest.Start(t, p, all)
}

// namespace makes a namespace for one test.
func (s started) namespace(t *testing.T, e *enginetest.Engine) string {
	t.Helper()
	r := enginetest.New(namespaceToken, "ns")
	name := strings.ToLower(strings.ReplaceAll(t.Name()[strings.LastIndexByte(t.Name(), '/')+1:], "_", "-"))
	if err := e.Create(r, props{"metadata": props{"name": name}}); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestServer(t *testing.T) {
	server := servertest.StartKubernetes(t)
	settings, err := clientcmd.BuildConfigFromFlags("", server.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := dynamic.NewForConfig(settings)
	if err != nil {
		t.Fatal(err)
	}
	s := started{server, objects}
	for _, test := range []struct {
		name string
		run  func(*testing.T, started)
	}{
		{"lifecycle", lifecycle},
		{"renewal in place", renewalInPlace},
		{"replacements", replacements},
		{"drift", drift},
		{"names", names},
		{"previews", previews},
		{"workload", workload},
		{"custom resources", customResources},
		{"deletion", deletion},
		{"refused", refused},
		{"wrong credentials", wrongCredentials},
		{"server down", serverDown}, // the last one
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, s) })
	}
}

func inNamespace(namespace, name string, more props) props {
	m := props{"metadata": props{"name": name, "namespace": namespace}}
	for key, value := range more {
		m[key] = value
	}
	return m
}

func tlsInputs(t *testing.T, namespace, name string) props {
	certificate, key := pair(t)
	return inNamespace(namespace, name, props{"type": tlsType, "stringData": props{"tls.crt": certificate, "tls.key": key, "ca.crt": certificate}})
}

func lifecycle(t *testing.T, s started) {
	e := s.engine(t, nil)
	ns := s.namespace(t, e)
	inputs := tlsInputs(t, ns, "tls")
	r := e.Made(secretToken, "tls", inputs)
	if string(r.ID) != ns+"/tls" || !r.Outputs["data"].IsSecret() || !r.Inputs["data"].IsSecret() {
		t.Errorf("got %s, %v", r.ID, r.Outputs)
	}
	for range 2 {
		if got := e.Differs(r, inputs); got != "" {
			t.Errorf("unchanged, but %s", got)
		}
		e.Refreshed(r)
	}
	if !r.Outputs["data"].IsSecret() || !r.Inputs["data"].IsSecret() {
		t.Error("the data is no secret after a refresh")
	}
	if err := e.Create(enginetest.New(secretToken, "again"), inputs); err == nil || !strings.Contains(err.Error(), "this stack did not create it") {
		t.Errorf("the same object again: %v", err)
	}
	imported := enginetest.New(secretToken, "imported")
	imported.ID = r.ID
	if got := e.Differs(e.Refreshed(imported), inputs); got != "" {
		t.Errorf("imported, but %s", got)
	}
	if err := e.Update(imported, inputs); err != nil || !imported.Outputs["data"].IsSecret() {
		t.Errorf("an update after an import: %v", err)
	}
	if err := e.Delete(r); err != nil {
		t.Fatal(err)
	}
	if there, err := e.Refresh(r); there || err != nil {
		t.Errorf("after its deletion: %t, %v", there, err)
	}
	if err := e.Delete(r); err != nil {
		t.Errorf("deleted twice: %v", err)
	}
}

// A renewed certificate reaches the Secret in place: it is never gone.
func renewalInPlace(t *testing.T, s started) {
	e := s.engine(t, nil)
	ns := s.namespace(t, e)
	r := e.Made(secretToken, "tls", tlsInputs(t, ns, "tls"))
	before := live(t, s, ns, "tls")
	manager := r.Text(fieldManagerKey)
	for range 2 {
		renewed := tlsInputs(t, ns, "tls")
		delete(renewed["stringData"].(props), "ca.crt")
		if got := e.Differs(r, renewed); strings.Contains(got, "replace") || !strings.Contains(got, `data["tls.crt"] update`) {
			t.Errorf("got %q", got)
		}
		if err := e.Update(r, renewed); err != nil {
			t.Fatal(err)
		}
		after := live(t, s, ns, "tls")
		data := after.Object["data"].(map[string]any)
		if after.GetUID() != before.GetUID() || data["ca.crt"] != nil || data["tls.crt"] != base(renewed["stringData"].(props)["tls.crt"].(string)) {
			t.Errorf("got %v", data)
		}
		for _, entry := range after.GetManagedFields() {
			if entry.Manager != manager || entry.Operation != v1.ManagedFieldsOperationApply {
				t.Errorf("managed by %s (%s)", entry.Manager, entry.Operation)
			}
		}
		if got := e.Differs(e.Refreshed(r), renewed); got != "" {
			t.Errorf("unchanged, but %s", got)
		}
	}
}

func live(t *testing.T, s started, namespace, name string) *unstructured.Unstructured {
	t.Helper()
	found, err := s.objects.Resource(secrets).Namespace(namespace).Get(t.Context(), name, v1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func replacements(t *testing.T, s started) {
	e := s.engine(t, nil)
	ns := s.namespace(t, e)
	r := e.Made(secretToken, "fixed", inNamespace(ns, "fixed", props{"stringData": props{"a": "1"}}))
	for _, test := range []struct {
		name   string
		inputs props
		want   string
	}{
		{"type", inNamespace(ns, "fixed", props{"type": "example.com/x", "stringData": props{"a": "1"}}), "type add&replace, delete first"},
		{"name", inNamespace(ns, "other", props{"stringData": props{"a": "1"}}), "metadata.name update&replace"},
		{"namespace", inNamespace("other", "fixed", props{"stringData": props{"a": "1"}}), "metadata.namespace update&replace"},
	} {
		if got := e.Differs(r, test.inputs); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
	immutable := s.engine(t, props{"enableSecretMutable": false})
	if got := immutable.Differs(r, inNamespace(ns, "fixed", props{"stringData": props{"a": "2"}})); got != "data.a update&replace, delete first" {
		t.Errorf("got %q", got)
	}
	unnamed := immutable.Made(secretToken, "unnamed", props{"metadata": props{"namespace": ns}, "stringData": props{"a": "1"}})
	if got := immutable.Differs(unnamed, props{"metadata": props{"namespace": ns}, "stringData": props{"a": "2"}}); got != "data.a update&replace" {
		t.Errorf("got %q", got)
	}
	binding := inNamespace(ns, "b", props{
		"roleRef":  props{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "one"},
		"subjects": []any{props{"kind": "ServiceAccount", "name": "sa", "namespace": ns}},
	})
	b := e.Made("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", "b", binding)
	binding["roleRef"].(props)["name"] = "two"
	if got := e.Differs(b, binding); got != "roleRef.name update&replace, delete first" {
		t.Errorf("got %q", got)
	}
}

func drift(t *testing.T, s started) {
	e := s.engine(t, nil)
	ns := s.namespace(t, e)
	inputs := props{"metadata": props{"name": "c", "namespace": ns, "labels": props{"app": "gateway"}}, "stringData": props{"a": "1"}}
	r := e.Made(secretToken, "c", inputs)
	edit := func(patch string) {
		t.Helper()
		_, err := s.objects.Resource(secrets).Namespace(ns).Patch(t.Context(), "c", types.MergePatchType, []byte(patch), v1.PatchOptions{FieldManager: "kubectl-edit"})
		if err != nil {
			t.Fatal(err)
		}
	}
	edit(`{"metadata": {"annotations": {"manager": "other"}}, "data": {"b": "Mg=="}}`)
	if got := e.Differs(e.Refreshed(r), inputs); got != "" {
		t.Errorf("what others add is drift: %s", got)
	}
	edit(`{"metadata": {"labels": {"app": "other"}}}`)
	if got := e.Differs(e.Refreshed(r), inputs); got != "metadata.labels.app update" {
		t.Errorf("got %q", got)
	}
	if err := e.Update(r, inputs); err == nil || !strings.Contains(err.Error(), "kubectl-edit") || !strings.Contains(err.Error(), "pulumi.com/patchForce") {
		t.Errorf("the change of another manager: %v", err)
	}
	forced := s.engine(t, props{"enablePatchForce": true})
	if err := forced.Update(r, inputs); err != nil {
		t.Fatal(err)
	}
	if now := live(t, s, ns, "c"); now.GetLabels()["app"] != "gateway" || now.GetAnnotations()["manager"] != "other" || now.Object["data"].(map[string]any)["b"] == nil {
		t.Errorf("got %v", now.Object)
	}
	edit(`{"metadata": {"labels": {"app": "third"}}}`)
	inputs["metadata"].(props)["annotations"] = props{patchForce: "true"}
	if err := e.Update(e.Refreshed(r), inputs); err != nil {
		t.Errorf("with the annotation: %v", err)
	}
	if err := s.objects.Resource(secrets).Namespace(ns).Delete(t.Context(), "c", v1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := e.Update(r, inputs); err == nil || !strings.Contains(err.Error(), "not found; it does not exist yet, or was deleted since") {
		t.Errorf("an update of an object that is gone: %v", err)
	}
	if there, err := e.Refresh(r); there || err != nil {
		t.Errorf("an object that is gone: %t, %v", there, err)
	}
}

func names(t *testing.T, s started) {
	e := s.engine(t, nil)
	ns := s.namespace(t, e)
	in := s.engine(t, props{"namespace": ns})
	r := in.Made(configMapToken, "settings", props{"data": props{"a": "1"}})
	if !strings.HasPrefix(string(r.ID), ns+"/settings-") {
		t.Errorf("got %s", r.ID)
	}
	if got := in.Differs(r, props{"data": props{"a": "1"}}); got != "" {
		t.Errorf("unchanged, but %s", got)
	}
	if got := in.Differs(r, props{"data": props{"a": "2"}}); got != "data.a update&replace" {
		t.Errorf("got %q", got)
	}
	// What is not in a namespace gets none.
	if n := in.Made(namespaceToken, "n", props{}); strings.Contains(string(n.ID), "/") {
		t.Errorf("got %s", n.ID)
	}
}

func previews(t *testing.T, s started) {
	e := s.engine(t, nil)
	ns := s.namespace(t, e)
	preview := func(token string, inputs props) (plugin.CreateResponse, error) {
		r := enginetest.New(token, "p")
		checked, err := e.Check(r, inputs)
		if err != nil {
			t.Fatal(err)
		}
		return e.Provider.Create(t.Context(), plugin.CreateRequest{URN: r.URN, Properties: checked, Preview: true})
	}
	previewed, err := preview(deploymentToken, deploymentInputs(ns, "web"))
	if err != nil || previewed.Properties["spec"].ObjectValue()["progressDeadlineSeconds"].IsNull() {
		t.Errorf("the server did not fill in what it decides: %v, %v", previewed.Properties, err)
	}
	if previewed.Properties["metadata"].ObjectValue()["uid"].HasValue() || previewed.Properties["status"].HasValue() {
		t.Error("what will be different is previewed")
	}
	if _, err := s.objects.Resource(schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}).Namespace(ns).Get(t.Context(), "web", v1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the preview made it: %v", err)
	}
	broken := deploymentInputs(ns, "web")
	broken["spec"].(props)["replicas"] = -1
	if _, err := preview(deploymentToken, broken); err == nil || !strings.Contains(err.Error(), "spec.replicas") {
		t.Errorf("what the server will refuse: %v", err)
	}
	for name, inputs := range map[string]props{
		"namespace not there yet": deploymentInputs("not-yet", "web"),
		"value not known yet":     inNamespace(ns, "x", props{"spec": notYet}),
	} {
		if _, err := preview(deploymentToken, inputs); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := preview(widgetToken+"less", inNamespace(ns, "w", nil)); err != nil {
		t.Errorf("kind not there yet: %v", err)
	}
}

func deploymentInputs(namespace, name string) props {
	labels := props{"app": name}
	return inNamespace(namespace, name, props{"spec": props{
		"replicas": 2, "selector": props{"matchLabels": labels},
		"template": props{
			"metadata": props{"labels": labels},
			"spec": props{"containers": []any{props{
				"name": "web", "image": "example.com/web:1", "ports": []any{props{"containerPort": 8443}},
				"resources":    props{"requests": props{"cpu": "0.5", "memory": "1024Mi"}},
				"volumeMounts": []any{props{"name": "tls", "mountPath": "/tls", "readOnly": true}},
			}}, "volumes": []any{props{"name": "tls", "secret": props{"secretName": "tls", "optional": false}}}},
		},
	}})
}

func workload(t *testing.T, s started) {
	e := s.engine(t, nil)
	ns := s.namespace(t, e)
	deployment := deploymentInputs(ns, "web")
	deployment["metadata"].(props)["annotations"] = props{"pulumi.com/skipAwait": "true"}
	service := inNamespace(ns, "web", props{"spec": props{"selector": props{"app": "web"}, "ports": []any{props{"port": 443, "targetPort": 8443}}}})
	d, svc := e.Made(deploymentToken, "web", deployment), e.Made("kubernetes:core/v1:Service", "web", service)
	for range 2 {
		if got := e.Differs(d, deployment); got != "" {
			t.Errorf("unchanged, but %s", got)
		}
		if got := e.Differs(svc, service); got != "" {
			t.Errorf("unchanged, but %s", got)
		}
		e.Refreshed(d)
		e.Refreshed(svc)
	}
	deployment["spec"].(props)["replicas"] = 3
	if got := e.Differs(d, deployment); got != "spec.replicas update" {
		t.Errorf("got %q", got)
	}
	if err := e.Update(d, deployment); err != nil {
		t.Fatal(err)
	}
	if got := e.Differs(e.Refreshed(d), deployment); got != "" {
		t.Errorf("unchanged, but %s", got)
	}
	deployment["spec"].(props)["selector"] = props{"matchLabels": props{"app": "other"}}
	if got := e.Differs(d, deployment); got != "spec.selector.matchLabels.app update&replace, delete first" {
		t.Errorf("got %q", got)
	}
	for _, r := range []*enginetest.Resource{d, svc} {
		if err := e.Delete(r); err != nil {
			t.Error(err)
		}
	}
}

func widgetDefinition() props {
	return props{"metadata": props{"name": "widgets.example.com"}, "spec": props{
		"group": "example.com", "scope": "Namespaced", "names": props{"plural": "widgets", "singular": "widget", "kind": "Widget"},
		"versions": []any{props{
			"name": "v1", "served": true, "storage": true,
			"schema": props{"openAPIV3Schema": props{"type": "object", "properties": props{
				"spec": props{"type": "object", "properties": props{"size": props{"x_kubernetes_int_or_string": true}, "ratio": props{"type": "number"}}},
			}}},
		}},
	}}
}

func customResources(t *testing.T, s started) {
	e := s.engine(t, nil)
	ns := s.namespace(t, e)
	inputs := inNamespace(ns, "w", props{"spec": props{"size": "large", "ratio": 1.5}})
	missing := enginetest.New(widgetToken, "w")
	if err := e.Create(missing, inputs); err == nil || !strings.Contains(err.Error(), "has no kind Widget of example.com/v1: its CustomResourceDefinition") {
		t.Errorf("a kind that is not there: %v", err)
	}
	definition := e.Made("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", "widgets", widgetDefinition())
	if got := e.Differs(e.Refreshed(definition), widgetDefinition()); got != "" {
		t.Errorf("the definition is unchanged, but %s", got)
	}
	// It is known a moment later; the creation waits for it.
	r := e.Made(widgetToken, "w", inputs)
	if got := e.Differs(e.Refreshed(r), inputs); got != "" {
		t.Errorf("unchanged, but %s", got)
	}
	inputs["spec"].(props)["size"] = 5
	if err := e.Update(r, inputs); err != nil {
		t.Fatal(err)
	}
	if err := e.Delete(definition); err != nil {
		t.Fatal(err)
	}
	// The objects go with their definition.
	if there, err := e.Refresh(r); there || err != nil {
		t.Errorf("an object of a kind that is gone: %t, %v", there, err)
	}
	if err := e.Delete(r); err != nil {
		t.Error(err)
	}
}

func deletion(t *testing.T, s started) {
	e := s.engine(t, nil)
	n := e.Made(namespaceToken, "whole", props{})
	ns := string(n.ID)
	e.Made(secretToken, "in", inNamespace(ns, "in", props{"stringData": props{"a": "1"}}))
	if err := e.Delete(n); err != nil {
		t.Fatal(err)
	}
	if _, err := s.objects.Resource(schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}).Get(t.Context(), ns, v1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the namespace is still there: %v", err)
	}

	held := s.namespace(t, e)
	r := e.Made(secretToken, "held", props{"metadata": props{"name": "held", "namespace": held, "finalizers": []any{"example.com/hold"}, "annotations": props{timeoutSeconds: "1"}}})
	if err := e.Delete(r); err == nil || !strings.Contains(err.Error(), "still there 1s after it was deleted; its finalizers: example.com/hold") {
		t.Errorf("an object that is held: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := e.Provider.Delete(ctx, plugin.DeleteRequest{URN: r.URN, ID: r.ID, Outputs: r.Outputs, Timeout: 60})
	if err == nil || time.Since(start) > 5*time.Second {
		t.Errorf("an interrupted deletion took %s: %v", time.Since(start), err)
	}
	if _, err := s.objects.Resource(secrets).Namespace(held).Patch(t.Context(), "held", types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), v1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := e.Delete(r); err != nil {
		t.Error(err)
	}
}

func refused(t *testing.T, s started) {
	e := s.engine(t, nil)
	ns := s.namespace(t, e)
	for _, test := range []struct {
		name, token string
		inputs      props
		want        string
	}{
		{"rubbish in a TLS secret", secretToken, inNamespace(ns, "x", props{"type": tlsType, "stringData": props{"tls.crt": "hunter2hunter2", "tls.key": "hunter2hunter2"}}), "must hold PEM certificates"},
		{"no such namespace", secretToken, inNamespace("nowhere", "x", nil), `namespaces "nowhere" not found`},
		{"wrong name", secretToken, inNamespace(ns, "Not_A_Name", nil), "metadata.name"},
		{"unknown type", "kubernetes:yaml:ConfigFile", nil, "only those are served"},
	} {
		err := e.Create(enginetest.New(test.token, "r"), test.inputs)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
	// What the server does not change is replaced, and an update says how.
	service := inNamespace(ns, "x", props{"spec": props{"ports": []any{props{"port": 80}}}})
	svc := e.Made("kubernetes:core/v1:Service", "x", service)
	service["spec"].(props)["clusterIP"] = "10.96.3.4"
	if got := e.Differs(svc, service); !strings.Contains(got, "spec.clusterIP add&replace, delete first") {
		t.Errorf("got %q", got)
	}
	if err := e.Update(svc, service); err == nil || !strings.Contains(err.Error(), "ReplaceOnChanges") {
		t.Errorf("got %v", err)
	}
}

func wrongCredentials(t *testing.T, s started) {
	content, err := os.ReadFile(s.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	good, err := clientcmd.Load(content)
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range good.AuthInfos {
		user.Token = "hunter2hunter2"
	}
	wrong, err := clientcmd.Write(*good)
	if err != nil {
		t.Fatal(err)
	}
	e := s.engine(t, props{"kubeconfig": string(wrong)})
	err = e.Create(enginetest.New(secretToken, "r"), inNamespace("default", "x", nil))
	if err == nil || !strings.Contains(err.Error(), "the server has asked for the client to provide credentials") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
	unprivileged := s.engine(t, props{"kubeconfig": impersonated(t, content)})
	err = unprivileged.Create(enginetest.New(secretToken, "r"), inNamespace("default", "x", nil))
	if err == nil || !strings.Contains(err.Error(), `User "nobody" cannot create resource "secrets"`) || !strings.Contains(err.Error(), "requires this permission") {
		t.Errorf("got %v", err)
	}
}

// impersonated returns a kubeconfig of a user without permissions.
func impersonated(t *testing.T, content []byte) string {
	config, err := clientcmd.Load(content)
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range config.AuthInfos {
		user.Impersonate = "nobody"
		user.ImpersonateGroups = []string{"system:authenticated"}
	}
	text, err := clientcmd.Write(*config)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func serverDown(t *testing.T, s started) {
	e := s.engine(t, nil)
	ns := s.namespace(t, e)
	r := e.Made(secretToken, "r", inNamespace(ns, "r", nil))
	content, err := os.ReadFile(s.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	s.Stop()
	down := enginetest.Start(t, New(), props{"kubeconfig": string(content)})
	for name, err := range map[string]error{
		"create":  down.Create(enginetest.New(secretToken, "n"), inNamespace(ns, "n", nil)),
		"delete":  down.Delete(r),
		"refresh": func() error { _, err := down.Refresh(r); return err }(),
		"known":   func() error { _, err := e.Refresh(r); return err }(),
	} {
		if err == nil || !strings.Contains(err.Error(), "https://127.0.0.1:") || !strings.Contains(err.Error(), "configured Kubernetes cluster is unreachable") {
			t.Errorf("%s: %v", name, err)
		}
	}
	n := enginetest.New(secretToken, "n")
	checked, err := down.Check(n, inNamespace(ns, "n", nil))
	if err != nil {
		t.Fatal(err)
	}
	previewed, err := down.Provider.Create(t.Context(), plugin.CreateRequest{URN: n.URN, Properties: checked, Preview: true})
	if err != nil || fmt.Sprint(previewed.Properties["metadata"]) != fmt.Sprint(checked["metadata"]) {
		t.Errorf("a preview without the server: %v, %v", previewed, err)
	}
}
