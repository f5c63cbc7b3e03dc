package workload

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestRolloutTimeoutCoversAllPods(t *testing.T) {
	for replicas, want := range map[int]time.Duration{1: 16*time.Minute + 45*time.Second, 2: 23*time.Minute + 30*time.Second, 50: 5*time.Hour + 47*time.Minute + 30*time.Second} {
		assert.Equal(t, want, rollout(replicas), "%d pods", replicas)
	}
}
