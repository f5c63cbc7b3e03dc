// Package firewall is the web application firewall before CloudFront: AWS WAF with
// the rules that an API for prompts needs.
package waf

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/wafv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
)

// Args configures a [WebACL].
type Args struct {
	Deployment deployment.Deployment
	Settings   config.Firewall
	BodyLimit  int    // bytes
	KeyHeader  string // that no log may show
}

// Firewall is a web ACL for CloudFront. Its provider has to be one for
// [settings.GlobalRegion].
type WebACL struct {
	pulumi.ResourceState

	ARN pulumi.StringOutput
}

// MetricName is the dimension WebACL of the firewall's metrics.
func MetricName(d deployment.Deployment) string { return d.Name }

// New declares the firewall and its log.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*WebACL, error) {
	w := &WebACL{}
	if err := ctx.RegisterComponentResource("gatehouse:firewall:Firewall", name, w, opts...); err != nil {
		return nil, err
	}
	acl, err := wafv2.NewWebAcl(ctx, name+"-acl", &wafv2.WebAclArgs{
		Name:                 pulumi.String(args.Deployment.Name),
		Description:          pulumi.String("Front door of " + args.Deployment.Name),
		Scope:                pulumi.String("CLOUDFRONT"),
		DefaultAction:        &wafv2.WebAclDefaultActionArgs{Allow: &wafv2.WebAclDefaultActionAllowArgs{}},
		Rules:                rules(args),
		CustomResponseBodies: responseBodies(),
		AssociationConfig:    inspection(args.Settings.Inspected),
		VisibilityConfig: &wafv2.WebAclVisibilityConfigArgs{
			CloudwatchMetricsEnabled: pulumi.Bool(true),
			MetricName:               pulumi.String(MetricName(args.Deployment)),
			SampledRequestsEnabled:   pulumi.Bool(false), // samples show all headers
		},
	}, pulumi.Parent(w))
	if err != nil {
		return nil, err
	}
	w.ARN = acl.Arn
	if args.Settings.Logs != config.FirewallLogsNone {
		if err := w.newLogs(ctx, name, args, acl); err != nil {
			return nil, err
		}
	}
	return w, ctx.RegisterResourceOutputs(w, pulumi.Map{"arn": w.ARN})
}
