package bridge

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/mirror"
	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/table"
	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/terraform"
)

// TestWhatTheOfficialPluginServesOverTheClassicBridge compares with the source of the Terraform provider, where a
// comment says with which library a resource is built: @SDKResource or @FrameworkResource.
func TestWhatTheOfficialPluginServesOverTheClassicBridge(t *testing.T) {
	found, err := mirror.Here().Find()
	if missing := new(mirror.NotFoundError); errors.As(err, &missing) {
		t.Skip("not compared:", err)
	}
	require.NoError(t, err)
	provider, err := terraform.Start(t.Context(), found)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, provider.Close()) })
	tokens, err := table.Load()
	require.NoError(t, err)
	classic := &classicProvider{ProviderServer: provider}
	i, err := newInfo(t.Context(), tokens, classic)
	require.NoError(t, err)
	types := newTypes(tokens.Resources, i.P.ResourcesMap(), i.Resources, classic)

	for token, want := range map[string]bool{
		"aws:apigateway/restApi:RestApi":                               true,
		"aws:apigatewayv2/api:Api":                                     true,
		"aws:cloudfront/distribution:Distribution":                     true,
		"aws:cloudfront/function:Function":                             true,
		"aws:cloudwatch/logGroup:LogGroup":                             true,
		"aws:ec2/securityGroup:SecurityGroup":                          true,
		"aws:iam/role:Role":                                            true,
		"aws:kms/key:Key":                                              true,
		"aws:lambda/function:Function":                                 true,
		"aws:lambda/invocation:Invocation":                             true,
		"aws:lb/loadBalancer:LoadBalancer":                             true,
		"aws:s3/bucketV2:BucketV2":                                     true,
		"aws:scheduler/schedule:Schedule":                              true,
		"aws:ssm/parameter:Parameter":                                  true,
		"aws:wafv2/webAcl:WebAcl":                                      true,
		"aws:bedrock/guardrail:Guardrail":                              false,
		"aws:cloudfront/vpcOrigin:VpcOrigin":                           false,
		"aws:cloudwatch/logDelivery:LogDelivery":                       false,
		"aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": false,
		"aws:cloudwatch/logDeliverySource:LogDeliverySource":           false,
		"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":      false,
		"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":    false,
	} {
		require.Contains(t, types, token)
		assert.Equal(t, want, types[token].classic != nil, token)
	}
}
