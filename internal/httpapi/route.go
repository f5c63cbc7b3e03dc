package httpapi

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/function"
)

// Route sends the requests it matches to a function or through a VPC link.
type Route struct {
	Name     string // suffix of the names of the route's resources
	Method   string // "POST", or "ANY"
	Path     string // below the API's prefix, as in "/api/models"; with a VPCLink it ends with [ProxyPath]
	Function *function.Function
	VPCLink  *VPCLinkTarget
}

// newRoute declares a route with its integration. Routes are declared nowhere else, so
// that none lacks the authorizer.
func (a *API) newRoute(ctx *pulumi.Context, name string, args *Args, route Route) error {
	if err := route.check(args.Gateway.Prefix); err != nil {
		return err
	}
	name += "-" + route.Name
	target, err := a.target(ctx, name, args, route)
	if err != nil {
		return err
	}
	authorizerID, before := a.authorization(args, route)
	_, err = apigatewayv2.NewRoute(ctx, name+"-route", &apigatewayv2.RouteArgs{
		ApiId:             a.APIID,
		RouteKey:          pulumi.String(route.Method + " " + route.Path),
		Target:            target,
		AuthorizationType: pulumi.String("CUSTOM"),
		AuthorizerId:      authorizerID,
	}, append(before, pulumi.Parent(a))...)
	return err
}

// target returns the route's integration, which it declares unless it exists. All
// routes to one function share an integration, and the permission to invoke the
// function for every path below the prefix.
func (a *API) target(ctx *pulumi.Context, name string, args *Args, route Route) (pulumi.StringOutput, error) {
	if shared, made := a.functionTargets[route.Function]; made {
		return shared, nil
	}
	integration, err := apigatewayv2.NewIntegration(ctx, name+"-integration", args.integration(a.APIID, route), pulumi.Parent(a))
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	target := pulumi.Sprintf("integrations/%s", integration.ID())
	if route.Function == nil {
		return target, nil
	}
	a.functionTargets[route.Function] = target
	source := pulumi.Sprintf("%s/%s/*%s/*", a.executionARN, StageName, args.Gateway.Prefix)
	_, err = a.allowInvoke(ctx, name+"-permission", route.Function, source)
	return target, err
}

func (r Route) check(prefix string) error {
	switch {
	case !strings.HasPrefix(r.Path, prefix+"/"):
		return fmt.Errorf("route %s: its path is %q; it must be below %s", r.Name, r.Path, prefix)
	case (r.Function == nil) == (r.VPCLink == nil):
		return fmt.Errorf("route %s requires either a function or a VPC link target", r.Name)
	case r.VPCLink != nil && !strings.HasSuffix(r.Path, ProxyPath):
		return fmt.Errorf("route %s: its path is %q; with a VPC link target it must end with %s", r.Name, r.Path, ProxyPath)
	default:
		return nil
	}
}

func (a *Args) integration(apiID pulumi.StringInput, r Route) *apigatewayv2.IntegrationArgs {
	if r.VPCLink != nil {
		return r.VPCLink.integration(apiID, r.Method, a.requestParameters(r))
	}
	return &apigatewayv2.IntegrationArgs{
		ApiId:                apiID,
		IntegrationType:      pulumi.String("AWS_PROXY"),
		IntegrationUri:       r.Function.InvokeARN,
		PayloadFormatVersion: pulumi.String("2.0"),
	}
}
