package kubernetes

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-iac/gatehouse/standins/plugins/internal/change"
	"github.com/gatehouse-iac/gatehouse/standins/plugins/internal/enginetest"
)

type props = enginetest.Map

var (
	notYet = resource.MakeComputed(resource.NewProperty(""))
	hidden = resource.MakeSecret(resource.NewProperty("hunter2"))
)

func TestKindOf(t *testing.T) {
	for token, want := range map[tokens.Type]string{
		"kubernetes:core/v1:Secret":                           "/v1, Kind=Secret",
		"kubernetes:apps/v1:Deployment":                       "apps/v1, Kind=Deployment",
		"kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": "rbac.authorization.k8s.io/v1, Kind=RoleBinding",
		"kubernetes:cert-manager.io/v1:Certificate":           "cert-manager.io/v1, Kind=Certificate",
		"kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding": "elbv2.k8s.aws/v1beta1, Kind=TargetGroupBinding",
		"kubernetes:yaml:ConfigFile":                          "",
		"kubernetes:v1:Secret":                                "",
		"vault:index/mount:Mount":                             "",
		"kubernetes:apiextensions.k8s.io/v1:":                 "",
		"kubernetes:core/v1:SecretPatch":                      "",
		"kubernetes:core/v1:SecretList":                       "",
		"kubernetes:example.com/v1:PriceList":                 "example.com/v1, Kind=PriceList",
		"kubernetes:a/b/c:Kind":                               "",
	} {
		got, err := kindOf(token)
		if want == "" {
			if err == nil || !strings.Contains(err.Error(), string(token)) {
				t.Errorf("%s: got %v, %v", token, got, err)
			}
		} else if err != nil || got.String() != want {
			t.Errorf("%s: got %v, %v", token, got, err)
		}
	}
}

func object(m props) *unstructured.Unstructured { return toObject(enginetest.Properties(m)) }

func TestObjectAndBack(t *testing.T) {
	inputs := enginetest.Properties(props{
		"apiVersion": "v1", "kind": "Thing", "nothing": nil,
		"spec": props{"port": 8443, "half": 0.5, "on": true, "list": []any{"a", props{"x_kubernetes_int_or_string": true}}, "token": hidden, "later": notYet},
	})
	o := toObject(inputs)
	spec := o.Object["spec"].(map[string]any)
	if spec["port"] != int64(8443) || spec["half"] != 0.5 || spec["token"] != "hunter2" || !hasUnknown(o.Object) {
		t.Errorf("got %v", o.Object)
	}
	if _, has := spec["list"].([]any)[1].(map[string]any)["x-kubernetes-int-or-string"]; !has {
		t.Errorf("got %v", spec["list"])
	}
	delete(inputs, "nothing")
	if back := toProperties(o.Object, inputs); !back.DeepEquals(inputs) {
		t.Errorf("got %v, want %v", back, inputs)
	}
}

func TestWhatASecretHoldsIsSecret(t *testing.T) {
	got := toProperties(map[string]any{"kind": "Secret", "data": map[string]any{"a": "b"}, "metadata": map[string]any{"name": "n"}})
	if !got["data"].IsSecret() || got["metadata"].ContainsSecrets() {
		t.Errorf("got %v", got)
	}
	// A list is secret as a whole, as its elements may have moved.
	before := enginetest.Properties(props{"env": []any{props{"name": "a", "value": hidden}}, "plain": "p"})
	got = toProperties(map[string]any{"env": []any{map[string]any{"name": "z"}}, "plain": "p"}, before)
	if !got["env"].IsSecret() || got["plain"].IsSecret() {
		t.Errorf("got %v", got)
	}
}

