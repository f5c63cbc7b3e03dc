// Package httpapi declares the HTTP API of API Gateway: its routes, its stage, and the
// Lambda authorizer that accepts a request on any route only with an origin key.
package httpapi

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/clients"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/function"
	"github.com/gatehouse-iac/gatehouse/internal/rotation"
)

// Args configures a [API].
type Args struct {
	Deployment deployment.Deployment
	Gateway    config.Gateway
	Key        config.Key
	Keyring    rotation.Keyring
	Routes     []Route

	// Clients has the table of clients; nil if any viewer may ask.
	Clients *clients.Access
}

// API is an HTTP API with its stage, authorizer and routes.
type API struct {
	pulumi.ResourceState

	APIID      pulumi.StringOutput
	URL        pulumi.StringOutput // without a slash at its end
	DomainName pulumi.StringOutput // the URL's host
	Authorizer *function.Function
	AccessLog  pulumi.StringOutput // name of the log group

	executionARN pulumi.StringOutput
	authorizerID pulumi.StringOutput

	// The authorizer of the routes that require a client, if there are any.
	clientAuthorizerID pulumi.StringOutput
	clientPermission   *lambda.Permission

	functionTargets map[*function.Function]pulumi.StringOutput // integrations that exist already
}

// New declares the API.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*API, error) {
	a := &API{functionTargets: map[*function.Function]pulumi.StringOutput{}}
	if err := ctx.RegisterComponentResource("gatehouse:gateway:Gateway", name, a, opts...); err != nil {
		return nil, err
	}
	if err := a.newAPI(ctx, name, args); err != nil {
		return nil, err
	}
	if err := a.newAuthorizer(ctx, name, args); err != nil {
		return nil, err
	}
	if err := a.newClientAuthorizer(ctx, name, args); err != nil {
		return nil, err
	}
	for _, route := range args.Routes {
		if err := a.newRoute(ctx, name, args, route); err != nil {
			return nil, err
		}
	}
	if err := a.newStage(ctx, name, args); err != nil {
		return nil, err
	}
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{
		"apiId":          a.APIID,
		"url":            a.URL,
		"authorizerName": a.Authorizer.Name,
	})
}

func (a *API) newAPI(ctx *pulumi.Context, name string, args *Args) error {
	api, err := apigatewayv2.NewApi(ctx, name+"-api", &apigatewayv2.ApiArgs{
		Name:         pulumi.String(args.Deployment.Name),
		Description:  pulumi.String("Accepts only requests through CloudFront"),
		ProtocolType: pulumi.String("HTTP"),
	}, pulumi.Parent(a))
	if err != nil {
		return err
	}
	a.APIID = api.ID().ToStringOutput()
	a.URL = api.ApiEndpoint
	a.DomainName = api.ApiEndpoint.ApplyT(func(url string) string { return strings.TrimPrefix(url, "https://") }).(pulumi.StringOutput)
	a.executionARN = api.ExecutionArn
	return nil
}
