package stack_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

// TestPulumiWaitsForSlowestRollout adds up the maximum time of each pod when they are
// replaced one after the other.
func TestPulumiWaitsForSlowestRollout(t *testing.T) {
	found := 0
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, deployment := range recorder.OfType("kubernetes:apps/v1:Deployment") {
			found++
			number := func(r pulumitest.Registration, path string) int {
				value := r.Input(path)
				require.True(t, value.IsNumber(), path)
				return int(value.NumberValue())
			}
			const pod = "spec.template.spec."
			seconds := number(deployment, pod+"containers[0].startupProbe.periodSeconds")*number(deployment, pod+"containers[0].startupProbe.failureThreshold") +
				number(deployment, pod+"terminationGracePeriodSeconds")
			for _, group := range recorder.OfType("aws:lb/targetGroup:TargetGroup") {
				seconds += number(group, "healthCheck.interval") * number(group, "healthCheck.healthyThreshold")
			}
			rounds := (number(deployment, "spec.replicas") + number(deployment, "spec.strategy.rollingUpdate.maxSurge") - 1) /
				number(deployment, "spec.strategy.rollingUpdate.maxSurge")
			needed := time.Duration(rounds*seconds) * time.Second
			timeouts := deployment.Request.GetCustomTimeouts()
			for _, timeout := range []string{timeouts.GetCreate(), timeouts.GetUpdate()} {
				given, err := time.ParseDuration(timeout)
				require.NoError(t, err)
				assert.Greater(t, given, needed)
			}
		}
	})
	require.NotZero(t, found)
}
