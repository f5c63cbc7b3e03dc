package chatapi

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/function"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/internal/network"
)

// VPCConfig attaches the function to a VPC and names the private model it may call.
type VPCConfig struct {
	Attachment   network.Attachment
	PrivateModel PrivateModel
}

// PrivateModel is the model that the stack's own load balancer leads to.
type PrivateModel struct {
	URL             pulumi.StringInput // without a path
	Port            int
	ServerName      string             // on its certificate; empty for the URL's host
	SecurityGroupID pulumi.StringInput // the load balancer's
}

// usesPrivateModel reports whether the private model is the function's backend.
func (a *Args) usesPrivateModel() bool {
	return a.Settings.Backend == lambdaenv.BackendOpenAI && a.Settings.Server.BaseURL == ""
}

// newVPC declares the function's security group, with which it reaches only the model, the
// endpoints of AWS services, and DynamoDB if there are clients.
func (c *API) newVPC(ctx *pulumi.Context, name string, args *Args) (*function.VPC, error) {
	if args.VPC == nil {
		return nil, nil
	}
	group, err := ec2.NewSecurityGroup(ctx, name+"-group", &ec2.SecurityGroupArgs{
		Description: pulumi.String("Function of the model API"),
		VpcId:       args.VPC.Attachment.VPCID.ToStringOutput(),
		Tags:        pulumi.StringMap{"Name": pulumi.String(args.Deployment.Name + "-model")},
	}, pulumi.Parent(c))
	if err != nil {
		return nil, err
	}
	c.SecurityGroupIDs["model"] = group.ID()
	if args.usesPrivateModel() {
		if err := c.allowPrivateModel(ctx, name, args.VPC.PrivateModel, group); err != nil {
			return nil, err
		}
	}
	if args.callsServices() && args.VPC.Attachment.EndpointsGroupID != nil {
		if err := c.allowEndpoints(ctx, name, args, group); err != nil {
			return nil, err
		}
	}
	if args.Clients != nil {
		if err := c.allowDynamoDB(ctx, name, args, group); err != nil {
			return nil, err
		}
	}
	if err := c.allowDestinations(ctx, name, args, group); err != nil {
		return nil, err
	}
	return &function.VPC{
		SubnetIDs:        args.VPC.Attachment.PrivateSubnetIDs,
		SecurityGroupIDs: pulumi.StringArray{group.ID()},
	}, nil
}

// allowPrivateModel permits connections to the load balancer. The rules' names have the
// port, so that the rules for a new port are created before the old ones are deleted.
func (c *API) allowPrivateModel(ctx *pulumi.Context, name string, private PrivateModel, group *ec2.SecurityGroup) error {
	name = fmt.Sprintf("%s-to-load-balancer-%d", name, private.Port)
	_, err := vpc.NewSecurityGroupEgressRule(ctx, name+"-egress", &vpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId:           group.ID(),
		ReferencedSecurityGroupId: private.SecurityGroupID.ToStringOutput(),
		IpProtocol:                pulumi.String("tcp"),
		FromPort:                  pulumi.Int(private.Port),
		ToPort:                    pulumi.Int(private.Port),
		Description:               pulumi.String("From the function of the model API to the load balancer"),
	}, pulumi.Parent(c))
	if err != nil {
		return err
	}
	_, err = vpc.NewSecurityGroupIngressRule(ctx, name+"-ingress", &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId:           private.SecurityGroupID.ToStringOutput(),
		ReferencedSecurityGroupId: group.ID(),
		IpProtocol:                pulumi.String("tcp"),
		FromPort:                  pulumi.Int(private.Port),
		ToPort:                    pulumi.Int(private.Port),
		Description:               pulumi.String("From the function of the model API to the load balancer"),
	}, pulumi.Parent(c))
	return err
}

// allowEndpoints permits connections to the security group of the interface endpoints in
// the stack's own VPC.
func (c *API) allowEndpoints(ctx *pulumi.Context, name string, args *Args, group *ec2.SecurityGroup) error {
	_, err := vpc.NewSecurityGroupEgressRule(ctx, name+"-to-endpoints", &vpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId:           group.ID(),
		ReferencedSecurityGroupId: args.VPC.Attachment.EndpointsGroupID.ToStringOutput(),
		IpProtocol:                pulumi.String("tcp"),
		FromPort:                  pulumi.Int(https),
		ToPort:                    pulumi.Int(https),
		Description:               pulumi.String("To endpoints of AWS services"),
	}, pulumi.Parent(c))
	return err
}

// allowDynamoDB permits connections to DynamoDB, which has a gateway endpoint: its addresses
// are public ones, in a prefix list of AWS's.
func (c *API) allowDynamoDB(ctx *pulumi.Context, name string, args *Args, group *ec2.SecurityGroup) error {
	prefixList := args.VPC.Attachment.DynamoDBPrefixListID
	if prefixList == nil {
		found, err := network.PrefixListID(ctx, args.Deployment.Region, "dynamodb", pulumi.Parent(c))
		if err != nil {
			return err
		}
		prefixList = pulumi.String(found)
	}
	_, err := vpc.NewSecurityGroupEgressRule(ctx, name+"-to-dynamodb", &vpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId: group.ID(),
		PrefixListId:    prefixList.ToStringOutput(),
		IpProtocol:      pulumi.String("tcp"),
		FromPort:        pulumi.Int(https),
		ToPort:          pulumi.Int(https),
		Description:     pulumi.String("To DynamoDB, for the table of clients"),
	}, pulumi.Parent(c))
	return err
}

// allowDestinations permits connections to address ranges and ports, by one rule each.
func (c *API) allowDestinations(ctx *pulumi.Context, name string, args *Args, group *ec2.SecurityGroup) error {
	all, err := args.destinations()
	if err != nil {
		return err
	}
	for _, d := range all {
		_, err := vpc.NewSecurityGroupEgressRule(ctx, fmt.Sprintf("%s-to-%d-%s", name, d.port, d.network), &vpc.SecurityGroupEgressRuleArgs{
			SecurityGroupId: group.ID(),
			CidrIpv4:        pulumi.String(d.network),
			IpProtocol:      pulumi.String("tcp"),
			FromPort:        pulumi.Int(d.port),
			ToPort:          pulumi.Int(d.port),
			Description:     pulumi.String(d.description()),
		}, pulumi.Parent(c), pulumi.Aliases(d.formerNames(name)))
		if err != nil {
			return err
		}
	}
	return nil
}
