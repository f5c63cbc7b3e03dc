// This program uses the outputs of a Gatehouse stack through a stack reference: see
// docs/environments.md.
package main

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		stack, found := ctx.GetConfig("gatehouse-client:gatehouseStack")
		if !found {
			return errors.New("gatehouseStack must be set to the stack to use: `pulumi config set gatehouseStack organization/gatehouse/dev`")
		}
		return use(ctx, stack)
	})
}

func use(ctx *pulumi.Context, stack string) error {
	gatehouse, err := pulumi.NewStackReference(ctx, stack, nil)
	if err != nil {
		return err
	}
	// Every stack has the URL. The subnets are nil without a network.
	url := gatehouse.GetStringOutput(pulumi.String("distributionUrl"))
	subnets := gatehouse.GetOutput(pulumi.String("privateSubnetIds"))

	ctx.Export("chatUrl", pulumi.Sprintf("%s/api/models", url))
	ctx.Export("hasNetwork", subnets.ApplyT(func(ids any) bool { return ids != nil }))
	return nil
}
