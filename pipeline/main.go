// This program declares the roles with which GitHub Actions previews, deploys and
// verifies the stacks of an account: see docs/ci.md.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/pipeline"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		loaded, err := config.PipelineFromEngine()
		if err != nil {
			return err
		}
		return deploy(ctx, loaded)
	})
}

func deploy(ctx *pulumi.Context, s config.Pipeline) error {
	provider, err := deployment.NewProvider(ctx, "aws", s.Region)
	if err != nil {
		return err
	}
	account, err := deployment.Lookup(ctx, provider)
	if err != nil {
		return err
	}
	made, err := pipeline.New(ctx, "pipeline", &pipeline.Args{
		Partition: account.Partition,
		AccountID: account.ID,
		Project:   config.Namespace,
		Settings:  s,
	}, pulumi.Provider(provider))
	if err != nil {
		return err
	}
	preview, deploy, verify, boundary := pulumi.StringMap{}, pulumi.StringMap{}, pulumi.StringMap{}, pulumi.StringMap{}
	for name, stack := range made.Stacks {
		preview[name], deploy[name] = stack.PreviewRoleARN, stack.DeployRoleARN
		verify[name], boundary[name] = stack.VerifyRoleARN, stack.BoundaryARN
	}
	ctx.Export("oidcProviderArn", made.ProviderARN)
	ctx.Export("previewRoleArns", preview)
	ctx.Export("deployRoleArns", deploy)
	ctx.Export("verifyRoleArns", verify)
	ctx.Export("permissionsBoundaryArns", boundary)
	return nil
}
