package stack

import (
	"errors"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

// shield declares the stack after an update that left Origin Shield in a region, and
// returns what its distribution's origin has of it and what is exported.
func shield(t *testing.T, recorder *pulumitest.Recorder, region string) (sent, exported any) {
	t.Helper()
	s := pulumitest.Settings(t)
	s.Origin.ShieldRegion = region
	require.NoError(t, recorder.Run(func(ctx *pulumi.Context) error {
		exports, err := declare(ctx, s, pulumitest.Artifacts(t), nil)
		if err == nil {
			exported = string(exports[shieldExport].(pulumi.String))
		}
		return err
	}))
	return recorder.Only(t, "aws:cloudfront/distribution:Distribution").Input("origins[0].originShield").Mappable(), exported
}

func previously(region string) *pulumitest.Recorder {
	return &pulumitest.Recorder{Previous: resource.PropertyMap{
		shieldExport: resource.NewProperty(region), "other": resource.MakeSecret(resource.NewProperty("hush")),
	}}
}

func TestOriginShieldIsTurnedOffOnce(t *testing.T) {
	on := map[string]any{"enabled": true, "originShieldRegion": "eu-west-1"}
	for name, c := range map[string]struct {
		recorder *pulumitest.Recorder
		region   string
		sent     any
	}{
		"a new stack without":        {&pulumitest.Recorder{}, "", nil},
		"a new stack with":           {&pulumitest.Recorder{}, "eu-west-1", on},
		"left on":                    {previously("eu-west-1"), "eu-west-1", on},
		"moved":                      {previously("eu-central-1"), "eu-west-1", on},
		"turned off":                 {previously("eu-central-1"), "", map[string]any{"enabled": false, "originShieldRegion": "eu-central-1"}},
		"off since the last update":  {previously(""), "", nil},
		"outputs that can't be read": {&pulumitest.Recorder{PreviousError: errors.New("no such stack")}, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			sent, exported := shield(t, c.recorder, c.region)
			assert.Equal(t, c.sent, sent)
			assert.Equal(t, c.region, exported)
		})
	}
}