func TestNormalize(t *testing.T) {
	deployment := object(props{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": props{"name": "n", "uid": "u", "resourceVersion": "1"},
		"spec": props{"replicas": 0, "template": props{"spec": props{"hostNetwork": false, "containers": []any{
			props{"name": "c", "resources": props{"requests": props{"cpu": "0.5", "memory": "1024Mi"}}, "unheardOf": "x"},
		}}}},
	})
	normalize(deployment)
	container, _, _ := unstructured.NestedSlice(deployment.Object, "spec", "template", "spec", "containers")
	requests := container[0].(map[string]any)["resources"].(map[string]any)["requests"].(map[string]any)
	if requests["cpu"] != "500m" || requests["memory"] != "1Gi" {
		t.Errorf("got %v", requests)
	}
	if container[0].(map[string]any)["unheardOf"] != "x" {
		t.Error("what the server would complain about is dropped")
	}
	spec := deployment.Object["spec"].(map[string]any)
	if spec["replicas"] != int64(0) {
		t.Errorf("no replicas became %v", spec["replicas"])
	}
	if _, kept := spec["template"].(map[string]any)["spec"].(map[string]any)["hostNetwork"]; kept {
		t.Error("a value that the server leaves out is kept")
	}
	if _, kept := metadata(deployment)["uid"]; kept {
		t.Error("what only the server writes is kept")
	}

	secret := object(props{"apiVersion": "v1", "kind": "Secret", "data": props{"a": "YQ=="}, "stringData": props{"b": "b"}})
	normalize(secret)
	if data := secret.Object["data"].(map[string]any); data["b"] != "Yg==" || data["a"] != "YQ==" || secret.Object["stringData"] != nil {
		t.Errorf("got %v", secret.Object)
	}
	// The same names before and after the content is known, or all of it differs.
	secret = object(props{"apiVersion": "v1", "kind": "Secret", "stringData": props{"b": notYet, "c": "b"}})
	normalize(secret)
	if data, _ := secret.Object["data"].(map[string]any); data["b"] != (unknown{}) || data["c"] != "Yg==" || secret.Object["stringData"] != nil {
		t.Errorf("got %v", secret.Object)
	}
	custom := object(props{"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "spec": props{"duration": "720h", "empty": ""}})
	normalize(custom)
	if custom.Object["spec"].(map[string]any)["empty"] != "" {
		t.Error("a kind that is not known was changed")
	}
}

// compared describes the changes from one object to another.
func compared(t *testing.T, live, shape, wanted props, m mutable) string {
	t.Helper()
	now := &unstructured.Unstructured{}
	now.Object, _ = pruned(object(live).Object, object(shape).Object).(map[string]any)
	result, err := change.Result(changes(now, object(wanted), m), nil, false)
	if err != nil {
		t.Fatal(err)
	}
	return enginetest.Describe(result)
}

func TestChanges(t *testing.T) {
	secret := func(data any, more ...props) props {
		o := props{"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": props{"name": "n", "namespace": "s"}, "data": data}
		for _, m := range more {
			for key, value := range m {
				o[key] = value
			}
		}
		return o
	}
	deployment := func(selector, image string) props {
		return props{
			"apiVersion": "apps/v1", "kind": "Deployment", "metadata": props{"name": "n", "namespace": "s"},
			"spec": props{
				"selector": props{"matchLabels": props{"app": selector}},
				"template": props{"spec": props{"containers": []any{props{"name": "c", "image": image}}}},
			},
		}
	}
	sidecar := deployment("a", "one")
	sidecar["spec"].(props)["template"].(props)["spec"].(props)["containers"] = []any{
		props{"name": "c", "image": "one", "imagePullPolicy": "Always"}, props{"name": "injected"},
	}
	for _, test := range []struct {
		name                string
		live, shape, wanted props
		m                   mutable
		want                string
	}{
		{"nothing", secret(props{"a": "1"}), secret(props{"a": "1"}), secret(props{"a": "1"}), mutable{}, ""},
		{"added by the server or another client", secret(props{"a": "1", "b": "2"}, props{"status": props{}}), secret(props{"a": "1"}), secret(props{"a": "1"}), mutable{}, ""},
		{"secret data", secret(props{"tls.crt": "1"}), secret(props{"tls.crt": "1"}), secret(props{"tls.crt": "2"}), mutable{}, `data["tls.crt"] update&replace`},
		{"secret data, mutable", secret(props{"a": "1"}), secret(props{"a": "1"}), secret(props{"a": "2"}), mutable{secrets: true}, "data.a update"},
		{"secret data, immutable", secret(props{"a": "1"}), secret(props{"a": "1"}), secret(props{"a": "2"}, props{"immutable": true}), mutable{secrets: true}, "data.a update&replace, immutable add"},
		{"secret type", secret(nil), secret(nil), secret(nil, props{"type": "kubernetes.io/tls"}), mutable{secrets: true}, "type update&replace"},
		{"name", secret(nil), secret(nil), secret(nil, props{"metadata": props{"name": "m", "namespace": "s"}}), mutable{}, "metadata.name update&replace"},
		{"namespace", secret(nil), secret(nil), secret(nil, props{"metadata": props{"name": "n", "namespace": "t"}}), mutable{}, "metadata.namespace update&replace"},
		{"not known yet", secret(props{"a": "1"}), secret(props{"a": "1"}), secret(props{"a": notYet}), mutable{secrets: true}, "data.a update"},
		{"drift", secret(props{"a": "other"}), secret(props{"a": "1"}), secret(props{"a": "1"}), mutable{secrets: true}, "data.a update"},
		{"no longer wanted", secret(props{"a": "1", "b": "2"}), secret(props{"a": "1", "b": "2"}), secret(props{"a": "1"}), mutable{secrets: true}, "data.b delete"},
		{"image", deployment("a", "one"), deployment("a", "one"), deployment("a", "two"), mutable{}, "spec.template.spec.containers[0].image update"},
		{"selector", deployment("a", "one"), deployment("a", "one"), deployment("b", "one"), mutable{}, "spec.selector.matchLabels.app update&replace"},
		{"injected container", sidecar, deployment("a", "one"), deployment("a", "one"), mutable{}, ""},
		{"number", props{"spec": props{"port": 1.0}}, props{"spec": props{"port": 1}}, props{"spec": props{"port": 1}}, mutable{}, ""},
		{"list", props{"l": []any{"a", "b"}}, props{"l": []any{"a", "b"}}, props{"l": []any{"a"}}, mutable{}, "l[1] delete"},
		{"longer list", props{"l": []any{"a"}}, props{"l": []any{"a"}}, props{"l": []any{"a", "b"}}, mutable{}, "l[1] add"},
		{"another type of value", props{"l": []any{"a"}}, props{"l": []any{"a"}}, props{"l": "a"}, mutable{}, "l update"},
	} {
		if got := compared(t, test.live, test.shape, test.wanted, test.m); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestNames(t *testing.T) {
	request := plugin.CheckRequest{URN: enginetest.New("kubernetes:core/v1:Secret", "tls").URN, RandomSeed: []byte("seed")}
	made := object(props{"metadata": props{"labels": props{}}})
	if problem := named(made, request); problem != "" {
		t.Fatal(problem)
	}
	name := made.GetName()
	if !strings.HasPrefix(name, "tls-") || len(name) != len("tls-")+8 || annotation(made, autonamed) != "true" {
		t.Errorf("got %v", made.Object)
	}
	// It keeps that name, unless it is replaced.
	request.Olds = toProperties(made.Object)
	request.RandomSeed = []byte("another")
	again := object(props{})
	if problem := named(again, request); problem != "" || again.GetName() != name {
		t.Errorf("got %v, %s", again.Object, problem)
	}
	request.Olds = nil
	replacement := object(props{})
	if problem := named(replacement, request); problem != "" || replacement.GetName() == name {
		t.Errorf("got %v, %s", replacement.Object, problem)
	}
	given := object(props{"metadata": props{"name": notYet}})
	if problem := named(given, request); problem != "" || annotation(given, autonamed) != "" {
		t.Errorf("got %v, %s", given.Object, problem)
	}
	if problem := named(object(props{"metadata": props{"generateName": "x-"}}), request); !strings.Contains(problem, "generateName") {
		t.Errorf("got %q", problem)
	}
	request.Autonaming = &plugin.AutonamingOptions{Mode: plugin.AutonamingModeDisabled}
	if problem := named(object(props{}), request); !strings.Contains(problem, "metadata.name is missing") {
		t.Errorf("got %q", problem)
	}
}

func TestIDs(t *testing.T) {
	for _, id := range []resource.ID{"ns/name", "name"} {
		namespace, name := parseID(id)
		o := object(props{"metadata": props{"name": name, "namespace": namespace}})
		if got := idOf(o); got != id {
			t.Errorf("%s became %s", id, got)
		}
	}
}

func TestIgnoredIsKeptAsItIs(t *testing.T) {
	wanted := object(props{"spec": props{"replicas": 1, "image": "two"}})
	live := object(props{"spec": props{"replicas": 5, "image": "one"}})
	if err := keepIgnored(wanted, live, []string{"spec.replicas", "spec.absent"}); err != nil {
		t.Fatal(err)
	}
	spec := wanted.Object["spec"].(map[string]any)
	if spec["replicas"] != int64(5) || spec["image"] != "two" || len(spec) != 2 {
		t.Errorf("got %v", spec)
	}
}
