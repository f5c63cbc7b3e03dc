package certmanager

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
)

// secretMark is beside each encrypted value in Pulumi's state.
const secretMark = "4dabf18193072939515e22adb298388d"

// object is a Kubernetes object as the stack declares it.
type object map[string]any

// field returns the string at a path, and "" if there is none.
func (o object) field(path ...string) string {
	value := any(map[string]any(o))
	for _, name := range path {
		fields, _ := value.(map[string]any)
		value = fields[name]
	}
	found, _ := value.(string)
	return found
}

// stackObjects returns the objects in an exported state that have no secrets, and the
// types of all its resources.
func stackObjects(state []byte) (objects []object, types []string, err error) {
	var export struct {
		Deployment struct {
			Resources []struct {
				Type   string
				Inputs json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(state, &export); err != nil {
		return nil, nil, err
	}
	for _, resource := range export.Deployment.Resources {
		types = append(types, resource.Type)
		if !strings.HasPrefix(resource.Type, "kubernetes:") || bytes.Contains(resource.Inputs, []byte(secretMark)) {
			continue
		}
		var o object
		if err := json.Unmarshal(resource.Inputs, &o); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", resource.Type, err)
		}
		for name := range o {
			if strings.HasPrefix(name, "__") { // the plugin's own
				delete(o, name)
			}
		}
		objects = append(objects, o)
	}
	return objects, types, nil
}

// acceptStrictly applies each object again in a dry run, for which the API server rejects
// fields that the kind's schema does not have instead of dropping them. It returns their
// kinds.
func acceptStrictly(ctx context.Context, k kubernetesserver.Access, objects []object) (kinds []string, err error) {
	c := k.Client().With("Content-Type", "application/apply-patch+yaml")
	for _, o := range objects {
		path, err := pathOf(ctx, k, o)
		if err != nil {
			return nil, err
		}
		query := "?dryRun=All&fieldValidation=Strict&fieldManager=gatehouse-local&force=true"
		if err := c.Do(ctx, http.MethodPatch, path+query, o, nil); err != nil {
			return nil, fmt.Errorf("%s %s: %w", o.field("kind"), o.field("metadata", "name"), err)
		}
		kinds = append(kinds, o.field("kind"))
	}
	return kinds, nil
}

// pathOf returns the path of an object, by what the API server lists of its kind.
func pathOf(ctx context.Context, k kubernetesserver.Access, o object) (string, error) {
	version, kind := o.field("apiVersion"), o.field("kind")
	base := "/apis/" + version
	if !strings.Contains(version, "/") {
		base = "/api/" + version
	}
	var list struct {
		Resources []struct {
			Name, Kind string
			Namespaced bool
		}
	}
	if err := k.Client().Do(ctx, http.MethodGet, base, nil, &list); err != nil {
		return "", fmt.Errorf("%s: %w", version, err)
	}
	for _, r := range list.Resources {
		if r.Kind != kind || strings.Contains(r.Name, "/") {
			continue
		}
		if r.Namespaced {
			base += "/namespaces/" + o.field("metadata", "namespace")
		}
		return base + "/" + r.Name + "/" + o.field("metadata", "name"), nil
	}
	return "", errors.New("the API server has no " + kind + " of " + version)
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
	if o := objects[0]; o.field("kind") != "Service" || o.field("metadata", "name") != "a" || o.field("metadata", "namespace") != "" || len(o) != 3 {
		t.Errorf("got %v", o)
	}
}
