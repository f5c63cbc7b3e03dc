package stack_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
	"github.com/gatehouse-iac/gatehouse/internal/stack"
)

// edges lists the lowest and the highest value of each setting of the edge, and lists at
// their shortest and longest, with the values of other settings that they require.
var edges = []map[string]string{
	{"edgePriceClass": "PriceClass_100"},
	{"edgePriceClass": "PriceClass_All"},
	{"edgeHttpVersion": "http1.1"},
	{"edgeHttpVersion": "http2and3"},
	{"edgeIpv6": "false"},
	{"edgeIpv6": "true"},
	{"edgeCountriesAllowed": `["US"]`},
	{"edgeCountriesBlocked": `["AQ", "BV", "HM"]`},
	{"edgeMethods": `["POST"]`},
	{"edgeMethods": `["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]`},
	{"edgeContentTypes": `["a/b"]`},
	{"edgeContentTypes": `["application/json", "multipart/form-data", "audio/mpeg"]`},
	{"edgeTargetLimit": "256"},
	{"edgeTargetLimit": "8192"},
	{"edgeBodyLimit": "1024", "modelMaxBody": "1024"},
	{"edgeBodyLimit": "10485760"},
	{"edgeErrorDocuments": "true"},
	{"originConnectionAttempts": "1"},
	{"originConnectionAttempts": "3"},
	{"originConnectionTimeout": "1s"},
	{"originConnectionTimeout": "10s"},
	{"originReadTimeout": "40s"},
	{"originReadTimeout": "2m"},
	{"originKeepalive": "1s"},
	{"originKeepalive": "2m"},
	{"originShieldRegion": "ap-northeast-1"},
	{"originShieldRegion": "us-west-2"},
	{"originFunctionEnabled": "false"},
	{"originFunctionDeleteTimeout": "10m"},
	{"originFunctionDeleteTimeout": "24h"},
	{"customHeaderName": "X1"},
	{"customHeaderName": "X" + strings.Repeat("-a", 31)},
	{"customHeaderValue": "1"},
	{"customHeaderValue": strings.Repeat("x", 1783)},
	{"removedHeaders": `[]`},
	{"removedHeaders": `["a1","a2","a3","a4","a5","a6","a7","a8","a9","a10"]`},
	{"hstsMaxAge": "0s"},
	{"hstsSubdomains": "false"},
	{"hstsMaxAge": "1s"},
	{"hstsMaxAge": "87600h", "hstsPreload": "true"},
	{"frameOptions": "SAMEORIGIN"},
	{"referrerPolicy": "unsafe-url"},
	{"contentSecurityPolicy": ""},
	{"contentSecurityPolicy": strings.Repeat("x", 1783)},
	{"corsOrigins": `["*"]`, "corsHeaders": `["*"]`, "corsExposedHeaders": `["*"]`},
	{"corsOrigins": `["http://localhost"]`, "corsMethods": `["GET"]`, "corsHeaders": `["a"]`, "corsExposedHeaders": `[]`, "corsCredentials": "true"},
	{"corsOrigins": `["https://*.example.com"]`, "corsMaxAge": "0s"},
	{"corsOrigins": `["https://*.example.com"]`, "corsMaxAge": "24h"},
	{"wafEnabled": "true", "wafRateLimit": "10"},
	{"wafEnabled": "true", "wafRateLimit": "2000000000"},
	{"wafEnabled": "true", "wafRateWindow": "1m"},
	{"wafEnabled": "true", "wafRateWindow": "10m"},
	{"wafEnabled": "true", "wafInspectedKilobytes": "16"},
	{"wafEnabled": "true", "wafInspectedKilobytes": "64", "edgeBodyLimit": "1024", "modelMaxBody": "1024"},
	{"wafEnabled": "true", "wafLogs": "none"},
	{"wafEnabled": "true", "wafLogs": "all"},
	{"wafEnabled": "true", "wafCount": `["rateLimit","bodySize","ipReputation","common","knownBadInputs"]`},
	{"accessLogsEnabled": "true", "accessLogsDestroy": "true", "logRetentionDays": "1"},
	{"accessLogsEnabled": "true", "logRetentionDays": "3653"},
	{"apiPrefix": "/v1"},
	{"apiPrefix": "/a/b/c"},
}

