package keyring

import "time"

// Settings are the protocol's times.
type Settings struct {
	// Interval is how long a key is in use before the next one is made.
	Interval time.Duration

	// Settle is how old a key must be before CloudFront may send it. It must exceed
	// the authorizer's refetch period plus the time in which Parameter Store shows a
	// new parameter to everyone: then no authorizer can refuse the key.
	Settle time.Duration

	// Grace is how long the distribution must have been unchanged before a replaced
	// key is deleted. It must exceed the time that an `up` takes from reading the ring
	// to its update of the distribution, and [Settings.UpdateMargin] more.
	Grace time.Duration

	// Drain is how long the rotator must have seen the distribution Deployed before
	// a replaced key is deleted. It must exceed the time that a request can be on its
	// way from an edge to the authorizer.
	Drain time.Duration
}

// RingLimit is how many keys a ring may hold for a rotation to add another. It only
// matters when old keys cannot be deleted, because the distribution changes all the
// time or is never Deployed, or when many rotations are requested within one grace
// time. A ring of this size, with one more from each of two rotators at once, still
// is a single page of Parameter Store's listing.
const RingLimit = 4

// deploymentPoll is how soon it makes sense to look again for a deployment to end.
const deploymentPoll = 10 * time.Second
