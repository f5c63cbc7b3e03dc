package simulation

import (
	"math/rand/v2"
	"time"
)

// OneValue simulates the usual algorithm: one parameter, which a rotation overwrites
// just after it told CloudFront. The API keeps answers for ttl, refusals included;
// write is the time between the two calls.
func OneValue(f Fleet, random *rand.Rand, interval, ttl, write, simulated time.Duration) Result {
	var r Result
	for now := time.Duration(0); now+interval <= simulated; now += interval {
		began := time.Time{}.Add(now)
		rollout := f.deploy(random, began)
		written := began.Add(write)

		// The old value opens the API as long as the API remembers it, from any time
		// within ttl before the change.
		forgotten := written.Add(time.Duration(random.Float64() * float64(ttl)))
		refused := f.oldAfter(rollout, forgotten)
		disagreement := max(0, rollout.ends().Sub(forgotten))

		// The new value is refused if an edge sends it before it is written, and the
		// refusal is remembered.
		if first := rollout.began.Add(rollout.switches[0]); first.Before(written) {
			known := first.Add(ttl)
			refused += f.sentBefore(rollout, known)
			disagreement = max(disagreement, known.Sub(first))
		}
		r.Rotations++
		r.Refused += refused
		r.Disagreement += disagreement
		r.StayedValid = append(r.StayedValid, forgotten.Sub(began))
	}
	r.finish(f, simulated)
	return r
}

// TwoValues simulates the algorithm of AWS's sample with a web ACL at the origin:
// the ACL gets the new value beside the old one, CloudFront the new one at once, and
// both stay valid until the next rotation. A change of the ACL reaches all of it
// within propagation, which the sample does not wait for.
func TwoValues(f Fleet, random *rand.Rand, interval, propagation, simulated time.Duration) Result {
	var r Result
	for now := time.Duration(0); now+interval <= simulated; now += interval {
		began := time.Time{}.Add(now)
		rollout := f.deploy(random, began)
		known := began.Add(time.Duration(random.Float64() * float64(propagation)))
		if refused := f.sentBefore(rollout, known); refused > 0 {
			r.Refused += refused
			r.Disagreement += known.Sub(began.Add(rollout.switches[0]))
		}
		// The next rotation takes it away, whether its successor's rollout has ended or
		// not; at intervals of hours it has.
		r.Rotations++
		r.StayedValid = append(r.StayedValid, interval)
	}
	r.finish(f, simulated)
	return r
}
