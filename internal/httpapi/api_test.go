package httpapi_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/function"
	"github.com/gatehouse-iac/gatehouse/internal/httpapi"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
	"github.com/gatehouse-iac/gatehouse/internal/rotation"
)

func run(t *testing.T) *pulumitest.Recorder {
	t.Helper()
	return pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		d := pulumitest.Deployment(t)
		s := pulumitest.Settings(t)
		s.Gateway.AuthorizerTTL = 90 * time.Second
		s.Key.Header = "x-origin-key"
		model, err := function.New(ctx, "model", &function.Args{Deployment: d, Code: "model"})
		if err != nil {
			return err
		}
		_, err = httpapi.New(ctx, "gateway", &httpapi.Args{
			Deployment: d,
			Gateway:    s.Gateway,
			Key:        s.Key,
			Keyring:    rotation.Keyring{Path: "/ring", KMSKeyARN: pulumi.String("arn:kms").ToStringOutput()},
			Routes: []httpapi.Route{
				{Name: "models", Method: "POST", Path: "/api/models", Function: model},
				{Name: "rest", Method: "ANY", Path: "/api" + httpapi.ProxyPath, Function: model},
			},
		})
		return err
	})
}

func TestAuthorizerRequiresTheOriginHeader(t *testing.T) {
	recorder := run(t)
	a := recorder.Only(t, "aws:apigatewayv2/authorizer:Authorizer")
	assert.Equal(t, "REQUEST", a.Text("authorizerType"))
	assert.Equal(t, "2.0", a.Text("authorizerPayloadFormatVersion"))
	assert.True(t, a.Input("enableSimpleResponses").BoolValue())
	assert.Equal(t, "$request.header.x-origin-key", a.Text("identitySources[0]"))
	assert.InDelta(t, 90, a.Input("authorizerResultTtlInSeconds").NumberValue(), 0)

	f := recorder.Named(t, "aws:lambda/function:Function", "gateway-authorizer")
	assert.Equal(t, map[string]string{
		"GATEHOUSE_KEY_PATH":       "/ring",
		"GATEHOUSE_ORIGIN_HEADER":  "x-origin-key",
		"GATEHOUSE_RING_TTL":       "1m0s",
		"GATEHOUSE_REFETCH_PERIOD": "10s",
		"GATEHOUSE_STALE_LIMIT":    "1h0m0s",
	}, environment(f))
}

func environment(f pulumitest.Registration) map[string]string {
	out := map[string]string{}
	for key, value := range f.Input("environment.variables").ObjectValue() {
		out[string(key)] = value.StringValue()
	}
	return out
}

func TestOnlyThisAPIMayInvokeTheFunctions(t *testing.T) {
	recorder := run(t)
	const api = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234"
	for name, source := range map[string]string{
		"gateway-authorizer-permission": api + "/authorizers/gateway-origin-key-id",
		"gateway-models-permission":     api + "/$default/*/api/*",
	} {
		p := recorder.Named(t, "aws:lambda/permission:Permission", name)
		assert.Equal(t, "apigateway.amazonaws.com", p.Text("principal"))
		assert.Equal(t, source, p.Text("sourceArn"))
	}
}

func TestStageIsThrottledAndLogged(t *testing.T) {
	stage := run(t).Only(t, "aws:apigatewayv2/stage:Stage")
	assert.Equal(t, "$default", stage.Text("name"))
	assert.InDelta(t, 100, stage.Input("defaultRouteSettings.throttlingRateLimit").NumberValue(), 0)
	assert.InDelta(t, 200, stage.Input("defaultRouteSettings.throttlingBurstLimit").NumberValue(), 0)
	assert.False(t, stage.Input("defaultRouteSettings.detailedMetricsEnabled").BoolValue(), "detailed metrics cost extra")
	var format map[string]string
	require.NoError(t, json.Unmarshal([]byte(stage.Text("accessLogSettings.format")), &format))
	assert.Equal(t, "$context.requestId", format["requestId"])
	for field, variable := range format {
		assert.NotContains(t, variable, "header", "%s: one of the headers is the key", field)
	}
}

func TestRoutesShareTheIntegrationOfTheirFunction(t *testing.T) {
	recorder := run(t)
	for name, key := range map[string]string{"gateway-models-route": "POST /api/models", "gateway-rest-route": "ANY /api/{proxy+}"} {
		route := recorder.Named(t, "aws:apigatewayv2/route:Route", name)
		assert.Equal(t, key, route.Text("routeKey"))
		assert.Equal(t, "integrations/gateway-models-integration-id", route.Text("target"), "routes to one function share its integration")
	}
	integration := recorder.Only(t, "aws:apigatewayv2/integration:Integration")
	assert.Equal(t, "AWS_PROXY", integration.Text("integrationType"))
	assert.Equal(t, "arn:aws:apigateway:invoke/model", integration.Text("integrationUri"))
}
