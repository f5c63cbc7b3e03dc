package keyring

import "time"

// Times holds the protocol's times.
type Times struct {
	// Interval is the age of the key in use at which the next one is made.
	Interval time.Duration

	// Settle is the age that a key must have before CloudFront may send it. It must
	// exceed the authorizer's refetch period plus the time in which Parameter Store shows
	// a new parameter to every reader: then no authorizer can reject the key.
	Settle time.Duration

	// Grace is the time for which the distribution must have been unchanged before a
	// replaced key is deleted. It must exceed the time that an `up` takes from reading the keyring
	// to its update of the distribution, and [Times.UpdateMargin] more.
	Grace time.Duration

	// Drain is the time for which the rotator must have seen the distribution Deployed
	// before a replaced key is deleted. It must exceed the time that a request can take
	// from an edge location to the authorizer.
	Drain time.Duration
}

// KeyLimit is the number of keys from which on a rotation adds no other. It only matters
// when old keys cannot be deleted, because the distribution changes all the
// time or is never Deployed, or when many rotations are requested within one grace
// time. A keyring of this size, with one more from each of two rotators at once, still
// is a single page of Parameter Store's listing.
const KeyLimit = 4

// deploymentPoll is the interval at which it makes sense to check whether a deployment of
// CloudFront has ended.
const deploymentPoll = 10 * time.Second
