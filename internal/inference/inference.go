// Package inference is the private model's way in: from the API through a VPC link
// to an internal load balancer, and from there to the model's targets.
package inference

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/httpapi"
	"github.com/gatehouse-iac/gatehouse/internal/network"
)

// Args configures an [Inference].
type Args struct {
	Deployment deployment.Deployment
	Settings   config.Inference
	Attachment network.Attachment
}

// Inference is the VPC link and the load balancer behind it.
//
// None of its resources has a name of the program's own: AWS can't change the
// subnets and groups of a link, nor the port of a target group. The engine makes
// another one first, moves the requests over and deletes the old one last, which
// takes a name that is free.
type Inference struct {
	pulumi.ResourceState

	VPCLinkID           pulumi.StringOutput
	LoadBalancerARN     pulumi.StringOutput
	LoadBalancerDNSName pulumi.StringOutput
	TargetGroupARN      pulumi.StringOutput

	// URL is where the load balancer listens in the VPC, without a path; Port is the
	// URL's.
	URL  pulumi.StringOutput
	Port int

	// SecurityGroupIDs are those of "vpcLink", "loadBalancer" and "targets". The
	// targets have to wear the last: nothing else may be reached by the load balancer.
	SecurityGroupIDs pulumi.StringMap

	// Route leads through the link to the targets.
	Route httpapi.Route
}

// New declares the way to the private model.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Inference, error) {
	i := &Inference{}
	if err := ctx.RegisterComponentResource("gatehouse:inference:Inference", name, i, opts...); err != nil {
		return nil, err
	}
	if err := args.checkTargets(); err != nil {
		return nil, err
	}
	groups, err := i.newGroups(ctx, name, args)
	if err != nil {
		return nil, err
	}
	listener, err := i.newLoadBalancer(ctx, name, args, groups)
	if err != nil {
		return nil, err
	}
	link, err := apigatewayv2.NewVpcLink(ctx, name+"-link", &apigatewayv2.VpcLinkArgs{
		SubnetIds:        args.Attachment.PrivateSubnetIDs,
		SecurityGroupIds: pulumi.StringArray{groups.link.ID()},
		Tags:             args.tags("link"),
	}, pulumi.Parent(i))
	if err != nil {
		return nil, err
	}
	i.VPCLinkID = link.ID().ToStringOutput()
	i.Route = i.route(args, listener)
	return i, ctx.RegisterResourceOutputs(i, pulumi.Map{
		"vpcLinkId":           i.VPCLinkID,
		"loadBalancerArn":     i.LoadBalancerARN,
		"loadBalancerDnsName": i.LoadBalancerDNSName,
		"targetGroupArn":      i.TargetGroupARN,
		"securityGroupIds":    i.SecurityGroupIDs,
	})
}

func (i *Inference) route(args *Args, listener *lb.Listener) httpapi.Route {
	return httpapi.Route{
		Name:   "inference",
		Method: "ANY",
		Path:   args.Settings.Prefix + httpapi.ProxyPath,
		VPCLink: &httpapi.VPCLinkTarget{
			LinkID:      i.VPCLinkID,
			ListenerARN: listener.Arn,
			ServerName:  args.Settings.ServerName,
			Timeout:     args.Settings.Timeout,
		},
	}
}

// tags say which stack a resource belongs to where its name doesn't: in AWS's
// console.
func (a *Args) tags(what string) pulumi.StringMap {
	return pulumi.StringMap{"Name": pulumi.String(a.Deployment.Name + "-inference-" + what)}
}
