// Package network declares the stack's own VPC: subnets, route tables, NAT gateways, VPC
// endpoints and flow logs. It also checks an existing VPC, of which it changes nothing.
// Either way, components attach to the VPC by an [Attachment].
package network

import (
	"fmt"
	"net/netip"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/network/subnets"
)

// Args configures a [Network].
type Args struct {
	Deployment deployment.Deployment
	Settings   config.Network
}

// Network is a VPC with its subnets, gateways, endpoints and flow logs.
type Network struct {
	pulumi.ResourceState

	VPCID             pulumi.StringOutput
	PublicSubnetIDs   pulumi.StringArray // one for each zone, as are the others
	PrivateSubnetIDs  pulumi.StringArray
	IsolatedSubnetIDs pulumi.StringArray

	FlowLogGroup pulumi.StringInput // name of the log group; nil if flow logs go to S3

	// SecurityGroupIDs has the group of the interface endpoints as "endpoints", if there
	// are any.
	SecurityGroupIDs pulumi.StringMap

	vpc           *ec2.Vpc
	internet      *ec2.InternetGateway
	publicTable   *ec2.RouteTable
	privateTables []*ec2.RouteTable // one for each zone
	isolatedTable *ec2.RouteTable
	cidr          netip.Prefix
	zones         []string
	subnets       []subnets.Zone // one for each zone
	endpoints     []endpoint
	prefixLists   map[string]pulumi.StringOutput // of the gateway endpoints, by service
}

// New declares the VPC.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Network, error) {
	n := &Network{SecurityGroupIDs: pulumi.StringMap{}, prefixLists: map[string]pulumi.StringOutput{}}
	if err := ctx.RegisterComponentResource("gatehouse:network:Network", name, n, opts...); err != nil {
		return nil, err
	}
	for _, step := range []func(*pulumi.Context, string, *Args) error{
		n.plan,
		n.newVPC,
		n.newPublicTier,
		n.newPrivateTier,
		n.newIsolatedTier,
		n.newNAT,
		n.newGatewayEndpoints,
		n.newInterfaceEndpoints,
		n.newFlowLogs,
	} {
		if err := step(ctx, name, args); err != nil {
			return nil, err
		}
	}
	return n, ctx.RegisterResourceOutputs(n, pulumi.Map{
		"vpcId":             n.VPCID,
		"publicSubnetIds":   n.PublicSubnetIDs,
		"privateSubnetIds":  n.PrivateSubnetIDs,
		"isolatedSubnetIds": n.IsolatedSubnetIDs,
		"securityGroupIds":  n.SecurityGroupIDs,
	})
}

// Attachment returns what components need to attach to this network.
func (n *Network) Attachment() Attachment {
	return Attachment{
		VPCID:            n.VPCID,
		CIDRs:            []string{n.cidr.String()},
		PrivateSubnetIDs: n.PrivateSubnetIDs,
		EndpointsGroupID: n.SecurityGroupIDs["endpoints"],

		DynamoDBPrefixListID: n.prefixLists["dynamodb"],
	}
}

// plan chooses the zones, the subnets, and the zones of each interface endpoint.
func (n *Network) plan(ctx *pulumi.Context, _ string, args *Args) (err error) {
	s := args.Settings
	n.cidr = s.CIDR
	if n.subnets, err = subnets.New(s.CIDR, s.ZoneCount); err != nil {
		return err
	}
	if n.zones, err = findZones(ctx, args.Deployment.Region, s.ZoneCount, s.Zones, pulumi.Parent(n)); err != nil {
		return err
	}
	n.endpoints, err = findEndpoints(ctx, args.Deployment.Region, s.InterfaceEndpoints, n.zones, pulumi.Parent(n))
	return err
}

func (n *Network) newVPC(ctx *pulumi.Context, name string, args *Args) (err error) {
	n.vpc, err = ec2.NewVpc(ctx, name+"-vpc", &ec2.VpcArgs{
		CidrBlock:                    pulumi.String(args.Settings.CIDR.String()),
		EnableDnsSupport:             pulumi.Bool(true),
		EnableDnsHostnames:           pulumi.Bool(true), // required for private DNS names of interface endpoints
		AssignGeneratedIpv6CidrBlock: pulumi.Bool(args.Settings.IPv6),
		Tags:                         args.tags(""),
	}, pulumi.Parent(n), pulumi.IgnoreChanges([]string{"cidrBlock"}))
	if err != nil {
		return err
	}
	if err := n.checkCIDR(ctx); err != nil {
		return err
	}
	n.VPCID = n.vpc.ID().ToStringOutput()

	// AWS creates a default group that allows traffic between its members and to any
	// address, and puts into it what names no other group. Without rules, such a mistake is
	// noticed.
	_, err = ec2.NewDefaultSecurityGroup(ctx, name+"-default-group", &ec2.DefaultSecurityGroupArgs{
		VpcId:   n.VPCID,
		Ingress: ec2.DefaultSecurityGroupIngressArray{},
		Egress:  ec2.DefaultSecurityGroupEgressArray{},
		Tags:    args.tags("default"),
	}, pulumi.Parent(n))
	return err
}

// tags returns the Name tag of a resource, the only name that AWS's console shows.
func (a *Args) tags(what string) pulumi.StringMap {
	name := a.Deployment.Name
	if what != "" {
		name += "-" + what
	}
	return pulumi.StringMap{"Name": pulumi.String(name)}
}

// checkCIDR returns an error if the setting differs from the VPC's address range, before
// anything in the VPC is declared. The program doesn't see the previous setting; but
// since the engine ignores a change of the range, the VPC's outputs have the present one,
// in a preview too.
//
// AWS can't change the range, and a new VPC can't replace the old one: its NAT gateways
// need the Elastic IP addresses that the old ones still have.
func (n *Network) checkCIDR(ctx *pulumi.Context) error {
	found, err := internals.UnsafeAwaitOutput(ctx.Context(), n.vpc.CidrBlock)
	if err != nil {
		return fmt.Errorf("the network's VPC: %w", err)
	}
	present, known := found.Value.(string)
	if !known {
		return nil // the VPC doesn't exist yet
	}
	return compareCIDR(present, n.cidr)
}

// compareCIDR returns an error unless the VPC's present range is the wanted one.
func compareCIDR(present string, wanted netip.Prefix) error {
	if present == wanted.String() {
		return nil
	}
	return fmt.Errorf("gatehouse:networkCidr is %s; allowed: %s, which the network of this stack has for good: "+
		"for another one, deploy without it first (gatehouse:networkEnabled false), or make another stack", wanted, present)
}
