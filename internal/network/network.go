// Package network is the VPC that the private side runs in: one of the stack's own,
// or an existing one, of which nothing is changed.
package network

import (
	"net/netip"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/network/subnets"
)

// Args configures a [Network].
type Args struct {
	Deployment deployment.Deployment
	Settings   config.Network
}

// Network is a VPC with its subnets, ways out, endpoints and flow logs.
type Network struct {
	pulumi.ResourceState

	VPCID             pulumi.StringOutput
	PublicSubnetIDs   pulumi.StringArray // one for each zone, as are the others
	PrivateSubnetIDs  pulumi.StringArray
	IsolatedSubnetIDs pulumi.StringArray

	FlowLogGroup pulumi.StringInput // the log group's name; nil if flow logs go elsewhere

	// SecurityGroupIDs are that of "endpoints", if there are any.
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
}

// New declares the VPC.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Network, error) {
	n := &Network{SecurityGroupIDs: pulumi.StringMap{}}
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

// Attachment is where something private goes in this network.
func (n *Network) Attachment() Attachment {
	return Attachment{
		VPCID:            n.VPCID,
		CIDRs:            []string{n.cidr.String()},
		PrivateSubnetIDs: n.PrivateSubnetIDs,
		EndpointsGroupID: n.SecurityGroupIDs["endpoints"],
	}
}

// plan decides on zones, subnets and where endpoints go.
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
		EnableDnsHostnames:           pulumi.Bool(true), // interface endpoints need it for their names
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

	// AWS makes a group that lets its members talk to each other and to everybody,
	// and puts into it what names no other. Without rules, such a thing is noticed.
	_, err = ec2.NewDefaultSecurityGroup(ctx, name+"-default-group", &ec2.DefaultSecurityGroupArgs{
		VpcId:   n.VPCID,
		Ingress: ec2.DefaultSecurityGroupIngressArray{},
		Egress:  ec2.DefaultSecurityGroupEgressArray{},
		Tags:    args.tags("default"),
	}, pulumi.Parent(n))
	return err
}

// tags name a resource, which AWS's console shows nothing else of.
func (a *Args) tags(what string) pulumi.StringMap {
	name := a.Deployment.Name
	if what != "" {
		name += "-" + what
	}
	return pulumi.StringMap{"Name": pulumi.String(name)}
}
