package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRegionsOfOtherPartitionsAreRefused(t *testing.T) {
	for _, key := range []string{"aws:region", "gatehouse:modelRegion"} {
		for _, region := range []string{"cn-north-1", "cn-northwest-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1"} {
			_, err := Load(map[string]string{key: region})
			require.ErrorContains(t, err, key+` is "`+region+`"`)
			require.ErrorContains(t, err, "of the partition aws: CloudFront needs us-east-1")
		}
		for _, region := range []string{"us-east-1", "eu-central-2", "ap-southeast-7", "il-central-1", "mx-central-1"} {
			_, err := Load(map[string]string{key: region})
			require.NoError(t, err, region)
		}
	}
}

func TestOnlyTheModelsRegionMayBeNothing(t *testing.T) {
	s, err := Load(map[string]string{"gatehouse:modelRegion": ""})
	require.NoError(t, err)
	assert.Empty(t, s.Model.Region)
	_, err = Load(map[string]string{"aws:region": ""})
	require.ErrorContains(t, err, "allowed: an AWS region such as us-east-1")
}
