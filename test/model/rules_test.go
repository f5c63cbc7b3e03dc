package model

import (
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// unit is what the model's clock counts in. What it means in seconds does not
// matter: only which time is longer than which other does.
const unit = time.Minute

// rules are a protocol and the environment that it runs in. Anything that a world's rule
// allows may happen at any moment or not at all.
type rules struct {
	// decide is the rotator's decision.
	decide func(keyring.Observation, keyring.Times, keyring.Request) keyring.Step

	// The rotator's times, in units.
	settle, grace, drain uint8

	// The world's times, in units.
	refetch uint8 // an authorizer does not read again while its cached keyring is this old
	memory  uint8 // an authorizer trusts its cached keyring while it is this old
	stale   uint8 // and this old while Parameter Store fails
	cache   uint8 // API Gateway caches an authorizer's response while it is this old
	upTakes uint8 // the longest from an `up`'s choice of a key to its update of the distribution

	// What an `up` takes for settled, by names and clocks that are not exact: never a
	// key that is younger than upSettle, always one that is older by upMargin.
	upSettle, upMargin uint8

	names    value // how many keys have a name at once; none is added beyond that
	watches  bool  // the authorizer is modelled closely, for one key at a time
	ups      bool  // there are `up`s, which choose a key from the keyring and write it later
	two      bool  // there is the REST API's origin, which an `up` adds and removes
	third    bool  // a third rotator may be about to make a call, however late
	intruder bool  // an intruder puts foreign headers into the distribution
	revokes  bool  // there are requests to revoke
	lag      bool  // readers may miss what changed in Parameter Store this very moment
	outages  bool  // Parameter Store fails for authorizers

	plain bool // states are told apart that lead to the same: slower, for comparison

	// What a weaker protocol would do.
	ringFirst   bool // the rotator reads the keyring before the distribution
	lateClock   bool // the rotator reads its clock after all else
	noIfMatch   bool // the rotator updates the distribution regardless of its ETag
	noRefetch   bool // authorizers refuse by their memory as long as they trust it
	earlyCheck  bool // the rotator asks the API for a key when it adds it, not when it publishes it
	refuseBlind bool // authorizers refuse what they cannot read
	ignoreCache bool // the bound leaves out what API Gateway caches
	oneOrigin   bool // the rotator reads and updates the HTTP API's origin only
	strict      bool // a revocation promises as much as a rotation does
	reference   bool // one value; CloudFront first, then Parameter Store
}

// ours is the protocol as it is, in a world where everything happens. Each time is
// the shortest that does: one unit less, and the protocol fails.
func ours() rules {
	return rules{
		decide:  keyring.Decide,
		refetch: 0, settle: 1, // what happens within a unit happens in any order
		upSettle: 1, upMargin: 1, upTakes: 1, grace: 2,
		drain:  1, // requests arrive before time passes
		memory: 1, stale: 2, cache: 1,
		names: 3, watches: true, ups: true, third: true, intruder: true, lag: true, outages: true,
	}
}

// but returns the rules with a change.
func (r rules) but(change func(*rules)) rules {
	change(&r)
	return r
}

// bound is how many units after a key left the keyring its value is still accepted.
func (r rules) bound() uint8 {
	bound := r.memory
	if r.outages {
		bound = r.stale
	}
	if !r.ignoreCache {
		bound += r.cache
	}
	return bound
}
