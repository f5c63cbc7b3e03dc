package edge

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudfront"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

// ProblemsPrefix is the path below which the origin-request function serves problem
// documents.
const ProblemsPrefix = config.ProblemsPrefix

// cachedErrors are the statuses that CloudFront caches for ten seconds by default,
// regardless of the cache policy, and meanwhile sends to other viewers (its developer
// guide, "HTTP 4xx and 5xx status codes that CloudFront caches").
var cachedErrors = []int{404, 414, 500, 501, 502, 503, 504}

// documentedErrors are those of the cached statuses that CloudFront or API Gateway send
// without running code of ours. Others have a problem document from the API, which must
// not be replaced.
var documentedErrors = []int{502, 503, 504}

// errorResponses disables the caching of errors, and replaces the bodies of
// documentedErrors if the settings have error documents.
func errorResponses(s config.Edge) cloudfront.DistributionCustomErrorResponseArray {
	var all cloudfront.DistributionCustomErrorResponseArray
	for _, status := range cachedErrors {
		response := &cloudfront.DistributionCustomErrorResponseArgs{ErrorCode: pulumi.Int(status), ErrorCachingMinTtl: pulumi.Int(0)}
		if s.ErrorDocuments && slices.Contains(documentedErrors, status) {
			response.ResponsePagePath = pulumi.String(fmt.Sprintf("%s/%d.json", ProblemsPrefix, status))
			response.ResponseCode = pulumi.Int(status)
		}
		all = append(all, response)
	}
	return all
}

// problemsBehavior returns the behavior with which CloudFront fetches a problem document
// for itself: the origin-request function responds, and no request reaches the API. The
// viewer-request function rejects paths that match this behavior but don't literally
// begin with the prefix, such as those with an encoded prefix.
func problemsBehavior(args *Args, p policies) *cloudfront.DistributionOrderedCacheBehaviorArgs {
	behavior := httpsOnly(args, ProblemsPrefix+"/*", p)
	behavior.AllowedMethods = cachedMethods
	behavior.FunctionAssociations = cloudfront.DistributionOrderedCacheBehaviorFunctionAssociationArray{
		&cloudfront.DistributionOrderedCacheBehaviorFunctionAssociationArgs{
			EventType: pulumi.String("viewer-request"), FunctionArn: args.ViewerRequestARN,
		},
	}
	return behavior
}
