// Package gateway is the HTTP API: every route behind the authorizer that asks for
// the origin key.
package httpapi

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/function"
	"github.com/gatehouse-iac/gatehouse/internal/rotation"
)

// Args configures a [Gateway].
type Args struct {
	Deployment deployment.Deployment
	Gateway    config.Gateway
	Key        config.Key
	Keyring    rotation.Keyring
	Routes     []Route
}

// Gateway is the HTTP API with its stage, authorizer and routes.
type Gateway struct {
	pulumi.ResourceState

	APIID      pulumi.StringOutput
	URL        pulumi.StringOutput // without a slash at its end
	DomainName pulumi.StringOutput // the URL's host
	Authorizer *function.Function
	AccessLog  pulumi.StringOutput // the log group's name

	executionARN pulumi.StringOutput
	authorizerID pulumi.StringOutput

	functionTargets map[*function.Function]pulumi.StringOutput
}

// New declares the API.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Gateway, error) {
	g := &Gateway{functionTargets: map[*function.Function]pulumi.StringOutput{}}
	if err := ctx.RegisterComponentResource("gatehouse:gateway:Gateway", name, g, opts...); err != nil {
		return nil, err
	}
	if err := g.newAPI(ctx, name, args); err != nil {
		return nil, err
	}
	if err := g.newAuthorizer(ctx, name, args); err != nil {
		return nil, err
	}
	for _, route := range args.Routes {
		if err := g.newRoute(ctx, name, args, route); err != nil {
			return nil, err
		}
	}
	if err := g.newStage(ctx, name, args); err != nil {
		return nil, err
	}
	return g, ctx.RegisterResourceOutputs(g, pulumi.Map{
		"apiId":          g.APIID,
		"url":            g.URL,
		"authorizerName": g.Authorizer.Name,
	})
}

func (g *Gateway) newAPI(ctx *pulumi.Context, name string, args *Args) error {
	api, err := apigatewayv2.NewApi(ctx, name+"-api", &apigatewayv2.ApiArgs{
		Name:         pulumi.String(args.Deployment.Name),
		Description:  pulumi.String("Answers only what came through CloudFront"),
		ProtocolType: pulumi.String("HTTP"),
	}, pulumi.Parent(g))
	if err != nil {
		return err
	}
	g.APIID = api.ID().ToStringOutput()
	g.URL = api.ApiEndpoint
	g.DomainName = api.ApiEndpoint.ApplyT(func(url string) string { return strings.TrimPrefix(url, "https://") }).(pulumi.StringOutput)
	g.executionARN = api.ExecutionArn
	return nil
}
