package restapi_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/function"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
	"github.com/gatehouse-iac/gatehouse/internal/restapi"
)

func declare(t *testing.T, ctx *pulumi.Context) (*restapi.API, error) {
	t.Helper()
	d, s := pulumitest.Deployment(t), pulumitest.Settings(t)
	s.Gateway.AuthorizerTTL = 90 * time.Second
	s.Key.Header = "x-origin-key"
	authorizer, err := function.New(ctx, "authorizer", &function.Args{Deployment: d, Code: "authorizer"})
	if err != nil {
		return nil, err
	}
	stream, err := function.New(ctx, "stream", &function.Args{Deployment: d, Code: "model", Name: "model-stream"})
	if err != nil {
		return nil, err
	}
	return restapi.New(ctx, "streaming", &restapi.Args{
		Deployment: d, Gateway: s.Gateway, Key: s.Key, Authorizer: authorizer, Function: stream, Timeout: 5 * time.Minute,
	})
}

func run(t *testing.T) *pulumitest.Recorder {
	t.Helper()
	return pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		_, err := declare(t, ctx)
		return err
	})
}

// description has the parts of the API's OpenAPI description that the tests check.
type description struct {
	Paths      map[string]map[string]operation
	Components struct {
		SecuritySchemes map[string]struct {
			Type, In, Name string
			Authtype       string `json:"x-amazon-apigateway-authtype"`
			Authorizer     struct {
				Type, AuthorizerURI, IdentitySource string
				TTL                                 int `json:"authorizerResultTtlInSeconds"`
			} `json:"x-amazon-apigateway-authorizer"`
		}
	}
	GatewayResponses map[string]gatewayResponse `json:"x-amazon-apigateway-gateway-responses"`
}

type operation struct {
	Security    []map[string][]string
	Integration struct {
		Type, HTTPMethod, URI, ResponseTransferMode string
		TimeoutInMillis                             int
	} `json:"x-amazon-apigateway-integration"`
}

type gatewayResponse struct {
	StatusCode         int
	ResponseParameters map[string]string
	ResponseTemplates  map[string]string
}

func describe(t *testing.T) description {
	t.Helper()
	var d description
	require.NoError(t, json.Unmarshal([]byte(run(t).Only(t, "aws:apigateway/restApi:RestApi").Text("body")), &d))
	return d
}

func TestEveryOperationHasTheAuthorizerAndStreams(t *testing.T) {
	d := describe(t)
	require.Len(t, d.Paths, 2)
	for _, path := range []string{"/api/chat/{proxy+}", "/api/v1/chat/{proxy+}"} {
		require.Contains(t, d.Paths, path)
		require.Len(t, d.Paths[path], 1, path)
		o := d.Paths[path]["x-amazon-apigateway-any-method"]
		assert.Equal(t, []map[string][]string{{"origin-key": {}}}, o.Security, path)
		assert.Equal(t, "aws_proxy", o.Integration.Type, path)
		assert.Equal(t, "POST", o.Integration.HTTPMethod, path)
		assert.Equal(t, "STREAM", o.Integration.ResponseTransferMode, path)
		assert.Equal(t, 304_000, o.Integration.TimeoutInMillis, path)
		assert.Equal(t, "arn:aws:apigateway:eu-west-1:lambda:path/2021-11-15/functions/arn:aws:mock:::Function/stream/response-streaming-invocations",
			o.Integration.URI, path)
	}
}

func TestAuthorizerRequiresTheOriginHeader(t *testing.T) {
	require.Len(t, describe(t).Components.SecuritySchemes, 1)
	scheme := describe(t).Components.SecuritySchemes["origin-key"]
	assert.Equal(t, []string{"apiKey", "header", "x-origin-key"}, []string{scheme.Type, scheme.In, scheme.Name})
	assert.Equal(t, "custom", scheme.Authtype)
	assert.Equal(t, "request", scheme.Authorizer.Type)
	assert.Equal(t, "method.request.header.x-origin-key", scheme.Authorizer.IdentitySource)
	assert.Equal(t, 90, scheme.Authorizer.TTL)
	assert.Equal(t, "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:mock:::Function/authorizer/invocations",
		scheme.Authorizer.AuthorizerURI)
}

