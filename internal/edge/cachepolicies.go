package edge

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudfront"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/edgefunction"
)

// policies holds the ids of the cache policy and the origin request policies.
type policies struct {
	cache    pulumi.StringPtrInput // caches nothing
	forward  pulumi.StringPtrInput // forwards everything but Host and cookies
	annotate pulumi.StringPtrInput // forwards the same and the country, for the origin-request function
}

// newPolicies declares the policies. They can't list Authorization, only forward it
// with all other headers; therefore none lists the headers that the API needs.
func (e *Edge) newPolicies(ctx *pulumi.Context, name string, args *Args) (policies, error) {
	cachePolicy := "Managed-CachingDisabled"
	cache, err := cloudfront.LookupCachePolicy(ctx, &cloudfront.LookupCachePolicyArgs{Name: &cachePolicy}, pulumi.Parent(e))
	if err != nil {
		return policies{}, fmt.Errorf("looking up the cache policy %s: %w", cachePolicy, err)
	}
	// API Gateway accepts only its own domain name in Host.
	forward, err := e.newRequestPolicy(ctx, name, args, "forward", "allExcept", "Host")
	if err != nil {
		return policies{}, err
	}
	p := policies{cache: pulumi.StringPtrFromPtr(cache.Id), forward: forward}
	if args.OriginRequestARN == nil {
		return p, nil
	}
	// CloudFront adds the country only to a policy with all viewer headers. The function
	// sets Host to the API's name again.
	p.annotate, err = e.newRequestPolicy(ctx, name, args, "annotate", "allViewerAndWhitelistCloudFront", edgefunction.CountrySource)
	return p, err
}

func (e *Edge) newRequestPolicy(ctx *pulumi.Context, name string, args *Args, what, behavior, header string) (pulumi.StringPtrInput, error) {
	policy, err := cloudfront.NewOriginRequestPolicy(ctx, name+"-"+what, &cloudfront.OriginRequestPolicyArgs{
		Name:    pulumi.String(args.Deployment.Name + "-" + what),
		Comment: pulumi.String("Requests to the API of " + args.Deployment.Name),
		HeadersConfig: &cloudfront.OriginRequestPolicyHeadersConfigArgs{
			HeaderBehavior: pulumi.String(behavior),
			Headers:        &cloudfront.OriginRequestPolicyHeadersConfigHeadersArgs{Items: pulumi.ToStringArray([]string{header})},
		},
		CookiesConfig:      &cloudfront.OriginRequestPolicyCookiesConfigArgs{CookieBehavior: pulumi.String("none")},
		QueryStringsConfig: &cloudfront.OriginRequestPolicyQueryStringsConfigArgs{QueryStringBehavior: pulumi.String("all")},
	}, pulumi.Parent(e))
	if err != nil {
		return nil, err
	}
	return policy.ID().ToStringOutput().ToStringPtrOutput(), nil
}
