package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSafeguardsAreOffByDefault(t *testing.T) {
	s, err := Load(nil)
	require.NoError(t, err)
	assert.Zero(t, s.Safeguards)
}

func TestSafeguardsGiven(t *testing.T) {
	s, err := Load(map[string]string{
		"gatehouse:protect":                "true",
		"gatehouse:retainOnDelete":         "true",
		"gatehouse:permissionsBoundaryArn": "arn:aws:iam::123456789012:policy/ci/gatehouse-prod-boundary",
		"gatehouse:alarmEmailRequired":     "true",
		"gatehouse:alarmEmail":             "ops@example.com",
	})
	require.NoError(t, err)
	assert.Equal(t, Safeguards{
		Protect:                true,
		RetainOnDelete:         true,
		PermissionsBoundaryARN: "arn:aws:iam::123456789012:policy/ci/gatehouse-prod-boundary",
		AlarmEmailRequired:     true,
	}, s.Safeguards)
}

func TestMalformedSafeguardsAreRefused(t *testing.T) {
	for _, c := range []struct{ key, given, rule string }{
		{"protect", "yes", "true or false"},
		{"retainOnDelete", "", "true or false"},
		{"alarmEmailRequired", "1", "true or false"},
		{"permissionsBoundaryArn", "gatehouse-prod-boundary", "the ARN of an IAM policy"},
		{"permissionsBoundaryArn", "arn:aws:iam::123456789012:role/gatehouse-prod", "the ARN of an IAM policy"},
	} {
		_, err := Load(map[string]string{"gatehouse:" + c.key: c.given})
		var problems Problems
		require.ErrorAs(t, err, &problems)
		require.Len(t, problems, 1)
		assert.Equal(t, "gatehouse:"+c.key, problems[0].Key)
		assert.Contains(t, problems[0].Rule, c.rule)
	}
}

func TestRequiredAlarmsNeedAnAddress(t *testing.T) {
	_, err := Load(map[string]string{"gatehouse:alarmEmailRequired": "true"})
	require.ErrorContains(t, err, `gatehouse:alarmEmail is "" by default; it must be an e-mail address, since gatehouse:alarmEmailRequired is true`)
}

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

func TestOnlyTheModelsRegionMayBeEmpty(t *testing.T) {
	s, err := Load(map[string]string{"gatehouse:modelRegion": ""})
	require.NoError(t, err)
	assert.Empty(t, s.Model.Region)
	_, err = Load(map[string]string{"aws:region": ""})
	require.ErrorContains(t, err, "allowed: an AWS region such as us-east-1")
}
