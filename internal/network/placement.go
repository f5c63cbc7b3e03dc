// Package network is the VPC that the private side runs in: one of the stack's own, or
// an existing one, of which nothing is changed.
package network

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Placement is where in a network something private goes: all that it needs to know
// of the network, be it the stack's own or an existing one.
type Placement struct {
	VPCID            pulumi.StringInput
	CIDRs            []string // the VPC's IPv4 ranges
	PrivateSubnetIDs pulumi.StringArrayInput
}
