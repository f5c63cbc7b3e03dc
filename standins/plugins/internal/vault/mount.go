package vault

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/hashicorp/vault/api"
)

var mountFields = []field{
	namespace,
	{name: "path", traits: required},
	{name: "type", traits: required | replaces},
	{name: "description"},
	{name: "default_lease_ttl_seconds", kind: number, traits: computed},
	{name: "max_lease_ttl_seconds", kind: number, traits: computed},
	{name: "audit_non_hmac_request_keys", kind: list, traits: computed},
	{name: "audit_non_hmac_response_keys", kind: list, traits: computed},
	{name: "passthrough_request_headers", kind: list},
	{name: "allowed_response_headers", kind: list},
	{name: "delegated_auth_accessors", kind: list},
	{name: "allowed_managed_keys", kind: set},
	{name: "listing_visibility"},
	{name: "plugin_version"},
	{name: "identity_token_key"},
	{name: "options", kind: dict},
	{name: "local", kind: flag, traits: replaces},
	{name: "seal_wrap", kind: flag, traits: replaces | computed},
	{name: "external_entropy_access", kind: flag, traits: replaces, standard: false},
	{name: "accessor", traits: output},
}

var mount = definition{
	fields: mountFields, adopted: true,
	create: createMount,
	read:   readMount,
	update: tuneMount,
	remove: func(ctx context.Context, vault *api.Client, _ string, state values) error {
		return vault.Sys().UnmountWithContext(ctx, state.text("path"))
	},
}

func createMount(ctx context.Context, vault *api.Client, inputs values) (string, values, error) {
	path := inputs.text("path")
	options, _ := inputs["options"].(map[string]string)
	return path, nil, vault.Sys().MountWithContext(ctx, path, &api.MountInput{
		Type:                  inputs.text("type"),
		Description:           inputs.text("description"),
		Local:                 inputs.flag("local"),
		SealWrap:              inputs.flag("seal_wrap"),
		ExternalEntropyAccess: inputs.flag("external_entropy_access"),
		Options:               options,
		Config: api.MountConfigInput{
			DefaultLeaseTTL:           seconds(inputs.number("default_lease_ttl_seconds")),
			MaxLeaseTTL:               seconds(inputs.number("max_lease_ttl_seconds")),
			AuditNonHMACRequestKeys:   inputs.texts("audit_non_hmac_request_keys"),
			AuditNonHMACResponseKeys:  inputs.texts("audit_non_hmac_response_keys"),
			PassthroughRequestHeaders: inputs.texts("passthrough_request_headers"),
			AllowedResponseHeaders:    inputs.texts("allowed_response_headers"),
			DelegatedAuthAccessors:    inputs.texts("delegated_auth_accessors"),
			AllowedManagedKeys:        inputs.texts("allowed_managed_keys"),
			ListingVisibility:         inputs.text("listing_visibility"),
			PluginVersion:             inputs.text("plugin_version"),
			IdentityTokenKey:          inputs.text("identity_token_key"),
		},
	})
}

func seconds(n int) string { return fmt.Sprintf("%ds", n) }

// tuneMount changes a mount in place, and moves it when its path changes. The ID does
// not change: requests use the state's path.
func tuneMount(ctx context.Context, vault *api.Client, _ string, state, inputs values) error {
	path := inputs.text("path")
	if old := state.text("path"); old != path {
		if err := vault.Sys().RemountWithContext(ctx, old, path); err != nil {
			return err
		}
	}
	return vault.Sys().TuneMountAllowNilWithContext(ctx, path, mountChanges(state, inputs))
}

// mountChanges returns the differing fields among those that can be changed while the
// engine is mounted.
func mountChanges(state, inputs values) api.TuneMountConfigInput {
	differs := func(name string) bool {
		i := slices.IndexFunc(mountFields, func(f field) bool { return f.name == name })
		return !mountFields[i].same(state[name], inputs[name])
	}
	text := func(name string) *string {
		if !differs(name) {
			return nil
		}
		return new(inputs.text(name))
	}
	texts := func(name string) *[]string {
		if !differs(name) {
			return nil
		}
		return new(append([]string{}, inputs.texts(name)...))
	}
	period := func(name string) *string {
		if !differs(name) {
			return nil
		}
		return new(seconds(inputs.number(name)))
	}
	config := api.TuneMountConfigInput{
		Description:               text("description"),
		DefaultLeaseTTL:           period("default_lease_ttl_seconds"),
		MaxLeaseTTL:               period("max_lease_ttl_seconds"),
		AuditNonHMACRequestKeys:   texts("audit_non_hmac_request_keys"),
		AuditNonHMACResponseKeys:  texts("audit_non_hmac_response_keys"),
		PassthroughRequestHeaders: texts("passthrough_request_headers"),
		AllowedResponseHeaders:    texts("allowed_response_headers"),
		DelegatedAuthAccessors:    texts("delegated_auth_accessors"),
		AllowedManagedKeys:        texts("allowed_managed_keys"),
		ListingVisibility:         text("listing_visibility"),
		PluginVersion:             text("plugin_version"),
		IdentityTokenKey:          text("identity_token_key"),
	}
	if differs("options") {
		options, _ := inputs["options"].(map[string]string)
		config.Options = &options
	}
	return config
}

func readMount(ctx context.Context, vault *api.Client, _ string, state values) (values, error) {
	path := state.text("path")
	found, err := mounted(ctx, vault, path)
	if err != nil || found == nil {
		return nil, err
	}
	return refreshed(mountFields, state, values{
		"type":                         found.Type,
		"description":                  found.Description,
		"default_lease_ttl_seconds":    found.Config.DefaultLeaseTTL,
		"max_lease_ttl_seconds":        found.Config.MaxLeaseTTL,
		"audit_non_hmac_request_keys":  found.Config.AuditNonHMACRequestKeys,
		"audit_non_hmac_response_keys": found.Config.AuditNonHMACResponseKeys,
		"passthrough_request_headers":  found.Config.PassthroughRequestHeaders,
		"allowed_response_headers":     found.Config.AllowedResponseHeaders,
		"allowed_managed_keys":         found.Config.AllowedManagedKeys,
		"listing_visibility":           found.Config.ListingVisibility,
		"identity_token_key":           found.Config.IdentityTokenKey,
		"options":                      found.Options,
		"local":                        found.Local,
		"seal_wrap":                    found.SealWrap,
		"external_entropy_access":      found.ExternalEntropyAccess,
		"accessor":                     found.Accessor,
	}), nil
}

// mounted returns the mount at the path, or nil.
func mounted(ctx context.Context, vault *api.Client, path string) (*api.MountOutput, error) {
	found, err := vault.Sys().GetMountWithContext(ctx, path)
	if isStatus(err, http.StatusBadRequest) { // Vault's status where there is none
		return nil, nil
	}
	return found, err
}
