package gateway

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/function"
)

// Route sends what matches to a function.
type Route struct {
	Name     string // ends the names of the route's resources
	Method   string // "POST"
	Path     string // "/api/models"
	Function *function.Function
}

// newRoute is the only place where routes are made: none goes without the
// authorizer.
func (g *Gateway) newRoute(ctx *pulumi.Context, name string, route Route) error {
	name += "-" + route.Name
	integration, err := apigatewayv2.NewIntegration(ctx, name+"-integration", &apigatewayv2.IntegrationArgs{
		ApiId:                g.APIID,
		IntegrationType:      pulumi.String("AWS_PROXY"),
		IntegrationUri:       route.Function.InvokeARN,
		PayloadFormatVersion: pulumi.String("2.0"),
	}, pulumi.Parent(g))
	if err != nil {
		return err
	}
	_, err = apigatewayv2.NewRoute(ctx, name+"-route", &apigatewayv2.RouteArgs{
		ApiId:             g.APIID,
		RouteKey:          pulumi.String(route.Method + " " + route.Path),
		Target:            pulumi.Sprintf("integrations/%s", integration.ID()),
		AuthorizationType: pulumi.String("CUSTOM"),
		AuthorizerId:      g.authorizerID,
	}, pulumi.Parent(g))
	if err != nil {
		return err
	}
	source := pulumi.Sprintf("%s/%s/%s/%s", g.executionARN, StageName, route.Method, strings.TrimPrefix(route.Path, "/"))
	return g.allowInvoke(ctx, name+"-permission", route.Function, source)
}
