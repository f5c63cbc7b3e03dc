package edge_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/edge"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

const (
	distributionType  = "aws:cloudfront/distribution:Distribution"
	requestPolicyType = "aws:cloudfront/originRequestPolicy:OriginRequestPolicy"
)

// run declares a distribution without optional parts, but for those that change adds.
func run(t *testing.T, change func(*edge.Args)) *pulumitest.Recorder {
	t.Helper()
	return pulumitest.MustRun(t, program(t, change))
}

func program(t *testing.T, change func(*edge.Args)) pulumi.RunFunc {
	t.Helper()
	s := pulumitest.Settings(t)
	return func(ctx *pulumi.Context) error {
		args := &edge.Args{
			Deployment:              pulumitest.Deployment(t),
			Edge:                    s.Edge,
			Origin:                  s.Origin,
			OriginDomainName:        pulumi.String("api.example.com"),
			APIPrefix:               "/api",
			KeyHeader:               "x-origin-key",
			OriginKey:               pulumi.String("secret-value"),
			ResponseHeadersPolicyID: pulumi.String("headers-id"),
			ViewerRequestARN:        pulumi.String("arn:request"),
			ViewerResponseARN:       pulumi.String("arn:response"),
		}
		change(args)
		_, err := edge.New(ctx, "edge", args)
		return err
	}
}

func distribution(t *testing.T, change func(*edge.Args)) pulumitest.Registration {
	t.Helper()
	return run(t, change).Only(t, distributionType)
}

func unchanged(*edge.Args) {}

func withOriginFunction(args *edge.Args) { args.OriginRequestARN = pulumi.String("arn:origin:1") }

func TestOriginHasTheKeyAndUsesTLSOnly(t *testing.T) {
	d := distribution(t, unchanged)
	assert.Equal(t, "api.example.com", d.Text("origins[0].domainName"))
	assert.Equal(t, "https-only", d.Text("origins[0].customOriginConfig.originProtocolPolicy"))
	require.Len(t, d.Input("origins[0].customOriginConfig.originSslProtocols").ArrayValue(), 1)
	assert.Equal(t, "TLSv1.2", d.Text("origins[0].customOriginConfig.originSslProtocols[0]"))
	assert.Equal(t, "x-origin-key", d.Text("origins[0].customHeaders[0].name"))
	assert.Equal(t, "secret-value", d.Text("origins[0].customHeaders[0].value"))
}

func TestKeyIsSecretEvenIfTheCallerPassesAPlainValue(t *testing.T) {
	d := distribution(t, unchanged)
	assert.True(t, d.SecretAt("origins[0].customHeaders[0].value"))
	assert.Equal(t, []string{"origins"}, d.Request.GetAdditionalSecretOutputs())
}

// The provider loses an ignored property of a set's element when another property of the
// element changes.
func TestUpdateIgnoresNothing(t *testing.T) {
	assert.Empty(t, distribution(t, unchanged).Request.GetIgnoreChanges())
}

func TestPreviewIgnoresTheKey(t *testing.T) {
	recorder, err := pulumitest.Preview(program(t, unchanged))
	require.NoError(t, err)
	assert.Equal(t, []string{"origins[*].customHeaders"}, recorder.Only(t, distributionType).Request.GetIgnoreChanges())
}

func withStream(args *edge.Args) {
	args.Stream = &edge.StreamOrigin{
		DomainName: pulumi.String("stream.example.com"), Path: "/live", Paths: []string{"/chat", "/v1/chat"},
	}
}

func TestStreamHasItsOwnOriginWithTheSameKey(t *testing.T) {
	d := distribution(t, withStream)
	require.Len(t, d.Input("origins").ArrayValue(), 2)
	assert.Equal(t, edge.StreamOriginID, d.Text("origins[1].originId"))
	assert.Equal(t, "stream.example.com", d.Text("origins[1].domainName"))
	assert.Equal(t, "/live", d.Text("origins[1].originPath"))
	assert.Empty(t, d.Text("origins[0].originPath"))
	for _, property := range []string{"customHeaders", "customOriginConfig", "connectionAttempts", "connectionTimeout"} {
		assert.Equal(t, d.Input("origins[0]."+property), d.Input("origins[1]."+property), property)
	}
	assert.True(t, d.SecretAt("origins[1].customHeaders[0].value"))
}

