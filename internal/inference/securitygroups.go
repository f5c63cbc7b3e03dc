package inference

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// groups are the security groups, each of which reaches the next and nothing else.
type groups struct {
	link, loadBalancer, targets *ec2.SecurityGroup

	rules []pulumi.Resource
}

func (i *Inference) newGroups(ctx *pulumi.Context, name string, args *Args) (*groups, error) {
	g := &groups{}
	for _, group := range []struct {
		place             **ec2.SecurityGroup
		what, description string
	}{
		{&g.link, "link", "Link of the API into the VPC"},
		{&g.loadBalancer, "load-balancer", "Load balancer before the private model"},
		{&g.targets, "targets", "Targets of the private model"},
	} {
		made, err := ec2.NewSecurityGroup(ctx, name+"-"+group.what+"-group", &ec2.SecurityGroupArgs{
			Description: pulumi.String(group.description),
			VpcId:       args.Attachment.VPCID.ToStringOutput(),
			Tags:        args.tags(group.what),
		}, pulumi.Parent(i))
		if err != nil {
			return nil, err
		}
		*group.place = made
	}
	if err := i.allow(ctx, name+"-link-to-load-balancer", "From the link to the load balancer", g, g.link, g.loadBalancer, args.listener().port); err != nil {
		return nil, err
	}
	if err := i.allow(ctx, name+"-load-balancer-to-targets", "From the load balancer to the targets", g, g.loadBalancer, g.targets, args.Settings.Port); err != nil {
		return nil, err
	}
	i.SecurityGroupIDs = pulumi.StringMap{
		"vpcLink":      g.link.ID(),
		"loadBalancer": g.loadBalancer.ID(),
		"targets":      g.targets.ID(),
	}
	return g, nil
}

// allow lets one group open connections to a port of another. The rules' names have
// the port, so that another port is opened before the old one is closed.
func (i *Inference) allow(ctx *pulumi.Context, name, description string, g *groups, from, to *ec2.SecurityGroup, port int) error {
	name = fmt.Sprintf("%s-%d", name, port)
	egress, err := vpc.NewSecurityGroupEgressRule(ctx, name+"-egress", &vpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId:           from.ID(),
		ReferencedSecurityGroupId: to.ID(),
		IpProtocol:                pulumi.String("tcp"),
		FromPort:                  pulumi.Int(port),
		ToPort:                    pulumi.Int(port),
		Description:               pulumi.String(description),
	}, pulumi.Parent(i))
	if err != nil {
		return err
	}
	ingress, err := vpc.NewSecurityGroupIngressRule(ctx, name+"-ingress", &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId:           to.ID(),
		ReferencedSecurityGroupId: from.ID(),
		IpProtocol:                pulumi.String("tcp"),
		FromPort:                  pulumi.Int(port),
		ToPort:                    pulumi.Int(port),
		Description:               pulumi.String(description),
	}, pulumi.Parent(i))
	g.rules = append(g.rules, egress, ingress)
	return err
}
