// Package pipeline declares what GitHub Actions needs in an AWS account: the identity
// provider and, for each stack, a preview role that only reads, a deploy role, and the
// permissions boundary of the roles that a deployment creates. The program in pipeline/
// uses it; permissions.yaml has the permissions.
package pipeline

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

// path separates the pipeline's roles and policies from the stacks' own in every ARN: the
// deploy role may change roles with the stack's name, but none of the pipeline's.
const path = "/pipeline/"

// deployTime is the maximum duration of a deployment in seconds. CloudFront is slow, and
// an update must not be interrupted.
const deployTime = 2 * 60 * 60

// Args configures a [Pipeline].
type Args struct {
	Partition string
	AccountID string
	Project   string // of the stacks
	Settings  config.Pipeline
}

// Pipeline is the identity provider with the roles and policies of the stacks.
type Pipeline struct {
	pulumi.ResourceState

	ProviderARN pulumi.StringOutput
	Stacks      map[string]*Stack
}

// New declares the pipeline.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Pipeline, error) {
	p := &Pipeline{Stacks: map[string]*Stack{}}
	if err := ctx.RegisterComponentResource("gatehouse:pipeline:Pipeline", name, p, opts...); err != nil {
		return nil, err
	}
	if err := p.newProvider(ctx, name, args); err != nil {
		return nil, err
	}
	permissions, err := loadPermissions()
	if err != nil {
		return nil, err
	}
	if err := permissions.check(); err != nil {
		return nil, fmt.Errorf("permissions.yaml: %w", err)
	}
	for _, stack := range args.Settings.Stacks {
		if p.Stacks[stack], err = newStack(ctx, name+"-"+stack, &stackArgs{
			names: Names{
				Partition: args.Partition,
				Region:    args.Settings.Region,
				AccountID: args.AccountID,
				Project:   args.Project,
				Stack:     stack,
				ZoneIDs:   args.Settings.ZoneIDs,
			},
			settings:    args.Settings,
			permissions: permissions,
			providerARN: p.ProviderARN,
		}, pulumi.Parent(p)); err != nil {
			return nil, err
		}
	}
	return p, ctx.RegisterResourceOutputs(p, pulumi.Map{"oidcProviderArn": p.ProviderARN})
}

// newProvider declares the identity provider for GitHub's tokens, or uses an existing one.
func (p *Pipeline) newProvider(ctx *pulumi.Context, name string, args *Args) error {
	if args.Settings.ProviderARN != "" {
		p.ProviderARN = pulumi.String(args.Settings.ProviderARN).ToStringOutput()
		return nil
	}
	provider, err := iam.NewOpenIdConnectProvider(ctx, name+"-github", &iam.OpenIdConnectProviderArgs{
		Url:           pulumi.String("https://" + issuer),
		ClientIdLists: pulumi.StringArray{pulumi.String(audience)},
	}, pulumi.Parent(p))
	if err != nil {
		return err
	}
	p.ProviderARN = provider.Arn
	return nil
}
