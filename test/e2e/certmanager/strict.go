package certmanager

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
)

// secretMark stands in Pulumi's state beside each encrypted value.
const secretMark = "4dabf18193072939515e22adb298388d"

// object is a Kubernetes object as the stack describes it.
type object map[string]any

func (o object) text(path ...string) string {
	value := any(map[string]any(o))
	for _, name := range path {
		fields, _ := value.(map[string]any)
		value = fields[name]
	}
	text, _ := value.(string)
	return text
}

// stackObjects finds them in an exported state, and the types of all that is in
// it.
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

// acceptStrictly shows each object to the API server again, which this time
// refuses fields that the kind's schema does not have instead of dropping them.
// It returns their kinds.
func acceptStrictly(ctx context.Context, k kubernetesserver.Access, objects []object) (kinds []string, err error) {
	c := k.Client().With("Content-Type", "application/apply-patch+yaml")
	for _, o := range objects {
		path, err := pathOf(ctx, k, o)
		if err != nil {
			return nil, err
		}
		query := "?dryRun=All&fieldValidation=Strict&fieldManager=gatehouse-local&force=true"
		if err := c.Do(ctx, http.MethodPatch, path+query, o, nil); err != nil {
			return nil, fmt.Errorf("%s %s: %w", o.text("kind"), o.text("metadata", "name"), err)
		}
		kinds = append(kinds, o.text("kind"))
	}
	return kinds, nil
}

// pathOf asks the API server where an object of this kind is found.
func pathOf(ctx context.Context, k kubernetesserver.Access, o object) (string, error) {
	version, kind := o.text("apiVersion"), o.text("kind")
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
			base += "/namespaces/" + o.text("metadata", "namespace")
		}
		return base + "/" + r.Name + "/" + o.text("metadata", "name"), nil
	}
	return "", errors.New("the API server knows no " + kind + " of " + version)
}
