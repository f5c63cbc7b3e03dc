// Package waf declares the web ACL of AWS WAF for the distribution, with rules suited to
// an API for prompts, and its log. Package edge associates it with the distribution.
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
	KeyHeader  string // redacted in the log
}

// WebACL is a web ACL for CloudFront. Its provider must be one for [config.GlobalRegion].
type WebACL struct {
	pulumi.ResourceState

	ARN pulumi.StringOutput
}

// MetricName returns the value of the dimension WebACL of the web ACL's metrics.
func MetricName(d deployment.Deployment) string { return d.Name }

// New declares the web ACL and its log.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*WebACL, error) {
	w := &WebACL{}
	if err := ctx.RegisterComponentResource("gatehouse:firewall:Firewall", name, w, opts...); err != nil {
		return nil, err
	}
	acl, err := wafv2.NewWebAcl(ctx, name+"-acl", &wafv2.WebAclArgs{
		Name:                 pulumi.String(args.Deployment.Name),
		Description:          pulumi.String("Web ACL of " + args.Deployment.Name),
		Scope:                pulumi.String("CLOUDFRONT"),
		DefaultAction:        &wafv2.WebAclDefaultActionArgs{Allow: &wafv2.WebAclDefaultActionAllowArgs{}},
		Rules:                rules(args),
		CustomResponseBodies: responseBodies(),
		AssociationConfig:    inspection(args.Settings.Inspected),
		VisibilityConfig: &wafv2.WebAclVisibilityConfigArgs{
			CloudwatchMetricsEnabled: pulumi.Bool(true),
			MetricName:               pulumi.String(MetricName(args.Deployment)),
			SampledRequestsEnabled:   pulumi.Bool(false), // samples have all headers
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
