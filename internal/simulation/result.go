package simulation

import (
	"slices"
	"time"
)

// Result is what an algorithm did in the simulated time.
type Result struct {
	Rotations int
	Requests  float64 // all of them valid
	Refused   float64 // of those

	// Disagreement is for how long some edge sent a value that the API refused.
	Disagreement time.Duration

	// StayedValid has, for each value that was replaced, for how long it still opened
	// the API after CloudFront was told its successor; ascending.
	StayedValid []time.Duration
}

// Quantile returns for how long a replaced value stayed valid, at a share from 0 to
// 1 of all rotations.
func (r Result) Quantile(share float64) time.Duration {
	if len(r.StayedValid) == 0 {
		return 0
	}
	at := min(int(share*float64(len(r.StayedValid))), len(r.StayedValid)-1)
	return r.StayedValid[at]
}

func (r *Result) finish(f Fleet, simulated time.Duration) {
	r.Requests = f.Rate * simulated.Seconds()
	slices.Sort(r.StayedValid)
}
