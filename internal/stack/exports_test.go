package stack

import (
	"maps"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

// exported declares the stack and returns what it exports.
func exported(t *testing.T, s config.Settings) map[string]any {
	t.Helper()
	return pulumitest.Resolve(t, func(ctx *pulumi.Context) (pulumi.Map, error) {
		c, err := declare(ctx, s, pulumitest.Artifacts(t))
		if err != nil {
			return nil, err
		}
		c.readme = "# A page"
		return c.exports(), nil
	})
}

func TestExports(t *testing.T) {
	assert.Equal(t, map[string]any{
		"url":                    "https://d111111abcdef8.cloudfront.net",
		"distributionUrl":        "https://d111111abcdef8.cloudfront.net",
		"distributionDomainName": "d111111abcdef8.cloudfront.net",
		"distributionId":         "edge-distribution-id",
		"edgeHttpVersion":        "http2and3",
		"apiUrl":                 "https://abcdef1234.execute-api.eu-west-1.amazonaws.com",
		"apiId":                  "gateway-api-id",
		"streamUrl":              "https://fedcba4321.execute-api.eu-west-1.amazonaws.com/live",
		"streamApiId":            "streaming-api-id",
		"apiPrefix":              "/api",
		"originShieldRegion":     "",
		"parameterPath":          "/gatehouse/test/origin-key",
		"originHeaderName":       "x-origin-verify",
		"rotatorName":            "gatehouse-test-rotator",
		"readme":                 "# A page",
		"alarmsTopicArn":         "arn:aws:mock:::Topic/alerting-topic",
		"namePrefix":             "gatehouse-test",
		"modelId":                "amazon.nova-micro-v1:0",
		"clientAccess":           "open",
		"corsOrigins":            []any{},
		"runbookUrl":             "https://github.com/gatehouse-iac/gatehouse/blob/main/docs/runbook.md",
		"rotationEvent": `{"action":"tick","apiId":"gateway-api-id","apiStage":"$default",` +
			`"apiUrl":"https://abcdef1234.execute-api.eu-west-1.amazonaws.com","distributionId":"edge-distribution-id",` +
			`"distributionUrl":"https://d111111abcdef8.cloudfront.net","originId":"api",` +
			`"streamApiId":"streaming-api-id","streamApiStage":"live","streamApiUrl":"https://fedcba4321.execute-api.eu-west-1.amazonaws.com/live",` +
			`"streamOriginId":"stream"}`,
	}, exported(t, pulumitest.Configured(t, map[string]string{"clientAccess": "open"})))
}

func TestExportsOfTheClients(t *testing.T) {
	open := exported(t, pulumitest.Configured(t, map[string]string{"clientAccess": "open"}))
	assert.NotContains(t, open, "clientsTable")
	assert.NotContains(t, open, "clientBudgetCeiling")
	for _, access := range []string{"migrating", "keys"} {
		want := maps.Clone(open)
		maps.Copy(want, map[string]any{"clientAccess": access, "clientsTable": "gatehouse-test-clients", "clientBudgetCeiling": "500.50"})
		assert.Equal(t, want, exported(t, pulumitest.Configured(t, map[string]string{"clientAccess": access, "clientBudgetCeiling": "500.5"})))
	}
}

func TestExportsOfTheNetwork(t *testing.T) {
	own := pulumitest.Settings(t)
	own.Network.Enabled = true
	own.Network.InterfaceEndpoints = []string{"ssm"}

	existing := pulumitest.Settings(t)
	existing.Network.Enabled = true
	existing.Network.Existing = config.ExistingNetwork{
		VPCID:            pulumitest.ExistingVPC,
		PrivateSubnetIDs: []string{pulumitest.ExistingSubnetA, pulumitest.ExistingSubnetB},
	}

	withFunction := own
	withFunction.Model.InVPC = true
	withFunction.Network.InterfaceEndpoints = []string{"bedrock-runtime"}

	model := map[string]any{
		"inferencePrefix":     "/api/inference",
		"vpcLinkId":           "inference-link-id",
		"loadBalancerArn":     "arn:aws:mock:::LoadBalancer/inference-load-balancer",
		"loadBalancerDnsName": "internal-inference.eu-west-1.elb.amazonaws.com",
		"targetGroupArn":      "arn:aws:mock:::TargetGroup/inference-targets",
	}
	for name, c := range map[string]struct {
		settings config.Settings
		want     map[string]any
	}{
		"own": {own, map[string]any{
			"vpcId":             "network-vpc-id",
			"publicSubnetIds":   []any{"network-public-0-id", "network-public-1-id"},
			"privateSubnetIds":  []any{"network-private-0-id", "network-private-1-id"},
			"isolatedSubnetIds": []any{"network-isolated-0-id", "network-isolated-1-id"},
			"securityGroupIds": map[string]any{
				"vpcLink": "inference-link-group-id", "loadBalancer": "inference-load-balancer-group-id",
				"targets": "inference-targets-group-id", "endpoints": "network-endpoints-group-id",
			},
		}},
		"own, with the function": {withFunction, map[string]any{
			"vpcId":             "network-vpc-id",
			"publicSubnetIds":   []any{"network-public-0-id", "network-public-1-id"},
			"privateSubnetIds":  []any{"network-private-0-id", "network-private-1-id"},
			"isolatedSubnetIds": []any{"network-isolated-0-id", "network-isolated-1-id"},
			"securityGroupIds": map[string]any{
				"vpcLink": "inference-link-group-id", "loadBalancer": "inference-load-balancer-group-id",
				"targets": "inference-targets-group-id", "endpoints": "network-endpoints-group-id", "model": "model-group-id",
			},
		}},
		"existing": {existing, map[string]any{
			"vpcId":            pulumitest.ExistingVPC,
			"privateSubnetIds": []any{pulumitest.ExistingSubnetA, pulumitest.ExistingSubnetB},
			"securityGroupIds": map[string]any{
				"vpcLink": "inference-link-group-id", "loadBalancer": "inference-load-balancer-group-id",
				"targets": "inference-targets-group-id",
			},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			want := exported(t, pulumitest.Settings(t))
			maps.Copy(want, model)
			maps.Copy(want, c.want)
			assert.Equal(t, want, exported(t, c.settings))
		})
	}
}

func TestExportsOfTheCertificate(t *testing.T) {
	load := func(changes map[string]string) config.Settings {
		all := map[string]string{
			"vaultAddress":      "https://vault.example.com:8200",
			"certificateNames":  `["inference.example.com"]`,
			"kubernetesContext": "main",
		}
		maps.Copy(all, changes)
		return pulumitest.Configured(t, all)
	}
	both := map[string]any{
		"pkiMount":           "gatehouse-test-pki",
		"pkiRole":            "gatehouse-test",
		"pkiPolicy":          "gatehouse-test-certificates",
		"caCertificate":      pulumitest.Root(),
		"tlsSecretNamespace": "gatehouse",
	}
	issued := map[string]any{
		"tlsSecretName":     "gatehouse-test-tls",
		"certificateSerial": pulumitest.SerialNumber(pulumitest.Issued("inference.example.com")),
		"certificateExpiry": "2026-02-01T00:00:00Z",
		"certificateChain":  pulumitest.Issued("inference.example.com").PEM() + pulumitest.Intermediate(),
		"certificateNames":  []any{"inference.example.com"},
	}
	for name, c := range map[string]struct {
		settings config.Settings
		want     []map[string]any
	}{
		"by Vault": {load(nil), []map[string]any{issued, {"pkiRootMount": "gatehouse-test-pki-root"}}},
		"by cert-manager": {
			load(map[string]string{"certificateIssuer": "certManager"}),
			[]map[string]any{{"tlsSecretName": "gatehouse-test-cert-manager-tls", "pkiRootMount": "gatehouse-test-pki-root"}},
		},
		"of an existing authority": {
			load(map[string]string{"certificateMount": pulumitest.ExistingMount}),
			[]map[string]any{issued, {"pkiMount": pulumitest.ExistingMount}},
		},
		"with an address": {
			load(map[string]string{"certificateIpAddresses": `["10.0.10.25"]`}),
			[]map[string]any{issued, {"pkiRootMount": "gatehouse-test-pki-root"}, {
				"certificateSerial": pulumitest.SerialNumber(pulumitest.Issued("inference.example.com", "10.0.10.25")),
				"certificateChain":  pulumitest.Issued("inference.example.com", "10.0.10.25").PEM() + pulumitest.Intermediate(),
				"certificateNames":  []any{"inference.example.com", "10.0.10.25"},
			}},
		},
		"with a workload": {
			load(map[string]string{"workloadEnabled": "true", "workloadImage": "gateway:1"}),
			[]map[string]any{issued, {"pkiRootMount": "gatehouse-test-pki-root", "workloadServiceName": "gatehouse-test-inference"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := exported(t, pulumitest.Settings(t))
			maps.Copy(want, both)
			for _, more := range c.want {
				maps.Copy(want, more)
			}
			assert.Equal(t, want, exported(t, c.settings))
		})
	}
}

func TestExportsOfTheEdge(t *testing.T) {
	s := pulumitest.Settings(t)
	s.Firewall.Enabled = true
	s.AccessLogs.Enabled = true
	s.Domain.Names, s.Domain.ZoneID = []string{"api.example.com", "models.example.com"}, pulumitest.Zone

	want := exported(t, pulumitest.Settings(t))
	maps.Copy(want, map[string]any{
		"url":              "https://api.example.com",
		"webAclArn":        "arn:aws:mock:::WebAcl/firewall-acl",
		"accessLogsBucket": "access-logs-bucket-id",
	})
	assert.Equal(t, want, exported(t, s))
}
