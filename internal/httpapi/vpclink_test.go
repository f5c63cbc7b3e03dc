package httpapi_test

import (
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/function"
	"github.com/gatehouse-iac/gatehouse/internal/httpapi"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
	"github.com/gatehouse-iac/gatehouse/internal/rotation"
)

func runRoutes(t *testing.T, routes ...httpapi.Route) (*pulumitest.Recorder, error) {
	t.Helper()
	return pulumitest.Run(func(ctx *pulumi.Context) error {
		s := pulumitest.Settings(t)
		s.Key.Header = "x-origin-key"
		_, err := httpapi.New(ctx, "gateway", &httpapi.Args{
			Deployment: pulumitest.Deployment(t),
			Gateway:    s.Gateway,
			Key:        s.Key,
			Keyring:    rotation.Keyring{Path: "/ring", KMSKeyARN: pulumi.String("arn:kms").ToStringOutput()},
			Routes:     routes,
		})
		return err
	})
}

func privateRoute(serverName string) httpapi.Route {
	return httpapi.Route{Name: "private", Method: "ANY", Path: "/api/private/{proxy+}", VPCLink: &httpapi.VPCLinkTarget{
		LinkID:      pulumi.String("link-1"),
		ListenerARN: pulumi.String("arn:listener"),
		ServerName:  serverName,
		Timeout:     7 * time.Second,
	}}
}

func TestPrivateRouteUsesTheVPCLink(t *testing.T) {
	recorder, err := runRoutes(t, privateRoute(""))
	require.NoError(t, err)
	integration := recorder.Only(t, "aws:apigatewayv2/integration:Integration")
	assert.Equal(t, resource.PropertyMap{
		"apiId":                resource.NewProperty("gateway-api-id"),
		"integrationType":      resource.NewProperty("HTTP_PROXY"),
		"integrationMethod":    resource.NewProperty("ANY"),
		"integrationUri":       resource.NewProperty("arn:listener"),
		"connectionType":       resource.NewProperty("VPC_LINK"),
		"connectionId":         resource.NewProperty("link-1"),
		"payloadFormatVersion": resource.NewProperty("1.0"),
		"timeoutMilliseconds":  resource.NewProperty(7000.0),
		"requestParameters": resource.NewProperty(resource.PropertyMap{
			"overwrite:path":             resource.NewProperty("/$request.path.proxy"),
			"remove:header.x-origin-key": resource.NewProperty("''"),
		}),
	}, integration.Inputs)
}

func TestPrivateRouteHasTheAuthorizerAndNoPermission(t *testing.T) {
	recorder, err := runRoutes(t, privateRoute(""))
	require.NoError(t, err)
	route := recorder.Only(t, "aws:apigatewayv2/route:Route")
	assert.Equal(t, "ANY /api/private/{proxy+}", route.Text("routeKey"))
	assert.Equal(t, "integrations/gateway-private-integration-id", route.Text("target"))
	assert.Equal(t, "CUSTOM", route.Text("authorizationType"))
	assert.Equal(t, "gateway-origin-key-id", route.Text("authorizerId"))
	permission := recorder.Only(t, "aws:lambda/permission:Permission")
	assert.Equal(t, "gateway-authorizer-permission", permission.Name, "the authorizer is the only function to invoke")
}

func TestServerNameIsVerified(t *testing.T) {
	recorder, err := runRoutes(t, privateRoute("model.example.com"))
	require.NoError(t, err)
	integration := recorder.Only(t, "aws:apigatewayv2/integration:Integration")
	assert.Equal(t, "model.example.com", integration.Text("tlsConfig.serverNameToVerify"))
}

func TestRouteRequiresExactlyOneTarget(t *testing.T) {
	both := privateRoute("")
	both.Function = &function.Function{}
	for _, route := range []httpapi.Route{both, {Name: "private", Method: "GET", Path: "/api/nowhere"}} {
		_, err := runRoutes(t, route)
		require.ErrorContains(t, err, "route private requires either a function or a VPC link target")
	}
}

func TestPrivateRouteRequiresAProxyPath(t *testing.T) {
	route := privateRoute("")
	route.Path = "/api/private"
	_, err := runRoutes(t, route)
	require.ErrorContains(t, err, `its path is "/api/private"; with a VPC link target it must end with /{proxy+}`)
}

func TestRouteMustBeBelowThePrefix(t *testing.T) {
	for _, path := range []string{"/other/{proxy+}", "/api", "/apis/{proxy+}"} {
		route := privateRoute("")
		route.Path = path
		_, err := runRoutes(t, route)
		require.ErrorContains(t, err, "it must be below /api")
	}
}
