// Gatehouse deploys an LLM API on AWS that rejects every request that did not come
// through its CloudFront distribution. This program declares one stack of it: see
// README.md.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/artifact"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/stack"
)

// readme is exported: Pulumi Cloud shows it on the stack's page, filled with the other
// exports.
//
//go:embed Pulumi.README.md
var readme string

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		loaded, err := config.FromEngine()
		if err != nil {
			return err
		}
		return stack.Deploy(ctx, loaded, artifact.Directory("dist/lambda"), readme)
	})
}
