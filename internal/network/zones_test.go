package network

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRegionWithTooFewZonesIsAnError(t *testing.T) {
	canada := []zone{{"ca-central-1d", "cac1-az4"}, {"ca-central-1b", "cac1-az2"}, {"ca-central-1a", "cac1-az1"}}
	_, err := chooseZones(canada, "ca-central-1", 3, nil)
	require.ErrorContains(t, err, "networkZoneCount is 3, but ca-central-1 has only these zones where API Gateway makes VPC links: ca-central-1a, ca-central-1b")

	zones, err := chooseZones(canada, "ca-central-1", 2, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"ca-central-1a", "ca-central-1b"}, zones)
}
