package main

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

func TestEveryResourceHasAComponentAndTheProvider(t *testing.T) {
	s, err := config.LoadPipeline(map[string]string{
		"gatehouse-pipeline:repository": "acme/gatehouse",
		"gatehouse-pipeline:stacks":     `["dev"]`,
	})
	require.NoError(t, err)
	recorder := pulumitest.MustRun(t, func(ctx *pulumi.Context) error { return deploy(ctx, s) })
	provider := recorder.Only(t, "pulumi:providers:aws")
	assert.Equal(t, resource.NewProperty("pulumi"), provider.Input(`defaultTags.tags["managed-by"]`))
	custom := 0
	for _, r := range recorder.All() {
		if !r.Custom() || r.Type == provider.Type {
			continue
		}
		custom++
		assert.Contains(t, r.Request.GetProvider(), "::pulumi:providers:aws::aws::", r.Name)
		assert.Regexp(t, `^gatehouse:pipeline:(Pipeline|Stack)$`, string(urn.URN(r.Request.GetParent()).Type()), r.Name)
	}
	assert.Equal(t, 1+9+3+10, custom, "the provider, the policies, the roles, and their attachments")
}
