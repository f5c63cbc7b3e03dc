package stack

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
)

// providers are the AWS providers: default tags are on everything that can have tags.
type providers struct {
	here    *aws.Provider // for the stack's region
	global  *aws.Provider // for the region that CloudFront demands; the same where they are one
	protect pulumi.ResourceOption
}

func newProviders(ctx *pulumi.Context, s config.Settings) (providers, error) {
	protect := pulumi.Protect(s.Safeguards.Protect)
	here, err := deployment.NewProvider(ctx, "aws", s.Region, protect)
	if err != nil || s.Region == config.GlobalRegion {
		return providers{here: here, global: here, protect: protect}, err
	}
	global, err := deployment.NewProvider(ctx, "aws-"+config.GlobalRegion, config.GlobalRegion, protect)
	return providers{here: here, global: global, protect: protect}, err
}

// kept are the options of what nothing replaces as a matter of course: it is
// protected if the settings say so. A protected resource can't be replaced either.
func (p providers) kept(provider *aws.Provider) pulumi.ResourceOption {
	return pulumi.Composite(pulumi.Provider(provider), p.protect)
}
