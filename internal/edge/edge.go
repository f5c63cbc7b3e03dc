// Package edge is the CloudFront side: the distribution that viewers talk to, the
// only one who knows the origin key.
package edge

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudfront"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/deployment"
)

// OriginID names the API among the distribution's origins.
const OriginID = "api"

// Args configures an [Edge].
type Args struct {
	Deployment deployment.Deployment

	OriginDomainName pulumi.StringInput // the API's
	KeyHeader        string             // carries the origin key
	FirstKey         pulumi.StringInput // secret; sent until the first rotation

	// Guard, made by [NewGuard], looks at each update of the distribution before it is
	// made. Mocked engines know no hooks: there it is nil.
	Guard *pulumi.ResourceHook
}

// Edge is the distribution.
type Edge struct {
	pulumi.ResourceState

	DistributionID  pulumi.StringOutput
	DistributionARN pulumi.StringOutput
	DomainName      pulumi.StringOutput
	URL             pulumi.StringOutput // without a slash at its end
}

// New declares the distribution.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Edge, error) {
	e := &Edge{}
	if err := ctx.RegisterComponentResource("gatehouse:edge:Edge", name, e, opts...); err != nil {
		return nil, err
	}
	behavior, err := e.behavior(ctx)
	if err != nil {
		return nil, err
	}
	distribution, err := cloudfront.NewDistribution(ctx, name+"-distribution", &cloudfront.DistributionArgs{
		Comment:              pulumi.String("Front door of " + args.Deployment.Name),
		Enabled:              pulumi.Bool(true),
		HttpVersion:          pulumi.String("http2and3"),
		IsIpv6Enabled:        pulumi.Bool(true),
		Origins:              cloudfront.DistributionOriginArray{apiOrigin(args)},
		DefaultCacheBehavior: behavior,
		Restrictions: &cloudfront.DistributionRestrictionsArgs{
			GeoRestriction: &cloudfront.DistributionRestrictionsGeoRestrictionArgs{RestrictionType: pulumi.String("none")},
		},
		ViewerCertificate: &cloudfront.DistributionViewerCertificateArgs{CloudfrontDefaultCertificate: pulumi.Bool(true)},
	}, pulumi.Parent(e),
		// The rotator owns the header once the distribution exists. It takes the refresh
		// before each update (Pulumi.yaml) as well: without it, an ignored property is
		// sent as the state remembers it, which puts an old key back.
		pulumi.IgnoreChanges([]string{"origins[0].customHeaders"}),
		pulumi.AdditionalSecretOutputs([]string{"origins"}),
		pulumi.ResourceHooks(args.hooks()))
	if err != nil {
		return nil, err
	}

	e.DistributionID, e.DistributionARN, e.DomainName = distribution.ID().ToStringOutput(), distribution.Arn, distribution.DomainName
	e.URL = pulumi.Sprintf("https://%s", distribution.DomainName)
	return e, ctx.RegisterResourceOutputs(e, pulumi.Map{
		"distributionId": e.DistributionID,
		"url":            e.URL,
	})
}

func (a *Args) hooks() *pulumi.ResourceHookBinding {
	if a.Guard == nil {
		return nil
	}
	return &pulumi.ResourceHookBinding{BeforeUpdate: []*pulumi.ResourceHook{a.Guard}}
}

func apiOrigin(args *Args) *cloudfront.DistributionOriginArgs {
	return &cloudfront.DistributionOriginArgs{
		OriginId:   pulumi.String(OriginID),
		DomainName: args.OriginDomainName,
		CustomOriginConfig: &cloudfront.DistributionOriginCustomOriginConfigArgs{
			OriginProtocolPolicy: pulumi.String("https-only"),
			OriginSslProtocols:   pulumi.StringArray{pulumi.String("TLSv1.2")},
			HttpPort:             pulumi.Int(80),
			HttpsPort:            pulumi.Int(443),
		},
		CustomHeaders: cloudfront.DistributionOriginCustomHeaderArray{
			&cloudfront.DistributionOriginCustomHeaderArgs{
				Name:  pulumi.String(args.KeyHeader),
				Value: pulumi.ToSecret(args.FirstKey).(pulumi.StringOutput),
			},
		},
	}
}

// behavior passes every request on and keeps no answer.
func (e *Edge) behavior(ctx *pulumi.Context) (*cloudfront.DistributionDefaultCacheBehaviorArgs, error) {
	cachePolicy, originRequestPolicy := "Managed-CachingDisabled", "Managed-AllViewerExceptHostHeader"
	cache, err := cloudfront.LookupCachePolicy(ctx, &cloudfront.LookupCachePolicyArgs{Name: &cachePolicy}, pulumi.Parent(e))
	if err != nil {
		return nil, fmt.Errorf("looking up the cache policy %s: %w", cachePolicy, err)
	}
	request, err := cloudfront.LookupOriginRequestPolicy(ctx, &cloudfront.LookupOriginRequestPolicyArgs{Name: &originRequestPolicy}, pulumi.Parent(e))
	if err != nil {
		return nil, fmt.Errorf("looking up the origin request policy %s: %w", originRequestPolicy, err)
	}
	return &cloudfront.DistributionDefaultCacheBehaviorArgs{
		TargetOriginId:        pulumi.String(OriginID),
		ViewerProtocolPolicy:  pulumi.String("redirect-to-https"),
		AllowedMethods:        pulumi.ToStringArray([]string{"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"}),
		CachedMethods:         pulumi.ToStringArray([]string{"GET", "HEAD"}),
		CachePolicyId:         pulumi.StringPtrFromPtr(cache.Id),
		OriginRequestPolicyId: pulumi.StringPtrFromPtr(request.Id),
		Compress:              pulumi.Bool(true),
	}, nil
}
