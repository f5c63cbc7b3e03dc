package httpapi

import (
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
)

// ClientHeader is the request header in which a server behind a VPC link gets the name of
// the client. Viewers can't send it.
const ClientHeader = "x-gatehouse-client"

// requiresClient reports whether a route requires a client before its target gets the
// request. Functions decide about clients themselves; a server behind a VPC link can't. An
// authorizer's identity sources are required, so that it can't be optional there while
// requests without a credential are allowed.
func (a *Args) requiresClient(route Route) bool {
	return route.VPCLink != nil && a.Clients != nil && a.Clients.Settings.Access == lambdaenv.ClientAccessKeys
}

// requireClient reports whether any route requires a client.
func (a *Args) requireClient() bool { return slices.ContainsFunc(a.Routes, a.requiresClient) }

// mayRequireClient reports whether the function must be able to decide about clients: also
// while they migrate, so that it is whenever a route begins or ends to require one.
func (a *Args) mayRequireClient() bool {
	return a.Clients != nil && slices.ContainsFunc(a.Routes, func(route Route) bool { return route.VPCLink != nil })
}

// newClientAuthorizer declares the authorizer of the routes that require a client, which
// invokes the same function. API Gateway rejects requests without one of its three identity
// sources itself, and the function knows by their number that it has to decide about the
// client. Each decision counts a request, so none is cached.
func (a *API) newClientAuthorizer(ctx *pulumi.Context, name string, args *Args) error {
	if !args.requireClient() {
		return nil
	}
	authorizer, err := apigatewayv2.NewAuthorizer(ctx, name+"-client", &apigatewayv2.AuthorizerArgs{
		ApiId:                          a.APIID,
		Name:                           pulumi.String("client"),
		AuthorizerType:                 pulumi.String("REQUEST"),
		AuthorizerUri:                  a.Authorizer.InvokeARN,
		AuthorizerPayloadFormatVersion: pulumi.String("2.0"),
		EnableSimpleResponses:          pulumi.Bool(true),
		IdentitySources: pulumi.ToStringArray([]string{
			"$request.header." + args.Key.Header,
			"$request.header." + credential.Header,
			"$context.routeKey",
		}),
		AuthorizerResultTtlInSeconds: pulumi.Int(0),
	}, pulumi.Parent(a))
	if err != nil {
		return err
	}
	permission, err := a.allowInvoke(ctx, name+"-client-permission", a.Authorizer,
		pulumi.Sprintf("%s/authorizers/%s", a.executionARN, authorizer.ID()))
	if err != nil {
		return err
	}
	a.clientAuthorizerID = authorizer.ID().ToStringOutput()
	a.clientPermission = permission
	return nil
}

// authorization returns the authorizer of a route, and what must exist before the route
// uses it: a route that exists already must not fail while the permission to invoke the
// function doesn't yet.
func (a *API) authorization(args *Args, route Route) (authorizerID pulumi.StringOutput, before []pulumi.ResourceOption) {
	if args.requiresClient(route) {
		return a.clientAuthorizerID, []pulumi.ResourceOption{pulumi.DependsOn([]pulumi.Resource{a.clientPermission})}
	}
	return a.authorizerID, nil
}

// clientParameters returns the mapping of the headers about clients. A server behind a VPC
// link gets the client's name and never its credential, which CloudFront has moved out of
// the header that the client sent it in.
func (a *Args) clientParameters(route Route) map[string]string {
	switch {
	case a.requiresClient(route):
		return map[string]string{
			"remove:header." + credential.Header: "''",
			"overwrite:header." + ClientHeader:   "$context.authorizer.client",
		}
	case a.Clients != nil:
		return map[string]string{
			"remove:header." + credential.Header: "''",
			"remove:header." + ClientHeader:      "''",
		}
	}
	return nil
}
