package network

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnEndpointGoesToTheZonesThatHaveItsService(t *testing.T) {
	zones := []string{"eu-west-1b", "eu-west-1a", "eu-west-1c"}
	for title, c := range map[string]struct {
		has  []string
		want []int
	}{
		"everywhere":    {[]string{"eu-west-1a", "eu-west-1b", "eu-west-1c"}, []int{0, 1, 2}},
		"not in one":    {[]string{"eu-west-1a", "eu-west-1c"}, []int{1, 2}},
		"in one":        {[]string{"eu-west-1c", "eu-west-1d"}, []int{2}},
		"nobody says":   {nil, []int{0, 1, 2}},
		"more than fit": {[]string{"eu-west-1d", "eu-west-1b"}, []int{0}},
	} {
		t.Run(title, func(t *testing.T) {
			e, err := placeEndpoint("logs", c.has, zones)
			require.NoError(t, err)
			assert.Equal(t, endpoint{"logs", c.want}, e)
		})
	}
}

func TestAServiceThatNoneOfTheZonesHas(t *testing.T) {
	_, err := placeEndpoint("logs", []string{"eu-west-1c", "eu-west-1d"}, []string{"eu-west-1a", "eu-west-1b"})
	assert.EqualError(t, err, "gatehouse:networkInterfaceEndpoints names logs, which has no endpoints in the network's zones, eu-west-1a, eu-west-1b; "+
		"allowed: services in one of them at least; logs is in eu-west-1c, eu-west-1d")
}
