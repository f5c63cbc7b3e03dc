package network

import (
	"fmt"
	"net/netip"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

// checkCIDR refuses other addresses than the VPC has, before anything in it is
// declared. The program doesn't see what the VPC's settings were; but since the engine
// ignores a change of them, the VPC's outputs say what it has, in a preview too.
//
// AWS can't change them, and a new VPC beside the old one can't take over: NAT
// gateways want the Elastic addresses that the old ones still have.
func (n *Network) checkCIDR(ctx *pulumi.Context) error {
	found, err := internals.UnsafeAwaitOutput(ctx.Context(), n.vpc.CidrBlock)
	if err != nil {
		return fmt.Errorf("the network's VPC: %w", err)
	}
	text, known := found.Value.(string)
	if !known {
		return nil // it is to be made
	}
	return compareCIDR(text, n.cidr)
}

// compareCIDR returns an error unless the VPC has the addresses that are wanted.
func compareCIDR(present string, wanted netip.Prefix) error {
	if present == wanted.String() {
		return nil
	}
	return fmt.Errorf("gatehouse:networkCidr is %s; allowed: %s, which the network of this stack has for good: "+
		"for another one, deploy without it first (gatehouse:networkEnabled false), or make another stack", wanted, present)
}
