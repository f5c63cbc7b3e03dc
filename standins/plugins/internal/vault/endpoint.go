package vault

import (
	"context"
	"strings"

	"github.com/hashicorp/vault/api"
)

// endpoint returns the definition of a resource that is written to and read from one
// path, which is also its ID.
func endpoint(path func(inputs values) string, fields ...field) definition {
	d := definition{fields: fields}
	d.create = func(ctx context.Context, vault *api.Client, inputs values) (string, values, error) {
		id := path(inputs)
		_, err := vault.Logical().WriteWithContext(ctx, id, d.body(inputs, nil))
		return id, nil, err
	}
	d.update = func(ctx context.Context, vault *api.Client, id string, state, inputs values) error {
		_, err := vault.Logical().WriteWithContext(ctx, id, d.body(inputs, state))
		return err
	}
	d.read = func(ctx context.Context, vault *api.Client, id string, state values) (values, error) {
		answer, err := vault.Logical().ReadWithContext(ctx, id)
		if err != nil || answer == nil {
			return nil, err
		}
		found, err := d.answered(answer.Data, func(f field) bool { return !f.is(local) })
		if err != nil {
			return nil, err
		}
		return refreshed(d.fields, state, found), nil
	}
	return d
}

// removable is an endpoint that is removed when the resource is destroyed.
func (d definition) removable() definition {
	d.remove = func(ctx context.Context, vault *api.Client, id string, _ values) error {
		_, err := vault.Logical().DeleteWithContext(ctx, id)
		return err
	}
	return d
}

// refreshed returns the state with the values read. An equivalent value is kept as it
// was written.
func refreshed(fields []field, state, found values) values {
	fresh := values{}
	for _, f := range fields {
		old, known := state[f.name]
		now, read := found[f.name]
		switch {
		case read && !(known && f.same(old, now)):
			fresh[f.name] = now
		case known:
			fresh[f.name] = old
		}
	}
	return fresh
}

// join returns a path without the slashes that its parts may begin or end with.
func join(parts ...string) string {
	for i, part := range parts {
		parts[i] = strings.Trim(part, "/")
	}
	return strings.Join(parts, "/")
}
