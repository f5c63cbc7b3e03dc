package chat

import (
	"math/rand/v2"
	"time"
)

// Attempts is the maximum number of attempts if a backend rejects a request before a
// model has processed it. Other requests are not retried: they would be computed, and
// billed, twice.
const Attempts = 3

const firstBackoff = 500 * time.Millisecond

// Backoff returns how long to wait after a number of attempts, 1 or more: exponential
// backoff with full jitter, so that clients that were rejected together don't retry
// together.
func Backoff(attempts int) time.Duration {
	return time.Duration(rand.Int64N(int64(firstBackoff) << max(0, attempts-1)))
}
