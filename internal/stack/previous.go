package stack

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// readOutputs names the engine's function behind stack references. A stack reference
// would be a resource of the stack, with copies of all outputs in the state.
const readOutputs = "pulumi:pulumi:readStackOutputs"

type readOutputsArgs struct {
	Name string `pulumi:"name"`
}

type readOutputsResult struct {
	Outputs map[string]any `pulumi:"outputs"`
}

// previousShieldRegion returns the region of Origin Shield as the last update of this
// stack left it; empty without Origin Shield, and for a new stack. CloudFront keeps Origin
// Shield when an update leaves it out, so that it must be disabled once. A backend that
// doesn't know the stack by this name stops no update.
func previousShieldRegion(ctx *pulumi.Context) (string, error) {
	name := fmt.Sprintf("%s/%s/%s", ctx.Organization(), ctx.Project(), ctx.Stack())
	var previous readOutputsResult
	// Raw, because outputs may be secrets; none of those is kept.
	if _, err := ctx.InvokePackageRaw(readOutputs, &readOutputsArgs{Name: name}, &previous, ""); err != nil {
		return "", ctx.Log.Warn(fmt.Sprintf("the stack's previous outputs could not be read, so that Origin Shield stays on if it was: %v", err), nil)
	}
	region, _ := previous.Outputs[shieldExport].(string)
	return region, nil
}