// CloudFront takes the first behavior whose pattern matches.
func TestStreamedPathsComeFirst(t *testing.T) {
	d := distribution(t, func(args *edge.Args) {
		withStream(args)
		withOriginFunction(args)
	})
	var patterns []string
	for i := range d.Input("orderedCacheBehaviors").ArrayValue() {
		path := fmt.Sprintf("orderedCacheBehaviors[%d]", i)
		patterns = append(patterns, d.Text(path+".pathPattern")+" "+d.Text(path+".targetOriginId"))
		assert.True(t, d.Input(path+".compress").IsNull(), "CloudFront would hold streamed responses back")
		for _, property := range []string{"allowedMethods", "viewerProtocolPolicy", "functionAssociations", "lambdaFunctionAssociations", "originRequestPolicyId"} {
			assert.Equal(t, d.Input("orderedCacheBehaviors[0]."+property), d.Input(path+"."+property), property)
		}
	}
	assert.Equal(t, []string{"/api/chat/* stream", "/api/v1/chat/* stream", "/api/* api"}, patterns)
}

func TestDistributionHasOneOriginWithoutStreaming(t *testing.T) {
	d := distribution(t, func(args *edge.Args) {
		withOriginFunction(args)
		args.Edge.ErrorDocuments = true
		args.Origin.ShieldRegion = "eu-west-1"
		args.Names, args.CertificateARN = []string{"api.example.com"}, pulumi.String("arn:certificate")
		args.WebACLARN = pulumi.String("arn:acl")
	})
	assert.Len(t, d.Input("origins").ArrayValue(), 1)
	for i := range d.Input("orderedCacheBehaviors").ArrayValue() {
		assert.Equal(t, edge.OriginID, d.Text(fmt.Sprintf("orderedCacheBehaviors[%d].targetOriginId", i)))
	}
}

// behaviors returns the property paths of all behaviors of a distribution.
func behaviors(d pulumitest.Registration) []string {
	all := []string{"defaultCacheBehavior"}
	for i := range d.Input("orderedCacheBehaviors").ArrayValue() {
		all = append(all, fmt.Sprintf("orderedCacheBehaviors[%d]", i))
	}
	return all
}

func TestNothingIsCachedAndEveryResponseHasTheHeaders(t *testing.T) {
	d := distribution(t, func(args *edge.Args) {
		withOriginFunction(args)
		args.Edge.ErrorDocuments = true
	})
	require.Len(t, behaviors(d), 3)
	for _, behavior := range behaviors(d) {
		assert.Equal(t, "id-of-Managed-CachingDisabled", d.Text(behavior+".cachePolicyId"), behavior)
		assert.Equal(t, "headers-id", d.Text(behavior+".responseHeadersPolicyId"), behavior)
		assert.Equal(t, d.Text("origins[0].originId"), d.Text(behavior+".targetOriginId"), behavior)
	}
}

// The first of the behaviors that match has effect: those of the page come before the API's,
// and are the same but for the response headers.
func TestPlaygroundHasItsOwnResponseHeaders(t *testing.T) {
	d := distribution(t, func(args *edge.Args) {
		withStream(args)
		withOriginFunction(args)
		args.PlaygroundHeadersPolicyID = pulumi.String("page-id")
	})
	var policies []string
	for i := range d.Input("orderedCacheBehaviors").ArrayValue() {
		path := fmt.Sprintf("orderedCacheBehaviors[%d]", i)
		policies = append(policies, d.Text(path+".pathPattern")+" "+d.Text(path+".targetOriginId")+" "+d.Text(path+".responseHeadersPolicyId"))
		for _, property := range []string{
			"cachePolicyId", "allowedMethods", "viewerProtocolPolicy", "functionAssociations", "lambdaFunctionAssociations", "originRequestPolicyId",
		} {
			assert.Equal(t, d.Input("orderedCacheBehaviors[0]."+property), d.Input(path+"."+property), property)
		}
	}
	assert.Equal(t, []string{
		"/api/chat/* stream headers-id", "/api/v1/chat/* stream headers-id", "/api/playground api page-id", "/api/v1/playground api page-id", "/api/* api headers-id",
	}, policies)
}

