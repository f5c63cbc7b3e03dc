// Package headers is what CloudFront adds to every answer, and removes from it.
package responseheaders

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudfront"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
)

// Args configures a [Policy].
type Args struct {
	Deployment deployment.Deployment
	Settings   config.ResponseHeaders
	CORS       config.CORS
}

// Headers is a response headers policy.
type Policy struct {
	pulumi.ResourceState

	ID pulumi.StringOutput
}

// New declares the policy. Each of its headers wins over the API's own.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Policy, error) {
	p := &Policy{}
	if err := ctx.RegisterComponentResource("gatehouse:headers:Headers", name, p, opts...); err != nil {
		return nil, err
	}
	s := args.Settings
	policyArgs := &cloudfront.ResponseHeadersPolicyArgs{
		Name:                  pulumi.String(args.Deployment.Name),
		Comment:               pulumi.String("Answers of " + args.Deployment.Name),
		SecurityHeadersConfig: security(s),
		CustomHeadersConfig: &cloudfront.ResponseHeadersPolicyCustomHeadersConfigArgs{
			Items: cloudfront.ResponseHeadersPolicyCustomHeadersConfigItemArray{
				&cloudfront.ResponseHeadersPolicyCustomHeadersConfigItemArgs{
					Header: pulumi.String(s.CustomName), Value: pulumi.String(s.CustomValue), Override: pulumi.Bool(true),
				},
			},
		},
	}
	if len(s.Removed) > 0 {
		policyArgs.RemoveHeadersConfig = removed(s)
	}
	if args.CORS.Enabled() {
		policyArgs.CorsConfig = cors(args.CORS)
	}
	policy, err := cloudfront.NewResponseHeadersPolicy(ctx, name+"-policy", policyArgs, pulumi.Parent(p))
	if err != nil {
		return nil, err
	}
	p.ID = policy.ID().ToStringOutput()
	return p, ctx.RegisterResourceOutputs(p, pulumi.Map{"policyId": p.ID})
}

func security(s config.ResponseHeaders) *cloudfront.ResponseHeadersPolicySecurityHeadersConfigArgs {
	override := pulumi.Bool(true)
	all := &cloudfront.ResponseHeadersPolicySecurityHeadersConfigArgs{
		ContentTypeOptions: &cloudfront.ResponseHeadersPolicySecurityHeadersConfigContentTypeOptionsArgs{Override: override},
		FrameOptions: &cloudfront.ResponseHeadersPolicySecurityHeadersConfigFrameOptionsArgs{
			FrameOption: pulumi.String(s.FrameOptions), Override: override,
		},
		ReferrerPolicy: &cloudfront.ResponseHeadersPolicySecurityHeadersConfigReferrerPolicyArgs{
			ReferrerPolicy: pulumi.String(s.ReferrerPolicy), Override: override,
		},
	}
	// Terraform's provider drops a zero and the SDK demands a value: [ForViewerResponse] has it then.
	if s.HSTS.MaxAge > 0 {
		all.StrictTransportSecurity = &cloudfront.ResponseHeadersPolicySecurityHeadersConfigStrictTransportSecurityArgs{
			AccessControlMaxAgeSec: pulumi.Int(int(s.HSTS.MaxAge.Seconds())),
			IncludeSubdomains:      pulumi.Bool(s.HSTS.Subdomains),
			Preload:                pulumi.Bool(s.HSTS.Preload),
			Override:               override,
		}
	}
	if s.ContentSecurityPolicy != "" {
		all.ContentSecurityPolicy = &cloudfront.ResponseHeadersPolicySecurityHeadersConfigContentSecurityPolicyArgs{
			ContentSecurityPolicy: pulumi.String(s.ContentSecurityPolicy), Override: override,
		}
	}
	return all
}

func removed(s config.ResponseHeaders) *cloudfront.ResponseHeadersPolicyRemoveHeadersConfigArgs {
	items := make(cloudfront.ResponseHeadersPolicyRemoveHeadersConfigItemArray, len(s.Removed))
	for i, header := range s.Removed {
		items[i] = &cloudfront.ResponseHeadersPolicyRemoveHeadersConfigItemArgs{Header: pulumi.String(header)}
	}
	return &cloudfront.ResponseHeadersPolicyRemoveHeadersConfigArgs{Items: items}
}

// cors leaves out families of headers such as x-stainless-*, which a policy can't have.
// They are for preflights, which the viewer-request function answers.
func cors(s config.CORS) *cloudfront.ResponseHeadersPolicyCorsConfigArgs {
	config := &cloudfront.ResponseHeadersPolicyCorsConfigArgs{
		AccessControlAllowOrigins: &cloudfront.ResponseHeadersPolicyCorsConfigAccessControlAllowOriginsArgs{
			Items: pulumi.ToStringArray(s.Origins),
		},
		AccessControlAllowMethods: &cloudfront.ResponseHeadersPolicyCorsConfigAccessControlAllowMethodsArgs{
			Items: pulumi.ToStringArray(s.Methods),
		},
		AccessControlAllowHeaders: &cloudfront.ResponseHeadersPolicyCorsConfigAccessControlAllowHeadersArgs{
			Items: pulumi.ToStringArray(s.PlainHeaders()),
		},
		AccessControlAllowCredentials: pulumi.Bool(s.Credentials),
		AccessControlMaxAgeSec:        pulumi.Int(int(s.MaxAge.Seconds())),
		OriginOverride:                pulumi.Bool(true),
	}
	if len(s.ExposedHeaders) > 0 {
		config.AccessControlExposeHeaders = &cloudfront.ResponseHeadersPolicyCorsConfigAccessControlExposeHeadersArgs{
			Items: pulumi.ToStringArray(s.ExposedHeaders),
		}
	}
	return config
}
