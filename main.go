// Gatehouse puts an AI API behind a locked front door on AWS. This program
// declares one stack of it: see README.md.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/artifact"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/edge"
	"github.com/gatehouse-iac/gatehouse/internal/stack"
)

//go:embed Pulumi.README.md
var readme string

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		loaded, err := config.FromEngine()
		if err != nil {
			return err
		}
		guard, err := edge.NewGuard(ctx, loaded.Key.Header, loaded.Gateway.Prefix)
		if err != nil {
			return err
		}
		// Pulumi Cloud shows it on the stack's page, filled with the other exports.
		ctx.Export("readme", pulumi.String(readme))
		return stack.Deploy(ctx, loaded, artifact.Directory("dist/lambda"), guard)
	})
}
