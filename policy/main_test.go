package main

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/gatehouse-iac/gatehouse/policy/rules"
)

// The tests start this test binary as the pack, in the way the engine starts it.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_AS_POLICY_PACK") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func startPack(t *testing.T) pulumirpc.AnalyzerClient {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "TEST_AS_POLICY_PACK=1")
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	port, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	conn, err := grpc.NewClient("127.0.0.1:"+strings.TrimSpace(port), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })

	pack := pulumirpc.NewAnalyzerClient(conn)
	_, err = pack.Handshake(t.Context(), &pulumirpc.AnalyzerHandshakeRequest{})
	require.NoError(t, err)
	_, err = pack.ConfigureStack(t.Context(), &pulumirpc.AnalyzerStackConfigureRequest{Project: "gatehouse", Stack: "test", DryRun: true})
	require.NoError(t, err)
	return pack
}

func TestPackHasEveryRule(t *testing.T) {
	info, err := startPack(t).GetAnalyzerInfo(t.Context(), &emptypb.Empty{})
	require.NoError(t, err)
	var names []string
	for _, policy := range info.GetPolicies() {
		names = append(names, policy.GetName())
		assert.Equal(t, pulumirpc.EnforcementLevel_MANDATORY, policy.GetEnforcementLevel(), policy.GetName())
	}
	var want []string
	for _, rule := range rules.All {
		want = append(want, rule.Name)
	}
	assert.Equal(t, want, names)
}

func TestViolationFailsTheDeployment(t *testing.T) {
	pack := startPack(t)
	const distribution = "aws:cloudfront/distribution:Distribution"
	headerOf := func(value resource.PropertyValue) resource.PropertyMap {
		return resource.NewPropertyMapFromMap(map[string]any{
			"defaultCacheBehavior": map[string]any{"viewerProtocolPolicy": "https-only"},
			"viewerCertificate":    map[string]any{"cloudfrontDefaultCertificate": true},
			"origins": []any{map[string]any{
				"originId":      "api",
				"customHeaders": []any{map[string]any{"name": "x-origin-key", "value": value}},
			}},
		})
	}
	restAPI := func(operation string) resource.PropertyMap {
		return resource.NewPropertyMapFromMap(map[string]any{
			"endpointConfiguration": map[string]any{"types": "REGIONAL"},
			"body": `{"openapi": "3.0.1", "paths": {"/": {"x-amazon-apigateway-any-method": ` + operation + `}}, "components": {"securitySchemes": {"key": {
				"x-amazon-apigateway-authtype": "custom",
				"x-amazon-apigateway-authorizer": {"type": "request", "identitySource": "method.request.header.x-origin-key"}}}}}`,
		})
	}
	table := resource.NewPropertyMapFromMap(map[string]any{"pointInTimeRecovery": map[string]any{"enabled": true}})
	for name, c := range map[string]struct {
		typ    string
		inputs resource.PropertyMap
		broken []string
	}{
		"table":          {"aws:dynamodb/table:Table", table, nil},
		"table to lose":  {"aws:dynamodb/table:Table", resource.PropertyMap{}, []string{"clients"}},
		"queue":          {"aws:sqs/queue:Queue", resource.PropertyMap{}, []string{"encryption"}},
		"route":          {"aws:apigatewayv2/route:Route", resource.PropertyMap{"routeKey": resource.NewProperty("GET /")}, []string{"authorizer"}},
		"open method":    {"aws:apigateway/restApi:RestApi", restAPI(`{}`), []string{"authorizer"}},
		"locked method":  {"aws:apigateway/restApi:RestApi", restAPI(`{"security": [{"key": []}]}`), nil},
		"key in clear":   {distribution, headerOf(resource.NewProperty("hush")), []string{"key-secret"}},
		"secret key":     {distribution, headerOf(resource.MakeSecret(resource.NewProperty("hush"))), nil},
		"unknown key":    {distribution, headerOf(resource.MakeComputed(resource.NewProperty(""))), nil},
		"something else": {"aws:iam/role:Role", resource.PropertyMap{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			properties, err := plugin.MarshalProperties(c.inputs, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
			require.NoError(t, err)
			answer, err := pack.Analyze(t.Context(), &pulumirpc.AnalyzeRequest{Type: c.typ, Name: "it", Urn: "urn:it", Properties: properties})
			require.NoError(t, err)
			var broken []string
			for _, violation := range answer.GetDiagnostics() {
				broken = append(broken, violation.GetPolicyName())
				assert.Equal(t, "urn:it", violation.GetUrn())
				assert.NotContains(t, violation.GetMessage(), "hush")
			}
			assert.Equal(t, c.broken, broken)
		})
	}
}
