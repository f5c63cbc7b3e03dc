// Package edge declares the CloudFront distribution: its origin with the origin header,
// its behaviors, its cache and origin request policies, and its error responses. It also
// has the guard, which checks the origin key before each update of the distribution.
package edge

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudfront"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
)

// OriginID and StreamOriginID name the HTTP API and the REST API among the distribution's
// origins.
const (
	OriginID       = "api"
	StreamOriginID = rotatorapi.StreamOriginID
)

// leastTLS is CloudFront's name for the oldest TLS version that viewers may use with
// custom domain names.
const leastTLS = "TLSv1.2_2021"

// Args configures an [Edge].
type Args struct {
	Deployment deployment.Deployment
	Edge       config.Edge
	Origin     config.Origin

	PreviousShield   string             // region of Origin Shield before this update; empty without it
	OriginDomainName pulumi.StringInput // the API's
	APIPrefix        string             // of the API's paths, such as /api
	Stream           *StreamOrigin      // nil without streaming
	KeyHeader        string             // carries the origin key
	OriginKey        pulumi.StringInput // secret; one of the keyring that has settled

	ResponseHeadersPolicyID pulumi.StringInput

	// PlaygroundHeadersPolicyID is the policy for the page to try the API, which has a
	// content security policy of its own; nil without the page.
	PlaygroundHeadersPolicyID pulumi.StringInput

	ViewerRequestARN  pulumi.StringInput // of the function
	ViewerResponseARN pulumi.StringInput // of the function
	OriginRequestARN  pulumi.StringInput // of the function's version; nil for none
	WebACLARN         pulumi.StringInput // nil for none

	Names          []string           // custom domain names; empty for none
	CertificateARN pulumi.StringInput // for Names; nil without them
}

// StreamOrigin is the origin that streams responses.
type StreamOrigin struct {
	DomainName pulumi.StringInput
	Path       string   // in front of all paths: the stage
	Paths      []string // whose requests it gets, below the API's prefix
}

// Edge is a CloudFront distribution with its policies.
type Edge struct {
	pulumi.ResourceState

	DistributionID  pulumi.StringOutput
	DistributionARN pulumi.StringOutput
	DomainName      pulumi.StringOutput // assigned by CloudFront
	ZoneID          pulumi.StringOutput // for Route 53 alias records to DomainName
	URL             pulumi.StringOutput // with DomainName; without a slash at its end
}

// New declares the distribution.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Edge, error) {
	e := &Edge{}
	if err := ctx.RegisterComponentResource("gatehouse:edge:Edge", name, e, opts...); err != nil {
		return nil, err
	}
	policies, err := e.newPolicies(ctx, name, args)
	if err != nil {
		return nil, err
	}
	guard, err := newGuard(ctx, args.KeyHeader, args.APIPrefix)
	if err != nil {
		return nil, err
	}
	distributionArgs := &cloudfront.DistributionArgs{
		Comment:               pulumi.String("Distribution of " + args.Deployment.Name),
		Staging:               pulumi.Bool(false), // left out, previews with an unknown origin show a replacement
		Enabled:               pulumi.Bool(true),
		PriceClass:            pulumi.String(args.Edge.PriceClass),
		HttpVersion:           pulumi.String(args.Edge.HTTPVersion),
		IsIpv6Enabled:         pulumi.Bool(args.Edge.IPv6),
		Aliases:               pulumi.ToStringArray(args.Names),
		Origins:               origins(args),
		DefaultCacheBehavior:  defaultBehavior(args, policies),
		OrderedCacheBehaviors: orderedBehaviors(args, policies),
		CustomErrorResponses:  errorResponses(args.Edge),
		Restrictions:          restrictions(args.Edge),
		ViewerCertificate:     viewerCertificate(args),
	}
	if args.WebACLARN != nil {
		distributionArgs.WebAclId = args.WebACLARN.ToStringOutput().ToStringPtrOutput()
	}
	distribution, err := cloudfront.NewDistribution(ctx, name+"-distribution", distributionArgs, pulumi.Parent(e),
		pulumi.AdditionalSecretOutputs([]string{"origins"}),
		pulumi.ResourceHooks(guard),
		ignoreKeyInPreviews(ctx))
	if err != nil {
		return nil, err
	}

	e.DistributionID, e.DistributionARN = distribution.ID().ToStringOutput(), distribution.Arn
	e.DomainName, e.ZoneID = distribution.DomainName, distribution.HostedZoneId
	e.URL = pulumi.Sprintf("https://%s", distribution.DomainName)
	return e, ctx.RegisterResourceOutputs(e, pulumi.Map{
		"distributionId": e.DistributionID,
		"url":            e.URL,
	})
}

// ignoreKeyInPreviews excludes the origin header from what a preview compares, since a
// preview reads no key. An update must ignore nothing there: origins are a set to the
// provider, and when an element of a set changes in another property, its ignored
// properties are lost. CloudFront would lose the key.
func ignoreKeyInPreviews(ctx *pulumi.Context) pulumi.ResourceOption {
	if !ctx.DryRun() {
		return pulumi.Composite()
	}
	return pulumi.IgnoreChanges([]string{"origins[*].customHeaders"})
}

func restrictions(s config.Edge) *cloudfront.DistributionRestrictionsArgs {
	geo := &cloudfront.DistributionRestrictionsGeoRestrictionArgs{RestrictionType: pulumi.String("none")}
	switch {
	case len(s.CountriesAllowed) > 0:
		geo.RestrictionType, geo.Locations = pulumi.String("whitelist"), pulumi.ToStringArray(s.CountriesAllowed)
	case len(s.CountriesBlocked) > 0:
		geo.RestrictionType, geo.Locations = pulumi.String("blacklist"), pulumi.ToStringArray(s.CountriesBlocked)
	}
	return &cloudfront.DistributionRestrictionsArgs{GeoRestriction: geo}
}

// viewerCertificate returns the certificate for the custom domain names, or
// CloudFront's own, with which the minimum TLS version can't be chosen.
func viewerCertificate(args *Args) *cloudfront.DistributionViewerCertificateArgs {
	if args.CertificateARN == nil {
		return &cloudfront.DistributionViewerCertificateArgs{CloudfrontDefaultCertificate: pulumi.Bool(true)}
	}
	return &cloudfront.DistributionViewerCertificateArgs{
		AcmCertificateArn:      args.CertificateARN.ToStringOutput().ToStringPtrOutput(),
		MinimumProtocolVersion: pulumi.String(leastTLS),
		SslSupportMethod:       pulumi.String("sni-only"),
	}
}
