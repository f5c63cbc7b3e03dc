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
	for _, c := range []struct{ key, given, allowed string }{
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
		assert.Contains(t, problems[0].Allowed, c.allowed)
	}
}

func TestRequiredAlarmsTellSomebody(t *testing.T) {
	_, err := Load(map[string]string{"gatehouse:alarmEmailRequired": "true"})
	require.ErrorContains(t, err, `gatehouse:alarmEmail is "" by default; allowed: an e-mail address, since alarmEmailRequired is true`)
}
