// Package bridge serves the Pulumi SDK's resources and functions over a running Terraform provider.
//
// The Terraform bridge does the work. This package adds what it lacks for a provider that runs as a program: generated
// names for resources without one, archives and assets, JSON documents given as objects, and errors that are reported
// once and keep resources that were already created.
package bridge

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/proto"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/info"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/table"
)

// Version is the version of the SDK that is served.
const Version = "6.83.0"

// newInfo returns the mapping that the bridge cannot derive from the provider's schema.
func newInfo(ctx context.Context, t *table.Table, server tfprotov6.ProviderServer) (info.Provider, error) {
	provider := proto.New(ctx, server)
	i := info.Provider{
		P:                             provider,
		Name:                          "aws",
		Version:                       Version,
		ResourcePrefix:                "aws",
		MetadataInfo:                  &info.Metadata{Data: tfbridge.ProviderMetadata(nil)},
		Config:                        t.Config.Infos(),
		Resources:                     map[string]*info.Resource{},
		DataSources:                   map[string]*info.DataSource{},
		EnableAccuratePFBridgePreview: true,
	}
	for token, entry := range t.Resources {
		schema, ok := provider.ResourcesMap().GetOk(entry.Terraform)
		if !ok {
			return i, fmt.Errorf("the Terraform provider has no resource %s: is it another version?", entry.Terraform)
		}
		resource := &info.Resource{
			Tok: tokens.Type(token), Fields: entry.Fields.Infos(), DeleteBeforeReplace: deletedFirst[entry.Terraform],
		}
		autoName(entry, schema.Schema(), resource)
		if _, ok := schema.Schema().GetOk("id"); !ok {
			resource.ComputeID = identify(entry.Terraform, schema.Schema())
		}
		i.Resources[entry.Terraform] = resource
	}
	for token, entry := range t.Functions {
		if _, ok := provider.DataSourcesMap().GetOk(entry.Terraform); !ok {
			return i, fmt.Errorf("the Terraform provider has no data source %s: is it another version?", entry.Terraform)
		}
		i.DataSources[entry.Terraform] = &info.DataSource{
			Tok: tokens.ModuleMember(token), Fields: entry.Fields.Infos(),
		}
	}
	return i, nil
}

// deletedFirst lists the resources that the official plugin deletes before it replaces them, regardless of their names:
// an attachment that is deleted afterwards would delete its equal as well.
var deletedFirst = map[string]bool{
	"aws_cloudwatch_log_subscription_filter": true,
	"aws_iam_account_alias":                  true,
	"aws_iam_group_policy_attachment":        true,
	"aws_iam_policy_attachment":              true,
	"aws_iam_role_policy_attachment":         true,
	"aws_iam_user_policy_attachment":         true,
	"aws_security_group_rule":                true,
}
