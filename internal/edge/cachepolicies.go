package edge

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudfront"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/edgefunction"
)

// policies say what CloudFront keeps, and what it passes on.
type policies struct {
	cache    pulumi.StringPtrInput // keeps nothing
	forward  pulumi.StringPtrInput // all but Host and cookies
	annotate pulumi.StringPtrInput // the same for the origin-request function
}

// newPolicies declares the policies. Authorization can't be listed in one, only be
// passed on with all other headers; that is why none lists what the API needs.
func (e *Edge) newPolicies(ctx *pulumi.Context, name string, args *Args) (policies, error) {
	cachePolicy := "Managed-CachingDisabled"
	cache, err := cloudfront.LookupCachePolicy(ctx, &cloudfront.LookupCachePolicyArgs{Name: &cachePolicy}, pulumi.Parent(e))
	if err != nil {
		return policies{}, fmt.Errorf("looking up the cache policy %s: %w", cachePolicy, err)
	}
	// The API answers to its own name alone.
	forward, err := e.newRequestPolicy(ctx, name, args, "forward", "allExcept", "Host")
	if err != nil {
		return policies{}, err
	}
	p := policies{cache: pulumi.StringPtrFromPtr(cache.Id), forward: forward}
	if args.OriginRequestARN == nil {
		return p, nil
	}
	// The country is to be had only with all headers of the viewer. The function puts
	// the API's name back into Host.
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
