package network

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

// newNAT declares as many NAT gateways as the settings require, and the routes of the
// private subnets to them.
func (n *Network) newNAT(ctx *pulumi.Context, name string, args *Args) error {
	gateways := 0
	switch args.Settings.NAT {
	case config.NATSingle:
		gateways = 1
	case config.NATPerZone:
		gateways = len(n.zones)
	}
	var last *ec2.NatGateway
	for i, table := range n.privateTables {
		if i < gateways {
			var err error
			if last, err = n.newNATGateway(ctx, name, args, i); err != nil {
				return err
			}
		}
		if last == nil {
			return nil
		}
		// With fewer gateways than zones, the last one serves the remaining zones.
		if err := n.newRoute(ctx, fmt.Sprintf("%s-private-%d-internet", name, i), table, &ec2.RouteArgs{
			DestinationCidrBlock: pulumi.String(anyIPv4),
			NatGatewayId:         last.ID(),
		}); err != nil {
			return err
		}
	}
	return nil
}

func (n *Network) newNATGateway(ctx *pulumi.Context, name string, args *Args, zone int) (*ec2.NatGateway, error) {
	what := fmt.Sprintf("nat-%d", zone)
	attached := pulumi.DependsOn([]pulumi.Resource{n.internet})
	address, err := ec2.NewEip(ctx, name+"-"+what, &ec2.EipArgs{
		Domain: pulumi.String("vpc"),
		Tags:   args.tags("nat-" + n.zones[zone]),
	}, pulumi.Parent(n), attached)
	if err != nil {
		return nil, err
	}
	return ec2.NewNatGateway(ctx, name+"-"+what, &ec2.NatGatewayArgs{
		AllocationId: address.ID(),
		SubnetId:     n.PublicSubnetIDs[zone],
		Tags:         args.tags("nat-" + n.zones[zone]),
	}, pulumi.Parent(n), attached)
}
