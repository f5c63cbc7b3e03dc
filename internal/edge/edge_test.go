package edge_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/edge"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

func distribution(t *testing.T) pulumitest.Registration {
	t.Helper()
	recorder := pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		_, err := edge.New(ctx, "edge", &edge.Args{
			Deployment:       pulumitest.Deployment(t),
			OriginDomainName: pulumi.String("api.example.com"),
			KeyHeader:        "x-door",
			FirstKey:         pulumi.String("opensesame"),
		})
		return err
	})
	return recorder.Only(t, "aws:cloudfront/distribution:Distribution")
}

func TestTheKeyGoesToTheAPIOverTLSOnly(t *testing.T) {
	d := distribution(t)
	require.Len(t, d.Input("origins").ArrayValue(), 1)
	assert.Equal(t, "api.example.com", d.Text("origins[0].domainName"))
	assert.Equal(t, "https-only", d.Text("origins[0].customOriginConfig.originProtocolPolicy"))
	require.Len(t, d.Input("origins[0].customOriginConfig.originSslProtocols").ArrayValue(), 1)
	assert.Equal(t, "TLSv1.2", d.Text("origins[0].customOriginConfig.originSslProtocols[0]"))
	assert.Equal(t, "x-door", d.Text("origins[0].customHeaders[0].name"))
	assert.Equal(t, "opensesame", d.Text("origins[0].customHeaders[0].value"))
}

func TestTheKeyIsSecretEvenWhenTheCallerForgets(t *testing.T) {
	d := distribution(t)
	assert.True(t, d.SecretAt("origins[0].customHeaders[0].value"))
	assert.Equal(t, []string{"origins"}, d.Request.GetAdditionalSecretOutputs())
}

func TestUpdatesLeaveTheHeaderToTheRotator(t *testing.T) {
	assert.Equal(t, []string{"origins[0].customHeaders"}, distribution(t).Request.GetIgnoreChanges())
}

func TestNothingIsCachedAndViewersUseTLS(t *testing.T) {
	d := distribution(t)
	assert.Equal(t, "id-of-Managed-CachingDisabled", d.Text("defaultCacheBehavior.cachePolicyId"))
	assert.Equal(t, "id-of-Managed-AllViewerExceptHostHeader", d.Text("defaultCacheBehavior.originRequestPolicyId"))
	assert.Equal(t, "redirect-to-https", d.Text("defaultCacheBehavior.viewerProtocolPolicy"))
	assert.Equal(t, d.Text("origins[0].originId"), d.Text("defaultCacheBehavior.targetOriginId"))
}
