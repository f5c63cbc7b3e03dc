package network

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEndpointIsInTheZonesThatOfferItsService(t *testing.T) {
	zones := []string{"eu-west-1b", "eu-west-1a", "eu-west-1c"}
	for title, c := range map[string]struct {
		has  []string
		want []int
	}{
		"all zones":   {[]string{"eu-west-1a", "eu-west-1b", "eu-west-1c"}, []int{0, 1, 2}},
		"two zones":   {[]string{"eu-west-1a", "eu-west-1c"}, []int{1, 2}},
		"one zone":    {[]string{"eu-west-1c", "eu-west-1d"}, []int{2}},
		"not listed":  {nil, []int{0, 1, 2}},
		"other zones": {[]string{"eu-west-1d", "eu-west-1b"}, []int{0}},
	} {
		t.Run(title, func(t *testing.T) {
			e, err := chooseEndpointZones("logs", c.has, zones)
			require.NoError(t, err)
			assert.Equal(t, endpoint{"logs", c.want}, e)
		})
	}
}

func TestServiceInNoneOfTheZonesIsAnError(t *testing.T) {
	_, err := chooseEndpointZones("logs", []string{"eu-west-1c", "eu-west-1d"}, []string{"eu-west-1a", "eu-west-1b"})
	assert.EqualError(t, err, "gatehouse:networkInterfaceEndpoints names logs, which has no endpoints in the network's zones, eu-west-1a, eu-west-1b; "+
		"allowed: services in at least one of them; logs is in eu-west-1c, eu-west-1d")
}
