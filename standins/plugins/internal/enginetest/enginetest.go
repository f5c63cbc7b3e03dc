// Package enginetest sends the requests of Pulumi's engine to a provider, for
// tests.
package enginetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// Engine holds a configured provider.
type Engine struct {
	t        *testing.T
	Provider plugin.Provider
}

// providerType is the type of the provider resource. The official provider takes the
// names of its settings from it; the stand-ins don't look at it.
const providerType = "pulumi:providers:kubernetes"

// Start configures a provider.
func Start(t *testing.T, p plugin.Provider, config Map) *Engine {
	t.Helper()
	properties := Properties(config)
	urn := New(providerType, "default").URN
	checked, err := p.CheckConfig(t.Context(), plugin.CheckConfigRequest{
		URN: urn, Name: urn.Name(), Type: urn.Type(), News: properties, AllowUnknowns: true,
	})
	if err != nil || len(checked.Failures) > 0 {
		t.Fatalf("check the configuration: %v, %v", checked.Failures, err)
	}
	name, kind, id := urn.Name(), urn.Type(), resource.ID("provider")
	configure := plugin.ConfigureRequest{URN: &urn, Name: &name, Type: &kind, ID: &id, Inputs: checked.Properties}
	if _, err := p.Configure(t.Context(), configure); err != nil {
		t.Fatal(err)
	}
	return &Engine{t, p}
}

// Map holds properties as a program writes them.
type Map = map[string]any

// Properties converts a map, whose values may be property values.
func Properties(m Map) resource.PropertyMap { return resource.NewPropertyMapFromMap(m) }

// Resource holds the engine's state of a resource.
type Resource struct {
	URN             resource.URN
	ID              resource.ID
	Inputs, Outputs resource.PropertyMap
}

// Text returns an output.
func (r *Resource) Text(key resource.PropertyKey) string {
	value := r.Outputs[key]
	for value.IsSecret() {
		value = value.SecretValue().Element
	}
	if !value.IsString() {
		return ""
	}
	return value.StringValue()
}

// New returns a resource that does not exist yet.
func New(token, name string) *Resource {
	return &Resource{URN: resource.NewURN("stack", "project", "", tokens.Type(token), name)}
}

// Check checks new inputs.
func (e *Engine) Check(r *Resource, inputs Map) (resource.PropertyMap, error) {
	response, err := e.Provider.Check(e.t.Context(), plugin.CheckRequest{
		URN: r.URN, Name: r.URN.Name(), Type: r.URN.Type(), Olds: r.Inputs, News: Properties(inputs), RandomSeed: []byte(r.URN),
	})
	if err != nil {
		return nil, err
	}
	var problems []string
	for _, failure := range response.Failures {
		problems = append(problems, failure.Reason)
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("%s", strings.Join(problems, "; "))
	}
	return response.Properties, nil
}

// Create checks, previews and creates the resource.
func (e *Engine) Create(r *Resource, inputs Map) error {
	checked, err := e.Check(r, inputs)
	if err != nil {
		return err
	}
	request := plugin.CreateRequest{URN: r.URN, Name: r.URN.Name(), Type: r.URN.Type(), Properties: checked, Preview: true}
	if _, err := e.Provider.Create(e.t.Context(), request); err != nil {
		return fmt.Errorf("preview: %w", err)
	}
	request.Preview = false
	response, err := e.Provider.Create(e.t.Context(), request)
	if err != nil {
		return err
	}
	r.ID, r.Inputs, r.Outputs = response.ID, checked, response.Properties
	return nil
}

// Made returns a resource that exists.
func (e *Engine) Made(token, name string, inputs Map) *Resource {
	e.t.Helper()
	r := New(token, name)
	if err := e.Create(r, inputs); err != nil {
		e.t.Fatalf("create %s: %v", name, err)
	}
	return r
}

// Diff compares the resource with new inputs.
func (e *Engine) Diff(r *Resource, inputs Map) (plugin.DiffResult, error) {
	checked, err := e.Check(r, inputs)
	if err != nil {
		return plugin.DiffResult{}, err
	}
	return e.Provider.Diff(e.t.Context(), plugin.DiffRequest{
		URN: r.URN, Name: r.URN.Name(), Type: r.URN.Type(), ID: r.ID, OldInputs: r.Inputs, OldOutputs: r.Outputs, NewInputs: checked,
	})
}

// Differs returns what differs, and how: "ttl update, name update&replace".
func (e *Engine) Differs(r *Resource, inputs Map) string {
	e.t.Helper()
	diff, err := e.Diff(r, inputs)
	if err != nil {
		e.t.Fatalf("diff %s: %v", r.URN.Name(), err)
	}
	return Describe(diff)
}

// Update previews and applies the change.
func (e *Engine) Update(r *Resource, inputs Map) error {
	checked, err := e.Check(r, inputs)
	if err != nil {
		return err
	}
	request := plugin.UpdateRequest{
		URN: r.URN, Name: r.URN.Name(), Type: r.URN.Type(), ID: r.ID,
		OldInputs: r.Inputs, OldOutputs: r.Outputs, NewInputs: checked, Preview: true,
	}
	if _, err := e.Provider.Update(e.t.Context(), request); err != nil {
		return fmt.Errorf("preview: %w", err)
	}
	request.Preview = false
	response, err := e.Provider.Update(e.t.Context(), request)
	if err != nil {
		return err
	}
	r.Inputs, r.Outputs = checked, response.Properties
	return nil
}

// Refresh reads the resource, and reports whether it exists.
func (e *Engine) Refresh(r *Resource) (there bool, err error) {
	response, err := e.Provider.Read(e.t.Context(), plugin.ReadRequest{
		URN: r.URN, Name: r.URN.Name(), Type: r.URN.Type(), ID: r.ID, Inputs: r.Inputs, State: r.Outputs,
	})
	if err != nil {
		return false, err
	}
	if response.ID == "" {
		return false, nil
	}
	r.Inputs, r.Outputs = response.Inputs, response.Outputs
	return true, nil
}

// Refreshed refreshes a resource that exists.
func (e *Engine) Refreshed(r *Resource) *Resource {
	e.t.Helper()
	if there, err := e.Refresh(r); err != nil || !there {
		e.t.Fatalf("refresh %s: there %t, %v", r.URN.Name(), there, err)
	}
	return r
}

// Delete destroys the resource.
func (e *Engine) Delete(r *Resource) error {
	_, err := e.Provider.Delete(e.t.Context(), plugin.DeleteRequest{
		URN: r.URN, Name: r.URN.Name(), Type: r.URN.Type(), ID: r.ID, Inputs: r.Inputs, Outputs: r.Outputs,
	})
	return err
}
