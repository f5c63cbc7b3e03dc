package network

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// gatewayServices are the services with gateway endpoints, which cost nothing and keep
// traffic off the NAT gateways.
var gatewayServices = []string{"dynamodb", "s3"}

func (n *Network) newGatewayEndpoints(ctx *pulumi.Context, name string, args *Args) error {
	tables := pulumi.StringArray{n.publicTable.ID(), n.isolatedTable.ID()}
	for _, table := range n.privateTables {
		tables = append(tables, table.ID())
	}
	for _, service := range gatewayServices {
		endpoint, err := ec2.NewVpcEndpoint(ctx, name+"-"+service+"-endpoint", &ec2.VpcEndpointArgs{
			VpcId:           n.VPCID,
			VpcEndpointType: pulumi.String("Gateway"),
			ServiceName:     pulumi.String(args.service(service)),
			RouteTableIds:   tables,
			Tags:            args.tags(service),
		}, pulumi.Parent(n))
		if err != nil {
			return err
		}
		n.prefixLists[service] = endpoint.PrefixListId
	}
	return nil
}

// newInterfaceEndpoints declares an endpoint for each service of the settings, in the
// private subnets of the zones that offer it, with the service's usual DNS name and for
// the VPC only.
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

// service returns the full name of a service, as endpoints require it.
func (a *Args) service(name string) string {
	return "com.amazonaws." + a.Deployment.Region + "." + name
}

// endpoint is an interface endpoint for a service of the settings, with the zones it is
// in, as indexes of the network's zones.
type endpoint struct {
	service string
	zones   []int
}

// findEndpoints looks up which zones offer the services. AWS rejects an endpoint with a
// subnet in a zone that doesn't offer its service; few services are in all zones of a
// region.
func findEndpoints(ctx *pulumi.Context, region string, services, zones []string, opts ...pulumi.InvokeOption) ([]endpoint, error) {
	kind := "Interface"
	endpoints := make([]endpoint, len(services))
	for i, service := range services {
		found, err := ec2.LookupVpcEndpointService(ctx, &ec2.LookupVpcEndpointServiceArgs{Service: &service, ServiceType: &kind}, opts...)
		if err != nil {
			return nil, fmt.Errorf("looking up %s of gatehouse:networkInterfaceEndpoints in %s: %w", service, region, err)
		}
		if endpoints[i], err = chooseEndpointZones(service, found.AvailabilityZones, zones); err != nil {
			return nil, err
		}
	}
	return endpoints, nil
}

// chooseEndpointZones returns an endpoint in those of the network's zones that offer the
// service, or in all of them if AWS doesn't list the zones that do.
func chooseEndpointZones(service string, offered, zones []string) (endpoint, error) {
	e := endpoint{service: service}
	for i, zone := range zones {
		if len(offered) == 0 || slices.Contains(offered, zone) {
			e.zones = append(e.zones, i)
		}
	}
	if len(e.zones) == 0 {
		return e, fmt.Errorf("gatehouse:networkInterfaceEndpoints names %s, which has no endpoints in the network's zones, %s; allowed: services in at least one of them; %s is in %s",
			service, strings.Join(zones, ", "), service, strings.Join(offered, ", "))
	}
	return e, nil
}
