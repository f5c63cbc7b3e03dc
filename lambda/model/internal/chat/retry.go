package chat

import (
	"math/rand/v2"
	"time"
)

// Attempts is how often a backend is asked when it turns a request away before a
// model has seen it. Nothing else is sent twice: it would be computed, and paid for,
// twice.
const Attempts = 3

const firstBackoff = 500 * time.Millisecond

// Backoff returns how long to wait after so many attempts, 1 or more: a random time,
// so that those who were turned away together don't come back together, that is twice
// as long each time.
func Backoff(attempts int) time.Duration {
	return time.Duration(rand.Int64N(int64(firstBackoff) << max(0, attempts-1)))
}