func TestDefaultBehaviorRedirectsAndAllowsAllMethods(t *testing.T) {
	d := distribution(t, withOriginFunction)
	assert.Equal(t, "redirect-to-https", d.Text("defaultCacheBehavior.viewerProtocolPolicy"))
	assert.Equal(t, []any{"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"}, d.Input("defaultCacheBehavior.allowedMethods").Mappable(),
		"CloudFront would answer others with HTML")
	assert.Equal(t, "edge-forward-id", d.Text("defaultCacheBehavior.originRequestPolicyId"))
	assert.True(t, d.Input("defaultCacheBehavior.lambdaFunctionAssociations").IsNull())
}

func TestAPIBehaviorAllowsHTTPSOnly(t *testing.T) {
	d := distribution(t, func(args *edge.Args) { args.APIPrefix = "/v1" })
	require.Len(t, d.Input("orderedCacheBehaviors").ArrayValue(), 1)
	assert.Equal(t, "/v1/*", d.Text("orderedCacheBehaviors[0].pathPattern"))
	assert.Equal(t, "https-only", d.Text("orderedCacheBehaviors[0].viewerProtocolPolicy"))
	assert.Equal(t, []any{"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"}, d.Input("orderedCacheBehaviors[0].allowedMethods").Mappable(),
		"CloudFront has no smaller set with POST")
}

func TestBehaviorsHaveTheViewerFunctions(t *testing.T) {
	d := distribution(t, unchanged)
	for _, behavior := range behaviors(d) {
		assert.Equal(t, []any{
			map[string]any{"eventType": "viewer-request", "functionArn": "arn:request"},
			map[string]any{"eventType": "viewer-response", "functionArn": "arn:response"},
		}, d.Input(behavior+".functionAssociations").Mappable(), behavior)
	}
}

// requestPolicy is the origin request policy with a name.
func requestPolicy(t *testing.T, recorder *pulumitest.Recorder, name string) (headerBehavior string, headers any) {
	t.Helper()
	p := recorder.Named(t, requestPolicyType, name)
	assert.Equal(t, "none", p.Text("cookiesConfig.cookieBehavior"), name)
	assert.Equal(t, "all", p.Text("queryStringsConfig.queryStringBehavior"), name)
	return p.Text("headersConfig.headerBehavior"), p.Input("headersConfig.headers.items").Mappable()
}

func TestAllHeadersButHostAreForwarded(t *testing.T) {
	recorder := run(t, unchanged)
	require.Len(t, recorder.OfType(requestPolicyType), 1)
	behavior, headers := requestPolicy(t, recorder, "edge-forward")
	assert.Equal(t, "allExcept", behavior)
	assert.Equal(t, []any{"Host"}, headers)
	assert.Equal(t, "edge-forward-id", recorder.Only(t, distributionType).Text("orderedCacheBehaviors[0].originRequestPolicyId"))
}

func TestOriginRequestFunctionGetsTheCountry(t *testing.T) {
	recorder := run(t, withOriginFunction)
	behavior, headers := requestPolicy(t, recorder, "edge-annotate")
	assert.Equal(t, "allViewerAndWhitelistCloudFront", behavior)
	assert.Equal(t, []any{"CloudFront-Viewer-Country"}, headers)

	d := recorder.Only(t, distributionType)
	assert.Equal(t, []any{map[string]any{"eventType": "origin-request", "lambdaArn": "arn:origin:1", "includeBody": false}},
		d.Input("orderedCacheBehaviors[0].lambdaFunctionAssociations").Mappable())
	assert.Equal(t, "edge-annotate-id", d.Text("orderedCacheBehaviors[0].originRequestPolicyId"))
}

