package model

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/function"
	"github.com/gatehouse-iac/gatehouse/internal/network"
	"github.com/gatehouse-iac/gatehouse/internal/settings"
)

// Place is where the function is in a VPC, and who may be asked there.
type Place struct {
	Placement    network.Placement
	PrivateModel PrivateModel
}

// PrivateModel is the model behind the stack's own load balancer.
type PrivateModel struct {
	URL             pulumi.StringInput // without a path
	Port            int
	ServerName      string             // on its certificate; empty for the URL's host
	SecurityGroupID pulumi.StringInput // the load balancer's
}

// usesPrivateModel reports whether it is the one that the function asks.
func (a *Args) usesPrivateModel() bool {
	return a.Settings.Backend == settings.BackendOpenAI && a.Settings.Server.BaseURL == ""
}

// newPlace makes the function's security group, which lets it reach the model and
// the endpoints of AWS services, and nothing else.
func (m *Model) newPlace(ctx *pulumi.Context, name string, args *Args) (*function.VPC, error) {
	if args.Place == nil {
		return nil, nil
	}
	group, err := ec2.NewSecurityGroup(ctx, name+"-group", &ec2.SecurityGroupArgs{
		Description: pulumi.String("Function of the model API"),
		VpcId:       args.Place.Placement.VPCID.ToStringOutput(),
		Tags:        pulumi.StringMap{"Name": pulumi.String(args.Deployment.Name + "-model")},
	}, pulumi.Parent(m))
	if err != nil {
		return nil, err
	}
	m.SecurityGroupIDs["model"] = group.ID()
	if err := m.allowServer(ctx, name, args, group); err != nil {
		return nil, err
	}
	if err := m.allowEndpoints(ctx, name, args, group); err != nil {
		return nil, err
	}
	return &function.VPC{
		SubnetIDs:        args.Place.Placement.PrivateSubnetIDs,
		SecurityGroupIDs: pulumi.StringArray{group.ID()},
	}, nil
}

// allowServer opens the way to the model's server.
func (m *Model) allowServer(ctx *pulumi.Context, name string, args *Args, group *ec2.SecurityGroup) error {
	switch {
	case args.usesPrivateModel():
		return m.allowPrivateModel(ctx, name, args.Place.PrivateModel, group)
	case args.Settings.Backend == settings.BackendOpenAI:
		host, port, err := addressOf(args.Settings.Server.BaseURL)
		if err != nil {
			return err
		}
		networks := args.Place.Placement.CIDRs
		if address, err := netip.ParseAddr(host); err == nil && address.Is4() {
			networks = []string{address.String() + "/32"}
		}
		return m.allowNetworks(ctx, fmt.Sprintf("%s-to-server-%d", name, port), group, networks, port)
	}
	return nil
}

// allowPrivateModel lets the function open connections to the load balancer. The
// rules' names have the port, so that another one is opened before the old is closed.
func (m *Model) allowPrivateModel(ctx *pulumi.Context, name string, private PrivateModel, group *ec2.SecurityGroup) error {
	name = fmt.Sprintf("%s-to-load-balancer-%d", name, private.Port)
	_, err := vpc.NewSecurityGroupEgressRule(ctx, name+"-egress", &vpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId:           group.ID(),
		ReferencedSecurityGroupId: private.SecurityGroupID.ToStringOutput(),
		IpProtocol:                pulumi.String("tcp"),
		FromPort:                  pulumi.Int(private.Port),
		ToPort:                    pulumi.Int(private.Port),
	}, pulumi.Parent(m))
	if err != nil {
		return err
	}
	_, err = vpc.NewSecurityGroupIngressRule(ctx, name+"-ingress", &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId:           private.SecurityGroupID.ToStringOutput(),
		ReferencedSecurityGroupId: group.ID(),
		IpProtocol:                pulumi.String("tcp"),
		FromPort:                  pulumi.Int(private.Port),
		ToPort:                    pulumi.Int(private.Port),
	}, pulumi.Parent(m))
	return err
}

// allowEndpoints opens the way to AWS: to the endpoints' group, or, in a VPC of
// others, to wherever they have endpoints.
func (m *Model) allowEndpoints(ctx *pulumi.Context, name string, args *Args, group *ec2.SecurityGroup) error {
	const https = 443
	if args.Settings.Backend == settings.BackendOpenAI && args.Settings.Server.APIKeyParameter == "" {
		return nil // it calls no service
	}
	endpoints := args.Place.Placement.EndpointsGroupID
	if endpoints == nil {
		return m.allowNetworks(ctx, name+"-to-endpoints", group, args.Place.Placement.CIDRs, https)
	}
	_, err := vpc.NewSecurityGroupEgressRule(ctx, name+"-to-endpoints", &vpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId:           group.ID(),
		ReferencedSecurityGroupId: endpoints.ToStringOutput(),
		IpProtocol:                pulumi.String("tcp"),
		FromPort:                  pulumi.Int(https),
		ToPort:                    pulumi.Int(https),
	}, pulumi.Parent(m))
	return err
}

func (m *Model) allowNetworks(ctx *pulumi.Context, name string, group *ec2.SecurityGroup, networks []string, port int) error {
	for _, cidr := range networks {
		_, err := vpc.NewSecurityGroupEgressRule(ctx, name+"-"+cidr, &vpc.SecurityGroupEgressRuleArgs{
			SecurityGroupId: group.ID(),
			CidrIpv4:        pulumi.String(cidr),
			IpProtocol:      pulumi.String("tcp"),
			FromPort:        pulumi.Int(port),
			ToPort:          pulumi.Int(port),
		}, pulumi.Parent(m))
		if err != nil {
			return err
		}
	}
	return nil
}

// addressOf returns host and port of a base URL.
func addressOf(baseURL string) (host string, port int, err error) {
	u, err := url.Parse(baseURL)
	if err != nil {
		return "", 0, err
	}
	switch {
	case u.Port() != "":
		port, err = strconv.Atoi(u.Port())
	case u.Scheme == "https":
		port = 443
	default:
		port = 80
	}
	return u.Hostname(), port, err
}
