// Package edgefunction declares the functions that CloudFront runs: viewer-request and
// viewer-response as CloudFront Functions, and origin-request as Lambda@Edge. Their
// sources are in lambda/edge; package edge attaches them to the distribution.
package edgefunction

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudfront"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/responseheaders"
	source "github.com/gatehouse-iac/gatehouse/lambda/edge"
)

// largestFunction is the maximum size of a CloudFront Function in bytes (CloudFront's
// quotas).
const largestFunction = 10 << 10

// ViewerArgs configures a [Viewer].
type ViewerArgs struct {
	Deployment      deployment.Deployment
	Edge            config.Edge
	CORS            config.CORS
	ResponseHeaders config.ResponseHeaders
	Prefix          string // of the API's paths; all others get status 404
	ProblemsPrefix  string // below which the origin-request function serves problem documents; empty for none
	KeyHeader       string // carries the origin key; viewers can't send it

	// Credential configures how viewers present their credentials; nil while they need none.
	Credential *Credential

	// CloudFrontHeaders are the headers that CloudFront adds because an origin request
	// policy lists them. Their names begin with CloudFront-.
	CloudFrontHeaders []string
}

// Viewer is the viewer-request and the viewer-response function.
type Viewer struct {
	pulumi.ResourceState

	RequestARN  pulumi.StringOutput
	ResponseARN pulumi.StringOutput
}

// NewViewer declares the functions.
func NewViewer(ctx *pulumi.Context, name string, args *ViewerArgs, opts ...pulumi.ResourceOption) (*Viewer, error) {
	v := &Viewer{}
	if err := ctx.RegisterComponentResource("gatehouse:edgefunction:Viewer", name, v, opts...); err != nil {
		return nil, err
	}
	request, err := v.newFunction(ctx, name, "request", args.Deployment, source.ViewerRequest, newViewerSettings(args))
	if err != nil {
		return nil, err
	}
	response, err := v.newFunction(ctx, name, "response", args.Deployment, source.ViewerResponse,
		responseSettings{requestIDHeader, responseheaders.ForViewerResponse(args.ResponseHeaders)})
	if err != nil {
		return nil, err
	}
	v.RequestARN, v.ResponseARN = request.Arn, response.Arn
	return v, ctx.RegisterResourceOutputs(v, pulumi.Map{
		"requestArn":  v.RequestARN,
		"responseArn": v.ResponseARN,
	})
}

func (v *Viewer) newFunction(ctx *pulumi.Context, name, event string, d deployment.Deployment, source string, s any) (*cloudfront.Function, error) {
	code, err := RenderCompact(source, s)
	if err != nil {
		return nil, err
	}
	if len(code) > largestFunction {
		return nil, fmt.Errorf("the viewer-%s function has %d bytes with its settings; allowed: at most %d, so shorten one of "+
			"contentSecurityPolicy, corsOrigins, corsHeaders, corsExposedHeaders or customHeaderValue", event, len(code), largestFunction)
	}
	return cloudfront.NewFunction(ctx, name+"-"+event, &cloudfront.FunctionArgs{
		Name:    pulumi.String(d.Name + "-viewer-" + event),
		Comment: pulumi.String("The viewer-" + event + " function of " + d.Name),
		Runtime: pulumi.String("cloudfront-js-2.0"),
		Code:    pulumi.String(code),
		Publish: pulumi.Bool(true),
	}, pulumi.Parent(v))
}

func lower(names []string) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = strings.ToLower(name)
	}
	return all
}
