package main

import (
	"context"
	"fmt"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/bridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/mirror"
	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/table"
	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/terraform"
)

// TestPlugin puts single requests to the plugin, over the real Terraform provider and the emulated AWS.
func TestPlugin(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: it starts an emulated AWS")
	}
	p := startPlugin(t)
	t.Run("the parameters below a path", p.testParametersByPath)
	t.Run("a header that is ignored", p.testIgnoredHeader)
	t.Run("a REST API that streams", p.testRestAPI)
}

type plugin struct {
	pulumirpc.ResourceProviderServer
}

func startPlugin(t *testing.T) plugin {
	found, err := mirror.Here().Find()
	if err != nil {
		t.Skip(err)
	}
	port := startCloud(t, need(t, "venv/bin/python"))
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
		"AWS_ENDPOINT_URL": fmt.Sprintf("http://127.0.0.1:%d", port),
	} {
		t.Setenv(name, value)
	}
	child, err := terraform.Start(t.Context(), found)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, child.Close()) })
	tokens, err := table.Load()
	require.NoError(t, err)
	server, err := bridge.NewServer(t.Context(), tokens, child, &bridge.Files{}, testLog{t})
	require.NoError(t, err)
	p := plugin{server}
	region := map[string]any{"region": "us-east-1"}
	_, err = p.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: properties(t, region)})
	require.NoError(t, err)
	return p
}

// testLog shows the plugin's messages except those for debugging.
type testLog struct{ t *testing.T }

func (l testLog) Log(_ context.Context, s diag.Severity, urn resource.URN, message string) error {
	if s != diag.Debug {
		l.t.Log(s, urn, message)
	}
	return nil
}

func (l testLog) LogStatus(ctx context.Context, s diag.Severity, urn resource.URN, message string) error {
	return l.Log(ctx, s, urn, message)
}

func properties(t *testing.T, values map[string]any) *structpb.Struct {
	s, err := structpb.NewStruct(values)
	require.NoError(t, err)
	return s
}

func urn(token, name string) string { return "urn:pulumi:s::p::" + token + "::" + name }

// create returns the inputs, the id and the state of a new resource.
func (p plugin) create(
	t *testing.T, token, name string, values map[string]any,
) (*structpb.Struct, *pulumirpc.CreateResponse) {
	inputs := p.check(t, token, name, values)
	created, err := p.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn(token, name), Properties: inputs})
	require.NoError(t, err)
	return inputs, created
}

func (p plugin) check(t *testing.T, token, name string, values map[string]any) *structpb.Struct {
	checked, err := p.Check(t.Context(), &pulumirpc.CheckRequest{
		Urn: urn(token, name), News: properties(t, values), RandomSeed: make([]byte, 32),
	})
	require.NoError(t, err)
	require.Empty(t, checked.GetFailures())
	return checked.GetInputs()
}

// testParametersByPath reads more parameters than AWS lists on one page, and none.
func (p plugin) testParametersByPath(t *testing.T) {
	const count = 23
	for i := range count {
		p.create(t, "aws:ssm/parameter:Parameter", fmt.Sprint("p", i), map[string]any{
			"name": fmt.Sprintf("/trial/ring/%02d", i), "type": "SecureString", "value": fmt.Sprintf("key %02d", i),
		})
	}
	ring := p.parameters(t, "/trial/ring")
	require.Len(t, ring["names"], count)
	require.Len(t, ring["values"], count)
	for i, name := range ring["names"].([]any) {
		var number int
		_, err := fmt.Sscanf(name.(string), "/trial/ring/%d", &number)
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprintf("key %02d", number), ring["values"].([]any)[i])
	}
	none := p.parameters(t, "/trial/nothing")
	assert.Empty(t, none["names"])
	assert.Empty(t, none["values"])
}

func (p plugin) parameters(t *testing.T, path string) map[string]any {
	answer, err := p.Invoke(t.Context(), &pulumirpc.InvokeRequest{
		Tok:  "aws:ssm/getParametersByPath:getParametersByPath",
		Args: properties(t, map[string]any{"path": path, "withDecryption": true}),
	})
	require.NoError(t, err)
	require.Empty(t, answer.GetFailures())
	return answer.GetReturn().AsMap()
}

// testIgnoredHeader loses an origin's header as the official plugin does.
func (p plugin) testIgnoredHeader(t *testing.T) {
	const token = "aws:cloudfront/distribution:Distribution"
	ignored := []string{"origins[0].customHeaders"}
	for name, test := range map[string]struct {
		seconds float64
		ignore  []string
		want    int // headers
	}{
		"another timeout":             {seconds: 7, want: 1},
		"another timeout and ignored": {seconds: 7, ignore: ignored, want: 0},
		"nothing else and ignored":    {seconds: 5, ignore: ignored, want: 1},
	} {
		t.Run(name, func(t *testing.T) {
			old, created := p.create(t, token, "edge", distribution("one", 5))
			news := p.check(t, token, "edge", distribution("two", test.seconds))
			updated, err := p.Update(t.Context(), &pulumirpc.UpdateRequest{
				Id: created.GetId(), Urn: urn(token, "edge"), Olds: created.GetProperties(), OldInputs: old, News: news,
				IgnoreChanges: test.ignore,
			})
			require.NoError(t, err)
			read, err := p.Read(t.Context(), &pulumirpc.ReadRequest{
				Id: created.GetId(), Urn: urn(token, "edge"), Inputs: news, Properties: updated.GetProperties(),
			})
			require.NoError(t, err)
			is := read.GetProperties().AsMap()
			assert.Equal(t, "two", is["comment"])
			origin := is["origins"].([]any)[0].(map[string]any)
			assert.InDelta(t, test.seconds, origin["connectionTimeout"], 0)
			assert.Len(t, origin["customHeaders"], test.want)
		})
	}
}

