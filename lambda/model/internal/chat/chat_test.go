package chat

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestBackoffIsRandomAndDoubles(t *testing.T) {
	for attempts, longest := range map[int]time.Duration{1: 500 * time.Millisecond, 2: time.Second} {
		seen := map[time.Duration]bool{}
		var most time.Duration
		for range 200 {
			d := Backoff(attempts)
			seen[d] = true
			most = max(most, d)
		}
		assert.Greater(t, len(seen), 100)
		assert.Less(t, most, longest)
		assert.Greater(t, most, longest/2)
	}
}
