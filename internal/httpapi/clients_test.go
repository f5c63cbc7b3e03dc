package httpapi_test

import (
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/clients"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/function"
	"github.com/gatehouse-iac/gatehouse/internal/httpapi"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
	"github.com/gatehouse-iac/gatehouse/internal/rotation"
)

const authorizerType = "aws:apigatewayv2/authorizer:Authorizer"

// runWithClients declares an API with these routes and a table of clients.
func runWithClients(t *testing.T, access string, routes ...httpapi.Route) *pulumitest.Recorder {
	t.Helper()
	return pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		s := pulumitest.Settings(t)
		s.Key.Header = "x-origin-key"
		_, err := httpapi.New(ctx, "gateway", &httpapi.Args{
			Deployment: pulumitest.Deployment(t),
			Gateway:    s.Gateway,
			Key:        s.Key,
			Keyring:    rotation.Keyring{Path: "/ring", KMSKeyARN: pulumi.String("arn:kms").ToStringOutput()},
			Routes:     routes,
			Clients: &clients.Access{
				Settings:  config.Clients{Access: access, InferencePrice: 2_500_000},
				TableName: pulumi.String("test-clients").ToStringOutput(),
				TableARN:  pulumi.String("arn:table").ToStringOutput(),
			},
		})
		return err
	})
}

// functionRoute is a route to a function, which decides about clients itself.
func functionRoute() httpapi.Route {
	return httpapi.Route{Name: "models", Method: "ANY", Path: "/api/{proxy+}", Function: &function.Function{
		Name: pulumi.String("model").ToStringOutput(), InvokeARN: pulumi.String("arn:model").ToStringOutput(),
	}}
}

func TestPrivateRouteHasAnAuthorizerOfItsOwn(t *testing.T) {
	recorder := runWithClients(t, lambdaenv.ClientAccessKeys, functionRoute(), privateRoute(""))
	authorizer := recorder.Named(t, authorizerType, "gateway-client")
	assert.ElementsMatch(t, []any{"$request.header.x-origin-key", "$request.header.x-gatehouse-credential", "$context.routeKey"},
		authorizer.Input("identitySources").Mappable())
	assert.Zero(t, authorizer.Input("authorizerResultTtlInSeconds").NumberValue())
	first := recorder.Named(t, authorizerType, "gateway-origin-key")
	assert.Equal(t, []any{"$request.header.x-origin-key"}, first.Input("identitySources").Mappable())
	for _, same := range []string{"authorizerType", "authorizerUri", "authorizerPayloadFormatVersion", "enableSimpleResponses", "apiId"} {
		assert.Equal(t, first.Input(same), authorizer.Input(same), same)
	}

	const route = "aws:apigatewayv2/route:Route"
	assert.Equal(t, "gateway-client-id", recorder.Named(t, route, "gateway-private-route").Text("authorizerId"))
	assert.Equal(t, "gateway-origin-key-id", recorder.Named(t, route, "gateway-models-route").Text("authorizerId"))
	permission := recorder.Named(t, "aws:lambda/permission:Permission", "gateway-client-permission")
	assert.Equal(t, "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/authorizers/gateway-client-id", permission.Text("sourceArn"))
	assert.Equal(t, recorder.Named(t, "aws:lambda/permission:Permission", "gateway-authorizer-permission").Text("function"), permission.Text("function"))
}

// A route that exists moves to the new authorizer, which API Gateway must be able to
// invoke by then.
func TestPermissionExistsBeforeTheRouteUsesIt(t *testing.T) {
	recorder := runWithClients(t, lambdaenv.ClientAccessKeys, privateRoute(""))
	var before []string
	for _, dependency := range recorder.Only(t, "aws:apigatewayv2/route:Route").Request.GetDependencies() {
		before = append(before, urn.URN(dependency).Name())
	}
	assert.Contains(t, before, "gateway-client-permission")
}

func TestServerLearnsTheClientAndNotItsCredential(t *testing.T) {
	for access, want := range map[string]map[string]any{
		lambdaenv.ClientAccessKeys: {
			"overwrite:path":                       "/$request.path.proxy",
			"remove:header.x-origin-key":           "''",
			"remove:header.x-gatehouse-credential": "''",
			"overwrite:header.x-gatehouse-client":  "$context.authorizer.client",
		},
		lambdaenv.ClientAccessMigrating: {
			"overwrite:path":                       "/$request.path.proxy",
			"remove:header.x-origin-key":           "''",
			"remove:header.x-gatehouse-credential": "''",
			"remove:header.x-gatehouse-client":     "''",
		},
	} {
		recorder := runWithClients(t, access, privateRoute(""))
		assert.Equal(t, want, recorder.Only(t, "aws:apigatewayv2/integration:Integration").Input("requestParameters").Mappable(), access)
	}
}

// An identity source can't be optional: API Gateway rejects a request without one.
func TestPrivateRouteRequiresNoClientWhileMigrating(t *testing.T) {
	recorder := runWithClients(t, lambdaenv.ClientAccessMigrating, functionRoute(), privateRoute(""))
	recorder.Only(t, authorizerType)
	for _, route := range recorder.OfType("aws:apigatewayv2/route:Route") {
		assert.Equal(t, "gateway-origin-key-id", route.Text("authorizerId"))
	}
}

// While clients migrate, the function can decide about them already, or still: the route
// begins or ends to require a client in an update during which requests go on.
func TestAuthorizerUsesTheTableForPrivateRoutesOnly(t *testing.T) {
	for name, c := range map[string]struct {
		access string
		routes []httpapi.Route
		uses   bool
	}{
		"keys":                         {lambdaenv.ClientAccessKeys, []httpapi.Route{functionRoute(), privateRoute("")}, true},
		"keys without a private route": {lambdaenv.ClientAccessKeys, []httpapi.Route{functionRoute()}, false},
		"migrating":                    {lambdaenv.ClientAccessMigrating, []httpapi.Route{functionRoute(), privateRoute("")}, true},
	} {
		t.Run(name, func(t *testing.T) {
			recorder := runWithClients(t, c.access, c.routes...)
			variables := environment(recorder.Named(t, "aws:lambda/function:Function", "gateway-authorizer"))
			var format map[string]string
			require.NoError(t, json.Unmarshal([]byte(recorder.Only(t, "aws:apigatewayv2/stage:Stage").Text("accessLogSettings.format")), &format))
			var policy string
			for _, p := range recorder.OfType("aws:iam/rolePolicy:RolePolicy") {
				policy += p.Text("policy")
			}
			assert.Equal(t, c.uses && c.access == lambdaenv.ClientAccessKeys, format["client"] == "$context.authorizer.client")
			if !c.uses {
				assert.NotContains(t, variables, "GATEHOUSE_CLIENTS_TABLE")
				assert.NotContains(t, variables, "GATEHOUSE_INFERENCE_PRICE")
				assert.NotContains(t, format, "client")
				assert.NotContains(t, policy, "dynamodb:")
				return
			}
			assert.Equal(t, "test-clients", variables["GATEHOUSE_CLIENTS_TABLE"])
			assert.Equal(t, "0.0025", variables["GATEHOUSE_INFERENCE_PRICE"])
			assert.Contains(t, policy, `"arn:table"`)
			assert.Contains(t, policy, "ssm:GetParametersByPath")
			_, err := lambdaenv.ParseAuthorizer(func(name string) (string, bool) { value, ok := variables[name]; return value, ok })
			require.NoError(t, err)
		})
	}
}
