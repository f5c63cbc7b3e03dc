package edge

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudfront"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// CloudFront knows three sets of methods. With POST comes all; which of them the API
// gets is for the viewer-request function to say.
var (
	allMethods    = pulumi.ToStringArray([]string{"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"})
	cachedMethods = pulumi.ToStringArray([]string{"GET", "HEAD"})
)

// defaultBehavior is for what is not below the API's prefix. The viewer-request function
// answers all of it, so that clients with a wrong base URL read which one is right
// instead of CloudFront's HTML. No request gets to the origin, which CloudFront demands.
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

func orderedBehaviors(args *Args, p policies) cloudfront.DistributionOrderedCacheBehaviorArray {
	all := cloudfront.DistributionOrderedCacheBehaviorArray{apiBehavior(args, p)}
	if args.Edge.ErrorDocuments {
		all = append(all, problemsBehavior(args, p))
	}
	return all
}

// apiBehavior is for the API. A client that sends a prompt over plain HTTP is
// refused, not redirected: it would not notice, and go on.
func apiBehavior(args *Args, p policies) *cloudfront.DistributionOrderedCacheBehaviorArgs {
	behavior := httpsOnly(args, args.APIPrefix+"/*", p)
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

// httpsOnly is what all behaviors have in common that are not the default.
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
