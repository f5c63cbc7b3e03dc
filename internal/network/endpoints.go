package network

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// gatewayServices have endpoints that cost nothing, and keep traffic off the NAT.
var gatewayServices = []string{"dynamodb", "s3"}

func (n *Network) newGatewayEndpoints(ctx *pulumi.Context, name string, args *Args) error {
	tables := pulumi.StringArray{n.publicTable.ID(), n.isolatedTable.ID()}
	for _, table := range n.privateTables {
		tables = append(tables, table.ID())
	}
	for _, service := range gatewayServices {
		_, err := ec2.NewVpcEndpoint(ctx, name+"-"+service+"-endpoint", &ec2.VpcEndpointArgs{
			VpcId:           n.VPCID,
			VpcEndpointType: pulumi.String("Gateway"),
			ServiceName:     pulumi.String(args.service(service)),
			RouteTableIds:   tables,
			Tags:            args.tags(service),
		}, pulumi.Parent(n))
		if err != nil {
			return err
		}
	}
	return nil
}

// newInterfaceEndpoints puts the services of the settings into the private subnets of
// the zones that have them, under their usual names and for the VPC only.
func (n *Network) newInterfaceEndpoints(ctx *pulumi.Context, name string, args *Args) error {
	if len(n.endpoints) == 0 {
		return nil
	}
	group, err := n.newEndpointsGroup(ctx, name, args)
	if err != nil {
		return err
	}
	for _, e := range n.endpoints {
		subnets := make(pulumi.StringArray, len(e.zones))
		for i, zone := range e.zones {
			subnets[i] = n.PrivateSubnetIDs[zone]
		}
		_, err := ec2.NewVpcEndpoint(ctx, name+"-"+e.service+"-endpoint", &ec2.VpcEndpointArgs{
			VpcId:             n.VPCID,
			VpcEndpointType:   pulumi.String("Interface"),
			ServiceName:       pulumi.String(args.service(e.service)),
			SubnetIds:         subnets,
			SecurityGroupIds:  pulumi.StringArray{group.ID()},
			PrivateDnsEnabled: pulumi.Bool(true),
			Tags:              args.tags(e.service),
		}, pulumi.Parent(n))
		if err != nil {
			return err
		}
	}
	return nil
}

func (n *Network) newEndpointsGroup(ctx *pulumi.Context, name string, args *Args) (*ec2.SecurityGroup, error) {
	group, err := ec2.NewSecurityGroup(ctx, name+"-endpoints-group", &ec2.SecurityGroupArgs{
		Description: pulumi.String("Interface endpoints of AWS services"),
		VpcId:       n.VPCID,
		Tags:        args.tags("endpoints"),
	}, pulumi.Parent(n))
	if err != nil {
		return nil, err
	}
	n.SecurityGroupIDs["endpoints"] = group.ID()
	_, err = vpc.NewSecurityGroupIngressRule(ctx, name+"-endpoints-from-vpc", &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId: group.ID(),
		Description:     pulumi.String("HTTPS from the VPC"),
		CidrIpv4:        pulumi.String(args.Settings.CIDR.String()),
		IpProtocol:      pulumi.String("tcp"),
		FromPort:        pulumi.Int(443),
		ToPort:          pulumi.Int(443),
	}, pulumi.Parent(n))
	return group, err
}

// service returns the name of a service as endpoints know it.
func (a *Args) service(name string) string {
	return "com.amazonaws." + a.Deployment.Region + "." + name
}
