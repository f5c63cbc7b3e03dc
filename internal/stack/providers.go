package stack

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/settings"
)

// providers are the AWS providers: default tags are on everything that can have tags.
type providers struct {
	here   *aws.Provider // for the stack's region
	global *aws.Provider // for the region that CloudFront demands; the same where they are one
}

func newProviders(ctx *pulumi.Context, s settings.Settings) (providers, error) {
	here, err := newProvider(ctx, "aws", s.Region)
	if err != nil || s.Region == settings.GlobalRegion {
		return providers{here: here, global: here}, err
	}
	global, err := newProvider(ctx, "aws-"+settings.GlobalRegion, settings.GlobalRegion)
	return providers{here: here, global: global}, err
}

func newProvider(ctx *pulumi.Context, name, region string) (*aws.Provider, error) {
	return aws.NewProvider(ctx, name, &aws.ProviderArgs{
		Region: pulumi.String(region),
		DefaultTags: &aws.ProviderDefaultTagsArgs{Tags: pulumi.StringMap{
			"project":    pulumi.String(ctx.Project()),
			"stack":      pulumi.String(ctx.Stack()),
			"managed-by": pulumi.String("pulumi"),
		}},
	})
}
