package vault

import (
	"context"
	"slices"

	"github.com/hashicorp/vault/api"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/gatehouse-iac/gatehouse/standins/plugins/internal/change"
)

// definition holds the fields of a type of resource, and its requests to Vault.
type definition struct {
	fields []field

	// adopted is set if the inputs suffice to read the resource.
	adopted bool

	// create returns the resource's ID, and Vault's response.
	create func(ctx context.Context, vault *api.Client, inputs values) (id string, found values, err error)

	// read returns the state as it is now, or nil if there is no such resource.
	// Without it, the state never changes.
	read func(ctx context.Context, vault *api.Client, id string, state values) (values, error)

	// update applies the inputs. Without it, there is nothing to do.
	update func(ctx context.Context, vault *api.Client, id string, state, inputs values) error

	// remove destroys the resource. Without it, the resource is not changed.
	remove func(ctx context.Context, vault *api.Client, id string, state values) error

	// due returns the fields whose state requires a new resource though no input
	// has changed.
	due func(ctx context.Context, vault *api.Client, state values) ([]string, error)
}

// field finds a field by its name.
func (d definition) field(name string) field {
	i := slices.IndexFunc(d.fields, func(f field) bool { return f.name == name })
	return d.fields[i]
}

// values returns the given properties that are fields of the type.
func (d definition) values(properties resource.PropertyMap) (values, error) {
	found := values{}
	for _, f := range d.fields {
		property, given := properties[f.property()]
		if !given || property.IsNull() {
			continue
		}
		value, err := f.fromSDK(property)
		if err != nil {
			return nil, fieldError(f, err)
		}
		found[f.name] = value
	}
	return found, nil
}

// properties converts values to the SDK's properties. A property is secret if it
// was in one of the maps before.
func (d definition) properties(found values, before ...resource.PropertyMap) resource.PropertyMap {
	properties := resource.PropertyMap{}
	for _, f := range d.fields {
		value, known := found[f.name]
		if !known || value == nil {
			continue
		}
		key := f.property()
		properties[key] = f.toSDK(value)
		for _, m := range before {
			if m[key].ContainsSecrets() && !properties[key].IsSecret() {
				properties[key] = resource.MakeSecret(properties[key])
			}
		}
	}
	return properties
}

// planned returns the state that the inputs result in, as far as it is known
// without a request to Vault.
func (d definition) planned(state, inputs resource.PropertyMap) resource.PropertyMap {
	planned := resource.PropertyMap{}
	for _, f := range d.fields {
		key := f.property()
		property, given := inputs[key]
		old, known := state[key]
		switch {
		case given && !f.is(output):
			planned[key] = property
		case known && f.is(output|computed):
			planned[key] = old
		case state == nil && f.is(output|computed):
			planned[key] = resource.MakeComputed(resource.NewProperty(""))
		}
		if f.is(secret) && !planned[key].IsNull() && !planned[key].IsSecret() {
			planned[key] = resource.MakeSecret(planned[key])
		}
	}
	return planned
}

// changes returns the differences between the state and new inputs.
func (d definition) changes(state, inputs resource.PropertyMap) ([]change.Change, error) {
	var changes []change.Change
	for _, f := range d.fields {
		if f.is(output) {
			continue
		}
		kind, differs, err := f.differs(state[f.property()], inputs[f.property()])
		if err != nil {
			return nil, fieldError(f, err)
		}
		if !differs {
			continue
		}
		if f.is(replaces) {
			kind = change.Replacing(kind)
		}
		changes = append(changes, change.Change{Path: resource.PropertyPath{string(f.property())}, Kind: kind})
	}
	return changes, nil
}

// deletesFirst reports whether a replacement deletes the old resource before it
// creates the new one: its name was given and may exist once only. As upstream, any
// property called name counts as such a name.
func (d definition) deletesFirst(inputs resource.PropertyMap) bool {
	return slices.ContainsFunc(d.fields, func(f field) bool {
		return f.is(named) && !isDefault(inputs, f.property())
	})
}

// body returns a request's body: the given fields and, if there is a state, those
// that are no longer given.
func (d definition) body(inputs, state values) map[string]any {
	body := map[string]any{}
	for _, f := range d.fields {
		if f.is(local | output) {
			continue
		}
		value, given := inputs[f.name]
		if !given {
			value = f.kind.none()
		}
		removed := !f.is(computed) && !empty(state[f.name])
		if !empty(value) || f.is(always) || removed {
			body[f.name] = f.toVault(value)
		}
	}
	return body
}

// answered returns the fields in Vault's response.
func (d definition) answered(answer map[string]any, wanted func(field) bool) (values, error) {
	found := values{}
	for _, f := range d.fields {
		given, ok := answer[f.name]
		if !ok || !wanted(f) {
			continue
		}
		value, err := f.fromVault(given)
		if err != nil {
			return nil, err
		}
		found[f.name] = value
	}
	return found, nil
}