// bound holds the valid range of a number, or of the length of a list.
type bound struct {
	typ, path   string
	least, most float64
}

// boundsOfAWS lists the bounds of AWS's API references and quotas that the settings reach.
// Where Terraform's provider takes zero for no value and AWS demands one, it starts at one.
var boundsOfAWS = []bound{
	{"aws:cloudfront/distribution:Distribution", "origins[0].connectionAttempts", 1, 3},
	{"aws:cloudfront/distribution:Distribution", "origins[0].connectionTimeout", 1, 10},
	{"aws:cloudfront/distribution:Distribution", "origins[0].customOriginConfig.originReadTimeout", 1, 120},
	{"aws:cloudfront/distribution:Distribution", "origins[0].customOriginConfig.originKeepaliveTimeout", 1, 120},
	{"aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy", "securityHeadersConfig.strictTransportSecurity.accessControlMaxAgeSec", 1, 1 << 31},
	{"aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy", "removeHeadersConfig.items", 1, 10},
	{"aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy", "customHeadersConfig.items", 1, 10},
	{"aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy", "corsConfig.accessControlAllowOrigins.items", 1, 100},
	{"aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy", "corsConfig.accessControlAllowMethods.items", 1, 7},
	{"aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy", "corsConfig.accessControlAllowHeaders.items", 1, 100},
	{"aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy", "corsConfig.accessControlExposeHeaders.items", 1, 100},
	{"aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy", "corsConfig.accessControlMaxAgeSec", 0, 86400},
	{"aws:wafv2/webAcl:WebAcl", "rules[0].statement.rateBasedStatement.limit", 10, 2_000_000_000},
	{"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "rules[0].expiration.days", 1, 1 << 31},
}

// largestFunction is the maximum size of a CloudFront function, in bytes.
const largestFunction = 10240

func TestLimitsOfEdgeSettingsAreValidInAWS(t *testing.T) {
	artifacts := pulumitest.Artifacts(t)
	for _, config := range edges {
		name, err := json.Marshal(config)
		require.NoError(t, err)
		t.Run(string(name[:min(len(name), 60)]), func(t *testing.T) {
			recorder, err := pulumitest.Run(func(ctx *pulumi.Context) error {
				return stack.Deploy(ctx, pulumitest.Configured(t, config), artifacts, "")
			})
			require.NoError(t, err)
			for _, b := range boundsOfAWS {
				for _, r := range recorder.OfType(b.typ) {
					checkBound(t, r, b)
				}
			}
			for _, f := range recorder.OfType("aws:cloudfront/function:Function") {
				assert.LessOrEqual(t, len(f.Text("code")), largestFunction, f.Name)
			}
		})
	}
}

func checkBound(t *testing.T, r pulumitest.Registration, b bound) {
	t.Helper()
	value := r.Input(b.path)
	number := 0.0
	switch {
	case value.IsNull():
		return // left out: AWS's default
	case value.IsArray():
		number = float64(len(value.ArrayValue()))
	default:
		number = value.NumberValue()
	}
	assert.GreaterOrEqual(t, number, b.least, fmt.Sprintf("%s: %s", r.Name, b.path))
	assert.LessOrEqual(t, number, b.most, fmt.Sprintf("%s: %s", r.Name, b.path))
}

// A new setting of the edge needs an entry.
func TestLimitsAreListedForEverySettingOfEdge(t *testing.T) {
	known := map[string]bool{}
	for _, config := range edges {
		for key := range config {
			known[key] = true
		}
	}
	for _, option := range config.Options() {
		for _, prefix := range []string{"edge", "origin", "hsts", "cors", "waf", "accessLogs", "customHeader", "removed", "frame", "referrer", "contentSecurity"} {
			name := strings.TrimPrefix(option.Name, config.Namespace+":")
			if strings.HasPrefix(name, prefix) && name != "originFunctionSkipDestroy" {
				assert.True(t, known[name], "%s is in no entry", name)
			}
		}
	}
}

// list returns a list as the engine passes it.
func list(n int, element func(int) string) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%q", element(i))
	}
	return "[" + strings.Join(all, ",") + "]"
}