func distribution(comment string, connectionTimeout float64) map[string]any {
	methods := []any{"GET", "HEAD"}
	return map[string]any{
		"enabled": true, "comment": comment, "waitForDeployment": false,
		"origins": []any{map[string]any{
			"originId": "api", "domainName": "api.example.com", "connectionTimeout": connectionTimeout,
			"customHeaders": []any{map[string]any{"name": "x-origin-verify", "value": "K2"}},
			"customOriginConfig": map[string]any{
				"httpPort": 80, "httpsPort": 443, "originProtocolPolicy": "https-only", "originSslProtocols": []any{"TLSv1.2"},
			},
		}},
		"defaultCacheBehavior": map[string]any{
			"allowedMethods": methods, "cachedMethods": methods, "targetOriginId": "api", "viewerProtocolPolicy": "https-only",
			"cachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
		},
		"restrictions":      map[string]any{"geoRestriction": map[string]any{"restrictionType": "none"}},
		"viewerCertificate": map[string]any{"cloudfrontDefaultCertificate": true},
	}
}

// testRestAPI imports a description, deploys it and changes it. Reading all of it again finds no difference.
func (p plugin) testRestAPI(t *testing.T) {
	api := p.createStable(t, "aws:apigateway/restApi:RestApi", "api", restAPI(300_000))
	deployment := p.createStable(t, "aws:apigateway/deployment:Deployment", "deployment", map[string]any{
		"restApi": api.GetId(), "triggers": map[string]any{"body": "one"},
	})
	p.createStable(t, "aws:apigateway/stage:Stage", "stage", map[string]any{
		"restApi": api.GetId(), "deployment": deployment.GetId(), "stageName": "live", "tags": map[string]any{"own": "one"},
	})
	p.createStable(t, "aws:apigateway/methodSettings:MethodSettings", "settings", map[string]any{
		"restApi": api.GetId(), "stageName": "live", "methodPath": "*/*", "settings": map[string]any{
			"throttlingRateLimit": 100, "throttlingBurstLimit": 200, "metricsEnabled": false, "loggingLevel": "OFF",
		},
	})

	require.NoError(t, p.setTimeout(t, api, 900_000))
	require.ErrorContains(t, p.setTimeout(t, api, 900_001), "Timeout should be between 50 ms and 900000 ms")
}

// setTimeout imports a description with another timeout.
func (p plugin) setTimeout(t *testing.T, api *pulumirpc.CreateResponse, milliseconds int) error {
	const token = "aws:apigateway/restApi:RestApi"
	_, err := p.Update(t.Context(), &pulumirpc.UpdateRequest{
		Id: api.GetId(), Urn: urn(token, "api"), Olds: api.GetProperties(),
		OldInputs: p.check(t, token, "api", restAPI(300_000)), News: p.check(t, token, "api", restAPI(milliseconds)),
	})
	return err
}

// createStable creates a resource of which there is no difference after it is read again.
func (p plugin) createStable(t *testing.T, token, name string, values map[string]any) *pulumirpc.CreateResponse {
	inputs, created := p.create(t, token, name, values)
	read, err := p.Read(t.Context(), &pulumirpc.ReadRequest{
		Id: created.GetId(), Urn: urn(token, name), Inputs: inputs, Properties: created.GetProperties(),
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := p.Delete(context.WithoutCancel(t.Context()), &pulumirpc.DeleteRequest{
			Id: created.GetId(), Urn: urn(token, name), Properties: created.GetProperties(), OldInputs: inputs,
		})
		assert.NoError(t, err, token)
	})
	difference, err := p.Diff(t.Context(), &pulumirpc.DiffRequest{
		Id: created.GetId(), Urn: urn(token, name), Olds: read.GetProperties(), OldInputs: inputs, News: inputs,
	})
	require.NoError(t, err)
	assert.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, difference.GetChanges(), "%s: %v", token, difference.GetDiffs())
	return created
}

func restAPI(timeout int) map[string]any {
	const function = "arn:aws:lambda:us-east-1:000000000000:function:f"
	return map[string]any{
		"name": "streaming", "description": "a stream", "failOnWarnings": true,
		"endpointConfiguration": map[string]any{"types": "REGIONAL"}, "tags": map[string]any{"own": "one"},
		"body": fmt.Sprintf(`{"openapi": "3.0.1", "info": {"title": "streaming", "version": "1"}, "paths": {"/x/{proxy+}": {
			"x-amazon-apigateway-any-method": {"responses": {"default": {"description": "any"}}, "x-amazon-apigateway-integration": {
				"type": "aws_proxy", "httpMethod": "POST", "responseTransferMode": "STREAM", "timeoutInMillis": %d,
				"uri": "arn:aws:apigateway:us-east-1:lambda:path/2021-11-15/functions/%s/response-streaming-invocations"}}}}}`, timeout, function),
	}
}
