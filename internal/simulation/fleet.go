package simulation

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Fleet is CloudFront: edges that switch to a new configuration one by one, while
// viewers send requests through all of them alike.
type Fleet struct {
	Edges int
	Rate  float64 // requests per second, through all edges together

	// Fastest and Slowest bound the time that a deployment takes.
	Fastest, Slowest time.Duration
}

// CloudFront is a large fleet under load. AWS gives no bounds for deployments but
// "about five minutes" in general; 10 s and 15 min are the shortest and longest
// that were seen for a change of a header.
var CloudFront = Fleet{Edges: 600, Rate: 10_000, Fastest: 10 * time.Second, Slowest: 15 * time.Minute}

// deployment is one rollout of a new value.
type deployment struct {
	began    time.Time
	took     time.Duration
	switches []time.Duration // after began, ascending, one for each edge; the last is took
}

// deploy draws a rollout that begins now. Its length is drawn evenly on a logarithmic
// scale, so that short and long ones are met alike; edges switch at any time in it.
func (f Fleet) deploy(random *rand.Rand, now time.Time) deployment {
	shortest, longest := math.Log(f.Fastest.Seconds()), math.Log(f.Slowest.Seconds())
	took := seconds(math.Exp(shortest + random.Float64()*(longest-shortest)))
	d := deployment{began: now, took: took, switches: make([]time.Duration, f.Edges)}
	for i := range d.switches {
		d.switches[i] = time.Duration(random.Float64() * float64(took))
	}
	slices.Sort(d.switches)
	d.switches[f.Edges-1] = took
	return d
}

func (d deployment) ends() time.Time { return d.began.Add(d.took) }

// sentBefore returns how many requests carry the new value before the moment.
func (f Fleet) sentBefore(d deployment, moment time.Time) float64 {
	sum := 0.0
	for _, after := range d.switches {
		sum += max(0, moment.Sub(d.began.Add(after)).Seconds())
	}
	return sum * f.Rate / float64(f.Edges)
}

// oldAfter returns how many requests still carry the old value after the moment.
func (f Fleet) oldAfter(d deployment, moment time.Time) float64 {
	sum := 0.0
	for _, after := range d.switches {
		sum += max(0, d.began.Add(after).Sub(moment).Seconds())
	}
	return sum * f.Rate / float64(f.Edges)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
