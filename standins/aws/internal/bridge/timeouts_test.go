package bridge

import (
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTimeouts(t *testing.T) {
	const custom = 90 * time.Second
	own := &schema.ResourceTimeout{
		Create: schema.DefaultTimeout(8 * time.Minute), Update: schema.DefaultTimeout(9 * time.Minute),
		Delete: schema.DefaultTimeout(10 * time.Minute),
	}
	const sdk = 20 * time.Minute // what terraform-plugin-sdk takes if a resource has none
	for name, test := range map[string]struct {
		own    *schema.ResourceTimeout
		custom time.Duration
		want   []time.Duration // of creation, update and deletion
	}{
		"of the resource":                     {own, 0, []time.Duration{8 * time.Minute, 9 * time.Minute, 10 * time.Minute}},
		"of the program":                      {own, custom, []time.Duration{custom, custom, custom}},
		"none":                                {nil, 0, []time.Duration{sdk, sdk, sdk}},
		"of the program, the resource's none": {nil, custom, []time.Duration{sdk, sdk, custom}},
	} {
		t.Run(name, func(t *testing.T) {
			onBothBridges(t, test.own, func(t *testing.T, d *deployment) {
				before, after := input{"c", []origin{{"api", 10, "K2"}}}, input{"d", []origin{{"api", 10, "K2"}}}
				state := d.create(t, before, test.custom.Seconds())
				state, _ = d.update(t, state, before, after, nil, test.custom.Seconds())
				_, err := d.plugin.Delete(t.Context(), &pulumirpc.DeleteRequest{
					Id: "E1", Urn: distributionURN, Properties: state, Timeout: test.custom.Seconds(),
				})
				require.NoError(t, err)
				assert.Equal(t, test.want, d.limits)
			})
		})
	}
}
