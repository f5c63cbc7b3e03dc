// Package responseheaders declares CloudFront's response headers policy: security headers,
// a custom header, CORS, and headers to remove. It also returns these headers for the
// functions of package edgefunction.
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
	Page       bool // the API serves a page, with a content security policy of its own
}

// Policy is a response headers policy.
type Policy struct {
	pulumi.ResourceState

	ID pulumi.StringOutput

	// PageID is the policy for the API's page, which is the same but for one thing: a content
	// security policy of the API has precedence over the setting's. Without [Args.Page],
	// there is none.
	PageID pulumi.StringOutput
}

// New declares the policy, and that for the page if there is one. Their headers override
// the API's own.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Policy, error) {
	p := &Policy{}
	if err := ctx.RegisterComponentResource("gatehouse:headers:Headers", name, p, opts...); err != nil {
		return nil, err
	}
	d := args.Deployment.Name
	policy, err := cloudfront.NewResponseHeadersPolicy(ctx, name+"-policy", args.policy(d, "Responses of "+d, true), pulumi.Parent(p))
	if err != nil {
		return nil, err
	}
	p.ID = policy.ID().ToStringOutput()
	if args.Page {
		page, err := cloudfront.NewResponseHeadersPolicy(ctx, name+"-page-policy", args.policy(d+"-page", "The page of "+d, false), pulumi.Parent(p))
		if err != nil {
			return nil, err
		}
		p.PageID = page.ID().ToStringOutput()
	}
	return p, ctx.RegisterResourceOutputs(p, pulumi.Map{"policyId": p.ID})
}

// policy returns a policy, which overrides a content security policy of the API or not.
func (a *Args) policy(name, comment string, overrideCSP bool) *cloudfront.ResponseHeadersPolicyArgs {
	s := a.Settings
	policy := &cloudfront.ResponseHeadersPolicyArgs{
		Name:                  pulumi.String(name),
		Comment:               pulumi.String(comment),
		SecurityHeadersConfig: security(s, overrideCSP),
		CustomHeadersConfig: &cloudfront.ResponseHeadersPolicyCustomHeadersConfigArgs{
			Items: cloudfront.ResponseHeadersPolicyCustomHeadersConfigItemArray{
				&cloudfront.ResponseHeadersPolicyCustomHeadersConfigItemArgs{
					Header: pulumi.String(s.CustomName), Value: pulumi.String(s.CustomValue), Override: pulumi.Bool(true),
				},
			},
		},
	}
	if len(s.Removed) > 0 {
		policy.RemoveHeadersConfig = removed(s)
	}
	if a.CORS.Enabled() {
		policy.CorsConfig = cors(a.CORS)
	}
	return policy
}

func security(s config.ResponseHeaders, overrideCSP bool) *cloudfront.ResponseHeadersPolicySecurityHeadersConfigArgs {
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
	// Terraform's provider drops a zero and the SDK requires a value: [ForViewerResponse]
	// has the header then.
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
			ContentSecurityPolicy: pulumi.String(s.ContentSecurityPolicy), Override: pulumi.Bool(overrideCSP),
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

// cors returns the CORS configuration without header names with wildcards, such as
// x-stainless-*, which a policy can't have. They are for preflights, to which the
// viewer-request function responds.
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
