package vault

import (
	"context"
	"fmt"
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// lookup is a function of the SDK that reads one path.
type lookup struct {
	definition // of its arguments and outputs
	path       func(arguments values) string
}

// lookups lists the functions that are served.
var lookups = map[tokens.ModuleMember]lookup{
	"vault:pkiSecret/getBackendIssuer:getBackendIssuer": {
		path: func(in values) string { return join(in.text("backend"), "issuer", in.text("issuer_ref")) },
		definition: definition{fields: []field{
			namespace,
			{name: "backend", traits: required},
			{name: "issuer_ref", traits: required},
			{name: "issuer_name", traits: output},
			{name: "issuer_id", traits: output},
			{name: "key_id", traits: output},
			{name: "certificate", traits: output},
			{name: "ca_chain", kind: list, traits: output, sdk: "caChains"},
			{name: "leaf_not_after_behavior", traits: output},
			{name: "manual_chain", kind: list, traits: output, sdk: "manualChains"},
			{name: "usage", traits: output},
			{name: "disable_critical_extension_checks", kind: flag},
			{name: "disable_path_length_checks", kind: flag},
			{name: "disable_name_checks", kind: flag},
			{name: "disable_name_constraint_checks", kind: flag},
		}},
	},
}

// Invoke calls a function.
func (p *Provider) Invoke(ctx context.Context, r plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	l, served := lookups[r.Tok]
	if !served {
		return plugin.InvokeResponse{}, fmt.Errorf("a function that this stand-in does not serve; it serves %s", tokensOf(lookups))
	}
	arguments, problems := l.check(plugin.CheckRequest{News: r.Args})
	if len(problems) > 0 {
		return plugin.InvokeResponse{Failures: failures(problems)}, nil
	}
	in, err := l.values(arguments)
	if err != nil {
		return plugin.InvokeResponse{}, err
	}
	vault, err := p.client(ctx, in)
	if err != nil {
		return plugin.InvokeResponse{}, err
	}
	path := l.path(in)
	answer, err := vault.Logical().ReadWithContext(ctx, path)
	if err != nil {
		return plugin.InvokeResponse{}, p.explain(err)
	}
	if answer == nil {
		return plugin.InvokeResponse{}, fmt.Errorf("the Vault at %s has nothing at %s", p.config.address, path)
	}
	found, err := l.answered(answer.Data, func(field) bool { return true })
	if err != nil {
		return plugin.InvokeResponse{}, err
	}
	maps.Copy(found, in)
	properties := l.properties(found)
	properties["id"] = resource.NewProperty(path)
	return plugin.InvokeResponse{Properties: properties}, nil
}
