package network

import (
	"fmt"
	"net/netip"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/network/subnets"
)

// Destinations of default routes.
const (
	anyIPv4 = "0.0.0.0/0"
	anyIPv6 = "::/0"
)

// newPublicTier declares the subnets with routes to and from the internet.
func (n *Network) newPublicTier(ctx *pulumi.Context, name string, args *Args) (err error) {
	n.internet, err = ec2.NewInternetGateway(ctx, name+"-internet", &ec2.InternetGatewayArgs{
		VpcId: n.VPCID,
		Tags:  args.tags(""),
	}, pulumi.Parent(n))
	if err != nil {
		return err
	}
	if n.publicTable, err = n.newTable(ctx, name, args, "public"); err != nil {
		return err
	}
	for i := range n.zones {
		id, err := n.newSubnet(ctx, name, args, i, subnets.Public, n.publicTable)
		if err != nil {
			return err
		}
		n.PublicSubnetIDs = append(n.PublicSubnetIDs, id)
	}
	if err := n.newRoute(ctx, name+"-public-internet", n.publicTable, &ec2.RouteArgs{
		DestinationCidrBlock: pulumi.String(anyIPv4),
		GatewayId:            n.internet.ID(),
	}); err != nil || !args.Settings.IPv6 {
		return err
	}
	return n.newRoute(ctx, name+"-public-internet-ipv6", n.publicTable, &ec2.RouteArgs{
		DestinationIpv6CidrBlock: pulumi.String(anyIPv6),
		GatewayId:                n.internet.ID(),
	})
}

// newPrivateTier declares the subnets that can at most open connections to the internet,
// each with a route table of its own: changing the kind of NAT then changes routes only.
func (n *Network) newPrivateTier(ctx *pulumi.Context, name string, args *Args) error {
	for i := range n.zones {
		table, err := n.newTable(ctx, name, args, fmt.Sprintf("private-%d", i))
		if err != nil {
			return err
		}
		id, err := n.newSubnet(ctx, name, args, i, subnets.Private, table)
		if err != nil {
			return err
		}
		n.privateTables = append(n.privateTables, table)
		n.PrivateSubnetIDs = append(n.PrivateSubnetIDs, id)
	}
	if !args.Settings.IPv6 {
		return nil
	}
	out, err := ec2.NewEgressOnlyInternetGateway(ctx, name+"-egress-only", &ec2.EgressOnlyInternetGatewayArgs{
		VpcId: n.VPCID,
		Tags:  args.tags(""),
	}, pulumi.Parent(n))
	if err != nil {
		return err
	}
	for i, table := range n.privateTables {
		if err := n.newRoute(ctx, fmt.Sprintf("%s-private-%d-internet-ipv6", name, i), table, &ec2.RouteArgs{
			DestinationIpv6CidrBlock: pulumi.String(anyIPv6),
			EgressOnlyGatewayId:      out.ID(),
		}); err != nil {
			return err
		}
	}
	return nil
}

// newIsolatedTier declares the subnets that reach only the VPC and the AWS services with
// endpoints in it.
func (n *Network) newIsolatedTier(ctx *pulumi.Context, name string, args *Args) (err error) {
	if n.isolatedTable, err = n.newTable(ctx, name, args, "isolated"); err != nil {
		return err
	}
	for i := range n.zones {
		id, err := n.newSubnet(ctx, name, args, i, subnets.Isolated, n.isolatedTable)
		if err != nil {
			return err
		}
		n.IsolatedSubnetIDs = append(n.IsolatedSubnetIDs, id)
	}
	return nil
}

func (n *Network) newTable(ctx *pulumi.Context, name string, args *Args, what string) (*ec2.RouteTable, error) {
	return ec2.NewRouteTable(ctx, name+"-"+what, &ec2.RouteTableArgs{
		VpcId: n.VPCID,
		Tags:  args.tags(what),
	}, pulumi.Parent(n))
}

func (n *Network) newRoute(ctx *pulumi.Context, name string, table *ec2.RouteTable, route *ec2.RouteArgs) error {
	route.RouteTableId = table.ID()
	_, err := ec2.NewRoute(ctx, name, route, pulumi.Parent(n))
	return err
}

// newSubnet declares a zone's subnet of a tier and returns its id.
func (n *Network) newSubnet(ctx *pulumi.Context, name string, args *Args, zone int, tier subnets.Tier, table *ec2.RouteTable) (pulumi.StringOutput, error) {
	what := fmt.Sprintf("%s-%d", tier, zone)
	subnetArgs := &ec2.SubnetArgs{
		VpcId:               n.VPCID,
		AvailabilityZone:    pulumi.String(n.zones[zone]),
		CidrBlock:           pulumi.String(n.subnets[zone].Of(tier).String()),
		MapPublicIpOnLaunch: pulumi.Bool(tier == subnets.Public),
		Tags:                args.tags(fmt.Sprintf("%s-%s", tier, n.zones[zone])),
	}
	if args.Settings.IPv6 {
		subnetArgs.Ipv6CidrBlock = n.ipv6Subnet(zone, tier)
		subnetArgs.AssignIpv6AddressOnCreation = pulumi.Bool(true)
	}
	subnet, err := ec2.NewSubnet(ctx, name+"-"+what, subnetArgs, pulumi.Parent(n))
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	_, err = ec2.NewRouteTableAssociation(ctx, name+"-"+what, &ec2.RouteTableAssociationArgs{
		SubnetId:     subnet.ID(),
		RouteTableId: table.ID(),
	}, pulumi.Parent(n))
	return subnet.ID().ToStringOutput(), err
}

func (n *Network) ipv6Subnet(zone int, tier subnets.Tier) pulumi.StringOutput {
	return n.vpc.Ipv6CidrBlock.ApplyT(func(cidr string) (string, error) {
		vpc, err := netip.ParsePrefix(cidr)
		if err != nil {
			return "", fmt.Errorf("the VPC's IPv6 addresses: %w", err)
		}
		subnet, err := subnets.IPv6(vpc, zone, tier)
		return subnet.String(), err
	}).(pulumi.StringOutput)
}
