package vault

import (
	"context"

	"github.com/hashicorp/vault/api"
)

// issued returns the definition of a resource that Vault creates once, by a request
// to a path. It does not change until its mount is deleted.
func issued(path func(inputs values) string, id func(inputs, found values) string, fields ...field) definition {
	d := definition{fields: fields}
	d.create = func(ctx context.Context, vault *api.Client, inputs values) (string, values, error) {
		answer, err := vault.Logical().WriteWithContext(ctx, path(inputs), withoutOtherKeys(d.body(inputs, nil), inputs))
		if err != nil {
			return "", nil, err
		}
		found := values{}
		if answer != nil {
			if found, err = d.answered(answer.Data, func(f field) bool { return f.is(output) }); err != nil {
				return "", nil, err
			}
		}
		return id(inputs, found), found, nil
	}
	d.read = func(ctx context.Context, vault *api.Client, _ string, state values) (values, error) {
		found, err := mounted(ctx, vault, state.text("backend"))
		if err != nil || found == nil {
			return nil, err
		}
		return state, nil
	}
	return d
}

// withoutOtherKeys leaves out the fields that apply only to a key that is created, or
// only to an existing one.
func withoutOtherKeys(body map[string]any, inputs values) map[string]any {
	switch inputs.text("type") {
	case "existing":
		delete(body, "key_name")
		fallthrough
	case "kms":
		delete(body, "key_type")
		delete(body, "key_bits")
	}
	if inputs.text("type") != "existing" {
		delete(body, "key_ref")
	}
	return body
}
