package simulation

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/originkey"
)

const month = 30 * 24 * time.Hour

var (
	defaults    = originkey.Settings{Interval: 6 * time.Hour, Settle: 30 * time.Second, Grace: 30 * time.Minute, Drain: time.Minute}
	authorizers = Authorizers{RefetchPeriod: 10 * time.Second, MemoryTTL: time.Minute, CacheTTL: 5 * time.Minute, Propagation: time.Second}
	tick        = 5 * time.Minute
)

func random() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func ring(t *testing.T, settings originkey.Settings) Result {
	t.Helper()
	result, err := Ring(CloudFront, random(), settings, tick, authorizers, month)
	require.NoError(t, err)
	return result
}

func TestTheRingRefusesNothing(t *testing.T) {
	got := ring(t, defaults)
	assert.InDelta(t, month/defaults.Interval, got.Rotations, 3)
	assert.Zero(t, got.Refused)
	assert.Zero(t, got.Disagreement)
	assert.Len(t, got.StayedValid, got.Rotations, "every replaced key is deleted before the next rotation")
	assert.Greater(t, got.Quantile(0), defaults.Grace)
	assert.Less(t, got.Quantile(1), defaults.Grace+CloudFront.Slowest+2*tick+authorizers.MemoryTTL+authorizers.CacheTTL)
}

// The simulation can tell: a key that is published too early is refused.
func TestTheRingNeedsItsSettleTime(t *testing.T) {
	unsettled := defaults
	unsettled.Settle = time.Second
	got := ring(t, unsettled)
	assert.NotZero(t, got.Refused)
	assert.NotZero(t, got.Disagreement)
}

func TestOneValueRefusesWhileEdgesDisagree(t *testing.T) {
	got := OneValue(CloudFront, random(), defaults.Interval, authorizers.CacheTTL, time.Second, month)
	assert.Equal(t, int(month/defaults.Interval), got.Rotations)
	assert.NotZero(t, got.Refused)
	assert.NotZero(t, got.Disagreement)
	assert.LessOrEqual(t, got.Quantile(1), authorizers.CacheTTL+time.Second)
}

func TestTwoValuesStayValidForAWholeInterval(t *testing.T) {
	got := TwoValues(CloudFront, random(), defaults.Interval, time.Minute, month)
	assert.Equal(t, defaults.Interval, got.Quantile(0.5))
	assert.NotZero(t, got.Refused)

	instant := TwoValues(CloudFront, random(), defaults.Interval, 0, month)
	assert.Zero(t, instant.Refused, "a change of the ACL that is everywhere at once refuses nothing")
}

func TestADeploymentSwitchesEveryEdgeWithinItsTime(t *testing.T) {
	r := random()
	for range 1000 {
		d := CloudFront.deploy(r, time.Time{})
		require.Len(t, d.switches, CloudFront.Edges)
		require.GreaterOrEqual(t, d.took, CloudFront.Fastest-time.Millisecond)
		require.LessOrEqual(t, d.took, CloudFront.Slowest+time.Millisecond)
		require.Equal(t, d.took, d.switches[CloudFront.Edges-1])
		sent, old := CloudFront.sentBefore(d, d.ends()), CloudFront.oldAfter(d, d.began)
		require.InEpsilon(t, CloudFront.Rate*d.took.Seconds(), sent+old, 1e-9, "each request of the time has one of the two values")
	}
}
