package keyring

import "time"

// Observation holds the state on which the next step of a rotation is decided. The order
// in which a rotator reads it is part of the protocol: first the clock, then the
// distribution, then the keyring.
//
//   - Clock first: that the distribution has not had a value for the grace period holds
//     only for the moment at which it was read. With a clock read later, an `up` can
//     write the value in between.
//   - Distribution before keyring: the keyring that is read later holds every key that the
//     distribution can have had since, so a header in none of its keys is either foreign
//     or out of date, and If-Match rejects the update in the latter case.
type Observation struct {
	// Now is the rotator's clock before it read anything else.
	Now time.Time

	// Header is the value that the distribution's configuration sends to the API; zero
	// if it sends no such header.
	Header Value

	// Modified is the time at which that configuration was last changed, by
	// CloudFront's clock.
	Modified time.Time

	// DeployedSince is the earliest time at which this rotator knows this version of the
	// configuration to have been Deployed: see [Deployments]. It is zero when it is not
	// Deployed.
	DeployedSince time.Time

	// Keyring was read after the distribution.
	Keyring Keyring
}

// Deployments records since when a rotator has seen the present version of the
// distribution Deployed. CloudFront reports when a version was made, but not when the
// last edge location had it. The zero value has no record; losing a record is always safe
// and costs [Times.Drain].
type Deployments struct {
	etag  string
	since time.Time
}

// See records a read of the distribution that ended at the time after, and returns the
// value for [Observation.DeployedSince].
func (d *Deployments) See(etag string, deployed bool, after time.Time) time.Time {
	switch {
	case !deployed:
		*d = Deployments{}
	case d.etag != etag || d.since.IsZero():
		*d = Deployments{etag: etag, since: after}
	}
	return d.since
}

// elapsed returns the time from since to now. A time that is unknown or in the future, by
// another machine's clock, counts as now: nothing is ever done early because of a clock.
func elapsed(since, now time.Time) time.Duration {
	if since.IsZero() || since.After(now) {
		return 0
	}
	return now.Sub(since)
}
