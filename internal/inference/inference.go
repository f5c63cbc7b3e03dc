// Package inference declares the private route to a model in the VPC: a VPC link, an
// internal load balancer and its target group. Package httpapi declares the API's route
// to it; package chatapi can use it as its backend.
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

// Inference is a VPC link with its load balancer and target group.
//
// None of its resources has a physical name in the program: AWS can't change the subnets
// and groups of a link, nor the port of a target group. The engine creates a replacement
// first, moves the requests to it and deletes the old one last, which requires a
// generated name.
type Inference struct {
	pulumi.ResourceState

	VPCLinkID           pulumi.StringOutput
	LoadBalancerARN     pulumi.StringOutput
	LoadBalancerDNSName pulumi.StringOutput
	TargetGroupARN      pulumi.StringOutput

	// URL is the load balancer's URL in the VPC, without a path; Port is its port.
	URL  pulumi.StringOutput
	Port int

	// SecurityGroupIDs has the groups "vpcLink", "loadBalancer" and "targets". The targets
	// must be in the last one, since the load balancer can reach no other group.
	SecurityGroupIDs pulumi.StringMap

	// Route is the API's route through the link to the targets.
	Route httpapi.Route
}

// New declares the private route.
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

// tags returns the Name tag, by which AWS's console shows the stack of a resource with a
// generated name.
func (a *Args) tags(what string) pulumi.StringMap {
	return pulumi.StringMap{"Name": pulumi.String(a.Deployment.Name + "-inference-" + what)}
}
