// This program declares the roles with which GitHub Actions previews and deploys the
// stacks of an account: see docs/ci.md.
package main

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/pipeline"
	"github.com/gatehouse-iac/gatehouse/internal/settings"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		loaded, err := settings.PipelineFromEngine()
		if err != nil {
			return err
		}
		return deploy(ctx, loaded)
	})
}

func deploy(ctx *pulumi.Context, s settings.Pipeline) error {
	provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{
		Region: pulumi.String(s.Region),
		DefaultTags: &aws.ProviderDefaultTagsArgs{Tags: pulumi.StringMap{
			"project":    pulumi.String(ctx.Project()),
			"stack":      pulumi.String(ctx.Stack()),
			"managed-by": pulumi.String("pulumi"),
		}},
	})
	if err != nil {
		return err
	}
	identity, err := aws.GetCallerIdentity(ctx, nil, pulumi.Provider(provider))
	if err != nil {
		return fmt.Errorf("looking up the AWS account (are there credentials?): %w", err)
	}
	partition, err := aws.GetPartition(ctx, nil, pulumi.Provider(provider))
	if err != nil {
		return fmt.Errorf("looking up the AWS partition: %w", err)
	}
	made, err := pipeline.New(ctx, "pipeline", &pipeline.Args{
		Partition: partition.Partition,
		AccountID: identity.AccountId,
		Project:   settings.Namespace,
		Settings:  s,
	}, pulumi.Provider(provider))
	if err != nil {
		return err
	}
	preview, deploy, boundary := pulumi.StringMap{}, pulumi.StringMap{}, pulumi.StringMap{}
	for name, stack := range made.Stacks {
		preview[name], deploy[name], boundary[name] = stack.PreviewRoleARN, stack.DeployRoleARN, stack.BoundaryARN
	}
	ctx.Export("oidcProviderArn", made.ProviderARN)
	ctx.Export("previewRoleArns", preview)
	ctx.Export("deployRoleArns", deploy)
	ctx.Export("permissionsBoundaryArns", boundary)
	return nil
}