func TestViewersHostIsForwardedOnlyToTheFunctionThatReplacesIt(t *testing.T) {
	for _, change := range []func(*edge.Args){unchanged, withOriginFunction} {
		recorder := run(t, change)
		d := recorder.Only(t, distributionType)
		for _, path := range behaviors(d) {
			policy := d.Text(path + ".originRequestPolicyId")
			behavior, _ := requestPolicy(t, recorder, policy[:len(policy)-len("-id")])
			if behavior != "allExcept" {
				assert.False(t, d.Input(path+".lambdaFunctionAssociations").IsNull(), path)
			}
		}
	}
}

// errorsOf returns the custom error responses by status.
func errorsOf(d pulumitest.Registration) map[int]map[string]any {
	all := map[int]map[string]any{}
	for _, each := range d.Input("customErrorResponses").Mappable().([]any) {
		response := each.(map[string]any)
		all[int(response["errorCode"].(float64))] = response
	}
	return all
}

func TestErrorsAreNotCached(t *testing.T) {
	for status, response := range errorsOf(distribution(t, unchanged)) {
		assert.InDelta(t, 0, response["errorCachingMinTtl"], 0, "%d", status)
		assert.NotContains(t, response, "responsePagePath", "the API's own body of %d stays", status)
	}
}

func TestErrorDocumentsReplaceOnlyErrorsOfAWS(t *testing.T) {
	d := distribution(t, func(args *edge.Args) {
		withOriginFunction(args)
		args.Edge.ErrorDocuments = true
	})
	var documented []int
	for status, response := range errorsOf(d) {
		assert.InDelta(t, 0, response["errorCachingMinTtl"], 0, "%d", status)
		if page, ok := response["responsePagePath"]; ok {
			documented = append(documented, status)
			assert.Equal(t, fmt.Sprintf("/problems/%d.json", status), page)
			assert.InDelta(t, status, response["responseCode"], 0)
		}
	}
	slices.Sort(documented)
	assert.Equal(t, []int{502, 503, 504}, documented)

	assert.Equal(t, "/problems/*", d.Text("orderedCacheBehaviors[1].pathPattern"))
	assert.Equal(t, "https-only", d.Text("orderedCacheBehaviors[1].viewerProtocolPolicy"))
	assert.Equal(t, []any{"GET", "HEAD"}, d.Input("orderedCacheBehaviors[1].allowedMethods").Mappable())
	assert.Equal(t, "arn:origin:1", d.Text("orderedCacheBehaviors[1].lambdaFunctionAssociations[0].lambdaArn"))
	assert.Equal(t, []any{map[string]any{"eventType": "viewer-request", "functionArn": "arn:request"}},
		d.Input("orderedCacheBehaviors[1].functionAssociations").Mappable())
}

func TestGeographicRestrictions(t *testing.T) {
	restriction := func(change func(*edge.Args)) any {
		return distribution(t, change).Input("restrictions.geoRestriction").Mappable()
	}
	assert.Equal(t, map[string]any{"restrictionType": "none"}, restriction(unchanged))
	assert.Equal(t, map[string]any{"restrictionType": "whitelist", "locations": []any{"DE", "FR"}},
		restriction(func(args *edge.Args) { args.Edge.CountriesAllowed = []string{"DE", "FR"} }))
	assert.Equal(t, map[string]any{"restrictionType": "blacklist", "locations": []any{"AQ"}},
		restriction(func(args *edge.Args) { args.Edge.CountriesBlocked = []string{"AQ"} }))
}