func TestErrorsOfTheGatewayAreProblemDocuments(t *testing.T) {
	responses := describe(t).GatewayResponses
	for name, status := range map[string]int{
		"UNAUTHORIZED": 401, "ACCESS_DENIED": 403, "MISSING_AUTHENTICATION_TOKEN": 404, "REQUEST_TOO_LARGE": 413, "THROTTLED": 429,
		"AUTHORIZER_FAILURE": 500, "AUTHORIZER_CONFIGURATION_ERROR": 500, "INTEGRATION_FAILURE": 503, "INTEGRATION_TIMEOUT": 504,
		"DEFAULT_5XX": 0, // each keeps its own status
	} {
		r := responses[name]
		assert.Equal(t, status, r.StatusCode, name)
		assert.Equal(t, "'application/problem+json'", r.ResponseParameters["gatewayresponse.header.Content-Type"], name)
		assert.Equal(t, "'no-store'", r.ResponseParameters["gatewayresponse.header.Cache-Control"], name)
		var problem struct {
			Status       int
			Detail, Code string
			Error        struct{ Message, Type, Code string }
		}
		require.NoError(t, json.Unmarshal([]byte(r.ResponseTemplates["application/json"]), &problem), name)
		assert.Equal(t, status, problem.Status, name)
		assert.NotEmpty(t, problem.Code, name)
		assert.Equal(t, problem.Code, problem.Error.Code, name)
		assert.Equal(t, problem.Detail, problem.Error.Message, name)
	}
	assert.Equal(t, "'false'", responses["INTEGRATION_TIMEOUT"].ResponseParameters["gatewayresponse.header.X-Should-Retry"])
	const authorized = "gatewayresponse.header.X-Gatehouse-Authorized"
	for name, r := range responses {
		_, found := r.ResponseParameters[authorized]
		assert.Equal(t, strings.HasPrefix(name, "INTEGRATION_"), found, "%s: only a request that was accepted reaches the function", name)
	}
	for _, name := range []string{"THROTTLED", "INTEGRATION_FAILURE"} {
		assert.Equal(t, "'1'", responses[name].ResponseParameters["gatewayresponse.header.Retry-After"], name)
	}
}

func TestUnsupportedStreamingIsAnErrorAndSilenceIsAllowed(t *testing.T) {
	api := run(t).Only(t, "aws:apigateway/restApi:RestApi")
	assert.True(t, api.Input("failOnWarnings").BoolValue())
	assert.Equal(t, "REGIONAL", api.Text("endpointConfiguration.types"), "others end a stream after 30 seconds of silence")
	assert.True(t, api.Input("minimumCompressionSize").IsNull(), "compressed responses aren't streamed")
}

func TestOnlyThisAPIMayInvokeTheFunctions(t *testing.T) {
	recorder := run(t)
	for name, source := range map[string]string{
		"streaming-authorizer-permission": "/authorizers/*",
		"streaming-permission":            "/live/*/api/*",
	} {
		p := recorder.Named(t, "aws:lambda/permission:Permission", name)
		assert.Equal(t, "apigateway.amazonaws.com", p.Text("principal"))
		assert.Equal(t, "lambda:InvokeFunction", p.Text("action"))
		assert.Equal(t, "arn:aws:execute-api:eu-west-1:123456789012:fedcba4321"+source, p.Text("sourceArn"))
	}
}

func TestStageServesTheDescriptionAndIsThrottled(t *testing.T) {
	recorder := run(t)
	deployment := recorder.Only(t, "aws:apigateway/deployment:Deployment")
	assert.Regexp(t, `^[0-9a-f]{64}$`, deployment.Text("triggers.body"), "a changed description is deployed")
	stage := recorder.Only(t, "aws:apigateway/stage:Stage")
	assert.Equal(t, "live", stage.Text("stageName"))
	assert.Equal(t, "streaming-deployment-id", stage.Text("deployment"))
	settings := recorder.Only(t, "aws:apigateway/methodSettings:MethodSettings")
	assert.Equal(t, "*/*", settings.Text("methodPath"))
	assert.InDelta(t, 100, settings.Input("settings.throttlingRateLimit").NumberValue(), 0)
	assert.InDelta(t, 200, settings.Input("settings.throttlingBurstLimit").NumberValue(), 0)
	assert.Equal(t, "OFF", settings.Text("settings.loggingLevel"))
}

func TestOutputsNameTheStage(t *testing.T) {
	outputs := pulumitest.Resolve(t, func(ctx *pulumi.Context) (pulumi.Map, error) {
		api, err := declare(t, ctx)
		if err != nil {
			return nil, err
		}
		return pulumi.Map{"url": api.URL, "domainName": api.DomainName, "id": api.APIID, "name": api.Name}, nil
	})
	assert.Equal(t, map[string]any{
		"url": "https://fedcba4321.execute-api.eu-west-1.amazonaws.com/live", "domainName": "fedcba4321.execute-api.eu-west-1.amazonaws.com",
		"id": "streaming-api-id", "name": "gatehouse-test-stream",
	}, outputs)
}
