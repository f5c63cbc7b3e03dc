package edge

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudfront"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

// ProblemsPrefix is the path below which the origin-request function writes problem
// documents.
const ProblemsPrefix = config.ProblemsPrefix

// keptErrors are those that CloudFront keeps for ten seconds by itself, whatever a
// cache policy says, and shows to others meanwhile (its developer guide, "HTTP 4xx
// and 5xx status codes that CloudFront caches").
var keptErrors = []int{404, 414, 500, 501, 502, 503, 504}

// documentedErrors are those, of the kept, that CloudFront or API Gateway make where
// no code of ours runs. Others have a problem document of the API's, which must not be
// replaced.
var documentedErrors = []int{502, 503, 504}

func errorResponses(s config.Edge) cloudfront.DistributionCustomErrorResponseArray {
	var all cloudfront.DistributionCustomErrorResponseArray
	for _, status := range keptErrors {
		response := &cloudfront.DistributionCustomErrorResponseArgs{ErrorCode: pulumi.Int(status), ErrorCachingMinTtl: pulumi.Int(0)}
		if s.ErrorDocuments && slices.Contains(documentedErrors, status) {
			response.ResponsePagePath = pulumi.String(fmt.Sprintf("%s/%d.json", ProblemsPrefix, status))
			response.ResponseCode = pulumi.Int(status)
		}
		all = append(all, response)
	}
	return all
}

// problemsBehavior is for CloudFront itself, when it looks for a problem document:
// the origin-request function answers, and no request gets to the API. The viewer-request
// function refuses what matches this behavior and is not below the prefix to a comparison
// of texts, such as an encoded prefix.
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
