package keyring

import "time"

// Observation is what a rotator sees of the world in one look. The order in which
// it looks is part of the protocol: first the clock, then the distribution, then
// the ring.
//
//   - Clock first: a value that the distribution was seen not to have for the grace
//     time is past only at the moment of seeing. With a clock read later, an `up`
//     can write the value in between.
//   - Distribution before ring: the ring that is read later holds every key that the
//     distribution can have had since, so a header in none of its keys is either
//     foreign or out of date, and If-Match refuses the update in the latter case.
type Observation struct {
	// Now is the rotator's clock before it looked at anything.
	Now time.Time

	// Header is what the distribution's configuration sends to the API; zero if it
	// sends no such header.
	Header Value

	// Modified is when that configuration was last changed, by CloudFront's clock.
	Modified time.Time

	// DeployedSince is the earliest moment at which this rotator knows this version
	// of the configuration to have been Deployed: see [Deployments]. It is zero when
	// it is not Deployed.
	DeployedSince time.Time

	// Ring is the ring, read after the distribution.
	Ring Ring
}

// Deployments remembers since when a rotator has seen the present version of the
// distribution Deployed. CloudFront tells when a version was made, but not when the
// last edge had it. The zero value has seen nothing; forgetting is always safe and
// costs [Settings.Drain].
type Deployments struct {
	etag  string
	since time.Time
}

// See records a look at the distribution that ended at the moment after, and
// returns what [Observation.DeployedSince] is to be.
func (d *Deployments) See(etag string, deployed bool, after time.Time) time.Time {
	switch {
	case !deployed:
		*d = Deployments{}
	case d.etag != etag || d.since.IsZero():
		*d = Deployments{etag: etag, since: after}
	}
	return d.since
}

// elapsed returns the time from since to now. A moment that is unknown or in the
// future, as another machine's clock may say, counts as this one: nothing is ever
// done early because of a clock.
func elapsed(since, now time.Time) time.Duration {
	if since.IsZero() || since.After(now) {
		return 0
	}
	return now.Sub(since)
}
