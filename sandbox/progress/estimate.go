package progress

import (
	"math"
	"slices"
)

// rest has the part of the work that is left of a part, and whether it has started.
type rest struct {
	Part
	Started bool
}

// A part that runs longer than announced counts as ending after this share of its time, or
// this many seconds.
const (
	overrunShare = 0.05
	overrunLeast = 2
)

// restByTime returns what is left of a part that ran for some seconds, of which nothing
// else is known.
func restByTime(part Part, ran float64, processors int) rest {
	worked := min(part.Work, ran*float64(processors))
	waited := max(0, ran-part.Work/float64(processors))
	return overrunning(part, part.Work-worked, part.Wait-waited)
}

// restByFraction returns what is left of a part of whose work a fraction is done. It
// waited for some seconds since, if all is done.
func restByFraction(part Part, fraction, waited float64) rest {
	return overrunning(part, part.Work*(1-fraction), part.Wait-waited)
}

func overrunning(part Part, work, wait float64) rest {
	least := max(overrunLeast, overrunShare*(part.Work+part.Wait))
	if work <= 0 {
		wait = max(wait, least)
	}
	part.Work, part.Wait = max(0, work), max(0, wait)
	return rest{part, true}
}

// reached has the seconds until something is reached.
type reached struct {
	What    string
	Seconds float64
}

// estimate returns the seconds until each milestone, in the order in which they are
// reached, and until all parts have ended. It plays the schedule through: of the parts
// that are not waiting for others, the first with work left has all processors; a part
// whose work is done waits beside it.
func estimate(parts []rest, processors int) (milestones []reached, end float64) {
	rate := float64(max(1, processors))
	left := slices.Clone(parts)
	for len(left) > 0 {
		worker, ready := schedule(left)
		step := math.Inf(1)
		for i, part := range left {
			switch {
			case i == worker:
				step = min(step, part.Work/rate)
			case ready[i] && part.Work == 0:
				step = min(step, part.Wait)
			}
		}
		end += step
		var ended []int
		for i := range left {
			part := &left[i]
			switch {
			case i == worker:
				if part.Work -= step * rate; part.Work < tiny {
					part.Work = 0
				}
			case ready[i] && part.Work == 0:
				part.Wait -= step
			default:
				continue
			}
			if part.Work == 0 && part.Wait < tiny {
				ended = append(ended, i)
				if part.Milestone != "" {
					milestones = append(milestones, reached{part.Milestone, end})
				}
			}
		}
		for _, i := range slices.Backward(ended) {
			left = slices.Delete(left, i, i+1)
		}
	}
	return milestones, end
}

// tiny bounds the seconds that are left by rounding alone.
const tiny = 1e-6

// schedule returns which of the parts has the processors, -1 if none, and which are not
// waiting for others. Parts that wait for each other go at once: there is an end always.
func schedule(left []rest) (worker int, ready []bool) {
	ready = make([]bool, len(left))
	for i, part := range left {
		ready[i] = part.Started || !slices.ContainsFunc(left, func(other rest) bool { return slices.Contains(part.After, other.Name) })
	}
	if !slices.Contains(ready, true) {
		for i := range ready {
			ready[i] = true
		}
	}
	for i, part := range left {
		if ready[i] && part.Work > 0 {
			return i, ready
		}
	}
	return -1, ready
}
