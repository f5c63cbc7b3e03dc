package stack

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
)

// providers are the AWS providers: default tags are on everything that can have tags.
type providers struct {
	regional *aws.Provider // for the stack's region
	usEast1  *aws.Provider // for the region that CloudFront demands; the same where they are one
	protect  pulumi.ResourceOption
}

func newProviders(ctx *pulumi.Context, s config.Settings) (providers, error) {
	protect := pulumi.Protect(s.Safeguards.Protect)
	regional, err := deployment.NewProvider(ctx, "aws", s.Region, protect)
	if err != nil || s.Region == config.GlobalRegion {
		return providers{regional: regional, usEast1: regional, protect: protect}, err
	}
	usEast1, err := deployment.NewProvider(ctx, "aws-"+config.GlobalRegion, config.GlobalRegion, protect)
	return providers{regional: regional, usEast1: usEast1, protect: protect}, err
}

// protected returns the options of resources that no update replaces as a matter of
// course: they are protected if the settings say so. A protected resource can't be
// replaced either.
func (p providers) protected(provider *aws.Provider) pulumi.ResourceOption {
	return pulumi.Composite(pulumi.Provider(provider), p.protect)
}
