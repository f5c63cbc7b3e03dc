package network

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/network/layout"
	"github.com/gatehouse-iac/gatehouse/internal/settings"
)

// Placement is where in a network something private goes: all that it needs to know
// of the network, be it the stack's own or an existing one.
type Placement struct {
	VPCID            pulumi.StringInput
	CIDRs            []string // the VPC's IPv4 networks
	PrivateSubnetIDs pulumi.StringArrayInput

	// EndpointsGroupID is the security group of the interface endpoints that the stack
	// made; nil if there are none, or nobody knows.
	EndpointsGroupID pulumi.StringInput
}

// Existing returns the placement in a VPC that others made. It looks whether the
// subnets are fit, and declares nothing.
func Existing(ctx *pulumi.Context, existing settings.ExistingNetwork, opts ...pulumi.InvokeOption) (Placement, error) {
	vpc, err := ec2.LookupVpc(ctx, &ec2.LookupVpcArgs{Id: &existing.VPCID}, opts...)
	if err != nil {
		return Placement{}, fmt.Errorf("looking up %s, the VPC of gatehouse:networkVpcId: %w", existing.VPCID, err)
	}
	if err := checkSubnets(ctx, existing, opts...); err != nil {
		return Placement{}, err
	}
	placement := Placement{VPCID: pulumi.String(existing.VPCID), PrivateSubnetIDs: pulumi.ToStringArray(existing.PrivateSubnetIDs)}
	for _, association := range vpc.CidrBlockAssociations {
		if association.State == "associated" {
			placement.CIDRs = append(placement.CIDRs, association.CidrBlock)
		}
	}
	return placement, nil
}

// checkSubnets refuses subnets that no load balancer can be in.
func checkSubnets(ctx *pulumi.Context, existing settings.ExistingNetwork, opts ...pulumi.InvokeOption) error {
	zones := map[string]bool{}
	for _, id := range existing.PrivateSubnetIDs {
		subnet, err := ec2.LookupSubnet(ctx, &ec2.LookupSubnetArgs{Id: &id}, opts...)
		if err != nil {
			return fmt.Errorf("looking up %s of gatehouse:networkPrivateSubnetIds: %w", id, err)
		}
		if subnet.VpcId != existing.VPCID {
			return fmt.Errorf("gatehouse:networkPrivateSubnetIds names %s, which belongs to %s; allowed: subnets of gatehouse:networkVpcId, %s", id, subnet.VpcId, existing.VPCID)
		}
		zones[subnet.AvailabilityZone] = true
	}
	if len(zones) < layout.MinZones || len(zones) < len(existing.PrivateSubnetIDs) {
		return fmt.Errorf("gatehouse:networkPrivateSubnetIds names %d subnets in %d zone(s); allowed: subnets in at least %d zones and one in each, as load balancers need them",
			len(existing.PrivateSubnetIDs), len(zones), layout.MinZones)
	}
	return nil
}