func TestViewerSettings(t *testing.T) {
	d := distribution(t, unchanged)
	assert.Equal(t, "PriceClass_All", d.Text("priceClass"))
	assert.Equal(t, "http2and3", d.Text("httpVersion"))
	assert.Equal(t, resource.NewProperty(true), d.Input("isIpv6Enabled"))

	d = distribution(t, func(args *edge.Args) {
		args.Edge.PriceClass, args.Edge.HTTPVersion, args.Edge.IPv6 = "PriceClass_100", "http2", false
	})
	assert.Equal(t, "PriceClass_100", d.Text("priceClass"))
	assert.Equal(t, "http2", d.Text("httpVersion"))
	assert.Equal(t, resource.NewProperty(false), d.Input("isIpv6Enabled"))
}

func TestOriginSettings(t *testing.T) {
	d := distribution(t, unchanged)
	assert.InDelta(t, 3, d.Input("origins[0].connectionAttempts").NumberValue(), 0)
	assert.InDelta(t, 10, d.Input("origins[0].connectionTimeout").NumberValue(), 0)
	assert.InDelta(t, 45, d.Input("origins[0].customOriginConfig.originReadTimeout").NumberValue(), 0)
	assert.InDelta(t, 5, d.Input("origins[0].customOriginConfig.originKeepaliveTimeout").NumberValue(), 0)
	assert.True(t, d.Input("origins[0].originShield").IsNull())

	d = distribution(t, func(args *edge.Args) {
		args.Origin.ConnectionAttempts, args.Origin.ConnectionTimeout = 1, 2*time.Second
		args.Origin.ReadTimeout, args.Origin.Keepalive = time.Minute, 30*time.Second
		args.Origin.ShieldRegion = "eu-west-1"
	})
	assert.InDelta(t, 1, d.Input("origins[0].connectionAttempts").NumberValue(), 0)
	assert.InDelta(t, 2, d.Input("origins[0].connectionTimeout").NumberValue(), 0)
	assert.InDelta(t, 60, d.Input("origins[0].customOriginConfig.originReadTimeout").NumberValue(), 0)
	assert.InDelta(t, 30, d.Input("origins[0].customOriginConfig.originKeepaliveTimeout").NumberValue(), 0)
	assert.Equal(t, map[string]any{"enabled": true, "originShieldRegion": "eu-west-1"}, d.Input("origins[0].originShield").Mappable())

	d = distribution(t, func(args *edge.Args) { args.PreviousShield = "eu-west-1" })
	assert.Equal(t, map[string]any{"enabled": false, "originShieldRegion": "eu-west-1"}, d.Input("origins[0].originShield").Mappable())
}

func TestPreviewShowsNoReplacementForStaging(t *testing.T) {
	assert.Equal(t, resource.NewProperty(false), distribution(t, unchanged).Input("staging"))
}

func TestNamesUseTheCertificate(t *testing.T) {
	d := distribution(t, unchanged)
	assert.Empty(t, d.Input("aliases").ArrayValue())
	assert.Equal(t, map[string]any{"cloudfrontDefaultCertificate": true}, d.Input("viewerCertificate").Mappable())

	d = distribution(t, func(args *edge.Args) {
		args.Names, args.CertificateARN = []string{"api.example.com", "api.example.org"}, pulumi.String("arn:certificate")
	})
	assert.Equal(t, []any{"api.example.com", "api.example.org"}, d.Input("aliases").Mappable())
	assert.Equal(t, map[string]any{
		"acmCertificateArn": "arn:certificate", "minimumProtocolVersion": "TLSv1.2_2021", "sslSupportMethod": "sni-only",
	}, d.Input("viewerCertificate").Mappable())
}

func TestWebACLIsOptional(t *testing.T) {
	assert.True(t, distribution(t, unchanged).Input("webAclId").IsNull())
	assert.Equal(t, "arn:acl", distribution(t, func(args *edge.Args) { args.WebACLARN = pulumi.String("arn:acl") }).Text("webAclId"))
}
