package edge

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudfront"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// CloudFront supports three sets of methods; the one with POST has all. The
// viewer-request function decides which of them reach the API.
var (
	allMethods    = pulumi.ToStringArray([]string{"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"})
	cachedMethods = pulumi.ToStringArray([]string{"GET", "HEAD"})
)

// defaultBehavior returns the behavior of paths that are not below the API's prefix. The
// viewer-request function responds to all of them, so that clients with a wrong base URL
// get the right one instead of CloudFront's HTML. No request reaches the origin;
// CloudFront requires one.
func defaultBehavior(args *Args, p policies) *cloudfront.DistributionDefaultCacheBehaviorArgs {
	return &cloudfront.DistributionDefaultCacheBehaviorArgs{
		TargetOriginId:          pulumi.String(OriginID),
		ViewerProtocolPolicy:    pulumi.String("redirect-to-https"),
		AllowedMethods:          allMethods,
		CachedMethods:           cachedMethods,
		CachePolicyId:           p.cache,
		OriginRequestPolicyId:   p.forward,
		ResponseHeadersPolicyId: args.ResponseHeadersPolicyID.ToStringOutput().ToStringPtrOutput(),
		FunctionAssociations: cloudfront.DistributionDefaultCacheBehaviorFunctionAssociationArray{
			&cloudfront.DistributionDefaultCacheBehaviorFunctionAssociationArgs{
				EventType: pulumi.String("viewer-request"), FunctionArn: args.ViewerRequestARN,
			},
			&cloudfront.DistributionDefaultCacheBehaviorFunctionAssociationArgs{
				EventType: pulumi.String("viewer-response"), FunctionArn: args.ViewerResponseARN,
			},
		},
	}
}

// playgroundPaths are the paths of the page to try the API, below the API's prefix.
var playgroundPaths = []string{"/playground", "/v1/playground"}

func orderedBehaviors(args *Args, p policies) cloudfront.DistributionOrderedCacheBehaviorArray {
	var all cloudfront.DistributionOrderedCacheBehaviorArray
	if args.Stream != nil {
		for _, path := range args.Stream.Paths {
			behavior := apiBehavior(args, path+"/*", p)
			behavior.TargetOriginId = pulumi.String(StreamOriginID)
			all = append(all, behavior)
		}
	}
	if args.PlaygroundHeadersPolicyID != nil {
		for _, path := range playgroundPaths {
			behavior := apiBehavior(args, path, p)
			behavior.ResponseHeadersPolicyId = args.PlaygroundHeadersPolicyID.ToStringOutput().ToStringPtrOutput()
			all = append(all, behavior)
		}
	}
	all = append(all, apiBehavior(args, "/*", p))
	if args.Edge.ErrorDocuments {
		all = append(all, problemsBehavior(args, p))
	}
	return all
}

// apiBehavior returns the behavior of the API's paths that match a pattern below its prefix. A prompt over plain
// HTTP is rejected, not redirected: the client would not notice, and go on sending prompts
// in clear. CloudFront compresses nothing: it would hold streamed responses back.
func apiBehavior(args *Args, pattern string, p policies) *cloudfront.DistributionOrderedCacheBehaviorArgs {
	behavior := httpsOnly(args, args.APIPrefix+pattern, p)
	behavior.AllowedMethods = allMethods
	behavior.FunctionAssociations = cloudfront.DistributionOrderedCacheBehaviorFunctionAssociationArray{
		&cloudfront.DistributionOrderedCacheBehaviorFunctionAssociationArgs{
			EventType: pulumi.String("viewer-request"), FunctionArn: args.ViewerRequestARN,
		},
		&cloudfront.DistributionOrderedCacheBehaviorFunctionAssociationArgs{
			EventType: pulumi.String("viewer-response"), FunctionArn: args.ViewerResponseARN,
		},
	}
	return behavior
}

// httpsOnly returns what the ordered behaviors have in common.
func httpsOnly(args *Args, pattern string, p policies) *cloudfront.DistributionOrderedCacheBehaviorArgs {
	behavior := &cloudfront.DistributionOrderedCacheBehaviorArgs{
		PathPattern:             pulumi.String(pattern),
		TargetOriginId:          pulumi.String(OriginID),
		ViewerProtocolPolicy:    pulumi.String("https-only"),
		CachedMethods:           cachedMethods,
		CachePolicyId:           p.cache,
		OriginRequestPolicyId:   p.forward,
		ResponseHeadersPolicyId: args.ResponseHeadersPolicyID.ToStringOutput().ToStringPtrOutput(),
	}
	if args.OriginRequestARN != nil {
		behavior.OriginRequestPolicyId = p.annotate
		behavior.LambdaFunctionAssociations = cloudfront.DistributionOrderedCacheBehaviorLambdaFunctionAssociationArray{
			&cloudfront.DistributionOrderedCacheBehaviorLambdaFunctionAssociationArgs{
				EventType: pulumi.String("origin-request"), LambdaArn: args.OriginRequestARN, IncludeBody: pulumi.Bool(false),
			},
		}
	}
	return behavior
}
