package vault

import (
	"context"

	"github.com/hashicorp/vault/api"
)

var policy = definition{
	fields: []field{
		namespace,
		{name: "name", traits: named | replaces},
		{name: "policy", traits: required},
	},
	create: func(ctx context.Context, vault *api.Client, inputs values) (string, values, error) {
		name := inputs.text("name")
		return name, nil, vault.Sys().PutPolicyWithContext(ctx, name, inputs.text("policy"))
	},
	update: func(ctx context.Context, vault *api.Client, id string, _, inputs values) error {
		return vault.Sys().PutPolicyWithContext(ctx, id, inputs.text("policy"))
	},
	// A missing policy reads as empty, so that it is written again.
	read: func(ctx context.Context, vault *api.Client, id string, state values) (values, error) {
		found, err := vault.Sys().GetPolicyWithContext(ctx, id)
		if err != nil {
			return nil, err
		}
		return values{"namespace": state["namespace"], "name": id, "policy": found}, nil
	},
	remove: func(ctx context.Context, vault *api.Client, id string, _ values) error {
		return vault.Sys().DeletePolicyWithContext(ctx, id)
	},
}
