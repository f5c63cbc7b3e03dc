package vault

import (
	"context"
	"slices"
	"time"

	"github.com/hashicorp/vault/api"
)

// leaf is a certificate that a role allows. A change of its ttl, not_after or
// issuer_ref takes effect with the next one.
var leaf = func() definition {
	d := issued(
		func(in values) string { return join(in.text("backend"), "issue", in.text("name")) },
		func(in, _ values) string { return join(in.text("backend"), in.text("name"), in.text("common_name")) },
		slices.Concat([]field{backend, namespace, format, privateKeyFormat}, names, []field{
			{name: "name", traits: named | replaces | local},
			{name: "user_ids", kind: joined, traits: replaces},
			{name: "ttl"},
			{name: "not_after"},
			{name: "issuer_ref"},
			{name: "cert_metadata"},
			{name: "auto_renew", kind: flag, traits: local, standard: false},
			{name: "min_seconds_remaining", kind: number, traits: local, standard: 604800},
			{name: "revoke", kind: flag, traits: local, standard: false},
			{name: "revoke_with_key", kind: flag, traits: local, standard: false},
			{name: "certificate", traits: output},
			{name: "issuing_ca", traits: output},
			{name: "ca_chain", traits: output},
			{name: "private_key", traits: output | secret},
			{name: "private_key_type", traits: output},
			{name: "serial_number", traits: output},
			{name: "expiration", kind: number, traits: output},
			{name: "renew_pending", kind: flag, traits: output},
		})...,
	)
	read := d.read
	d.read = func(ctx context.Context, vault *api.Client, id string, state values) (values, error) {
		fresh, err := read(ctx, vault, id, state)
		if fresh != nil {
			fresh["renew_pending"] = renewPending(fresh, time.Now())
		}
		return fresh, err
	}
	d.due = func(_ context.Context, _ *api.Client, state values) ([]string, error) {
		if state.flag("auto_renew") && state.flag("renew_pending") {
			return []string{"certificate", "renew_pending"}, nil
		}
		return nil, nil
	}
	d.remove = revoke
	return d
}()

// renewPending is set when a certificate is created and when it is refreshed, so that
// a renewal requires a refresh.
func renewPending(state values, now time.Time) bool {
	due := time.Unix(int64(state.number("expiration")-state.number("min_seconds_remaining")), 0)
	return now.After(due)
}

// revoke revokes a certificate that is deleted, if revoke or revokeWithKey is set.
func revoke(ctx context.Context, vault *api.Client, _ string, state values) error {
	body, path := map[string]any{"serial_number": state.text("serial_number")}, "revoke"
	switch {
	case state.flag("revoke_with_key"):
		body["private_key"], path = state.text("private_key"), "revoke-with-key"
	case !state.flag("revoke"):
		return nil
	}
	_, err := vault.Logical().WriteWithContext(ctx, join(state.text("backend"), path), body)
	return err
}