// services returns all valid values of networkInterfaceEndpoints.
func services(t testing.TB) string {
	t.Helper()
	for _, option := range config.Options() {
		if option.Name == "gatehouse:networkInterfaceEndpoints" {
			_, names, found := strings.Cut(option.Allowed, "one of ")
			require.True(t, found)
			all := strings.Split(names, ", ")
			return list(len(all), func(i int) string { return all[i] })
		}
	}
	require.Fail(t, "no such setting")
	return ""
}

// TestLimitsOfPrivateSettings declares the whole stack with the limits of each setting of
// the private side.
func TestLimitsOfPrivateSettings(t *testing.T) {
	network := map[string]string{"networkEnabled": "true"}
	existing := map[string]string{
		"networkEnabled": "true", "networkVpcId": pulumitest.ExistingVPC,
		"networkPrivateSubnetIds": fmt.Sprintf(`[%q,%q]`, pulumitest.ExistingSubnetA, pulumitest.ExistingSubnetB),
	}
	pods := map[string]string{
		"networkEnabled": "true", "inferenceProtocol": "HTTPS", "workloadTargetGroup": "true", "workloadEnabled": "true", "workloadImage": "registry.example.com/gateway:1.4.2",
		"vaultAddress": "https://vault.example.com:8200", "certificateNames": `["inference.example.com"]`, "kubernetesContext": "main",
	}
	cases := []struct {
		base   map[string]string
		key    string
		values []string
	}{
		{network, "networkCidr", []string{"10.0.0.0/16", "192.168.252.0/22", "172.16.0.0/16", "10.255.252.0/22"}},
		{network, "networkPeerCidrs", []string{"[]", list(40, func(i int) string { return fmt.Sprintf("10.%d.0.0/16", i+1) })}},
		{network, "networkZoneCount", []string{"2", "3"}},
		{network, "networkNat", []string{"none", "single", "perZone"}},
		{network, "networkIpv6", []string{"false", "true"}},
		{network, "networkInterfaceEndpoints", []string{"[]", services(t)}},
		{network, "networkFlowLogs", []string{"cloudwatch"}},
		{network, "inferenceTargets", []string{"[]", list(200, func(i int) string { return fmt.Sprintf("10.0.1.%d", i) })}},
		{existing, "inferenceTargets", []string{"[]", `["10.20.0.1","100.64.255.254"]`}},
		{network, "inferencePort", []string{"1", "65535"}},
		{network, "inferenceProtocol", []string{"HTTP", "HTTPS"}},
		{network, "inferenceHealthPath", []string{"/", "/" + strings.Repeat("a", 255)}},
		{network, "inferencePrefix", []string{"/api/i", "/api/" + strings.Repeat("i", 20)}},
		{network, "inferenceTimeout", []string{"1s", "29s"}},
		{network, "modelInVpc", []string{"false"}},
		{pods, "inferencePort", []string{"1024", "65535"}},
		{pods, "workloadReplicas", []string{"1", "50"}},
		{pods, "workloadCpu", []string{"1m", "192"}},
		{pods, "workloadMemory", []string{"1Ki", "2048Gi"}},
	}
	for _, c := range cases {
		for _, value := range c.values {
			t.Run(c.key+" "+value[:min(len(value), 40)], func(t *testing.T) {
				config := maps.Clone(c.base)
				config[c.key] = value
				s := pulumitest.Configured(t, config)
				assert.NotEmpty(t, deploy(t, s).OfType("aws:lb/loadBalancer:LoadBalancer"))
			})
		}
	}
}
