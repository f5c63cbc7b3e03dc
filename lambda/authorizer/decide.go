package main

import (
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// limits are the TTLs of the cached keyring. refetch ≤ ttl ≤ stale.
type limits struct {
	ttl     time.Duration // a key in a keyring younger than this is accepted without a read
	refetch time.Duration // the keyring is read at most once in this time
	stale   time.Duration // a key is accepted this long when the keyring can't be read
}

// cachedKeyring is the keyring as an authorizer has read it. It is immutable: each read
// makes another. Its times are those at which a read began, because a keyring is as old
// as that and not as the last byte of the response.
type cachedKeyring struct {
	keys  keyring.Keyring
	read  time.Time // of the last read that succeeded; zero before the first
	tried time.Time // of the last read
	err   error     // of the last read
}

type outcome int

const (
	accepted      outcome = iota
	rejected              // cached by API Gateway, so only when it is certain
	indeterminate         // an error, which API Gateway does not cache
	needsRefresh          // the keyring must be read first
)

func (o outcome) String() string {
	return [...]string{"accepted", "rejected", "indeterminate", "needsRefresh"}[o]
}

// decision is the outcome for one presented value, with its reason. The key is the one
// that was presented, if it is accepted.
type decision struct {
	outcome outcome
	key     keyring.Name
	reason  string
}

const (
	reasonInKeyring    = "the value is a key of the keyring"
	reasonFromCache    = "the value is a key of the cached keyring, and the keyring can't be read now"
	reasonForm         = "the value has not the form of a key"
	reasonNotInKeyring = "the value is no key of the keyring"
	reasonEmpty        = "the keyring is empty: the rotator's create makes the first key"
	reasonUnreadable   = "the keyring can't be read, and the value is no cached key"
	reasonSlow         = "reading the keyring took too long to reject a value by it"
)

// decide decides on the presented value by the cached keyring, or requires a read of the
// keyring. After that read, [cachedKeyring.decideAfterRead] decides.
func (c cachedKeyring) decide(now time.Time, presented string, l limits) decision {
	if key, known := c.keys.Accepts(presented); known && within(l.ttl, c.read, now) {
		return decision{accepted, key, reasonInKeyring}
	}
	d := decision{outcome: needsRefresh}
	if within(l.refetch, c.tried, now) {
		d = c.decideAfterRead(now, presented, l)
	}
	if (d.outcome == needsRefresh || d.outcome == indeterminate) && !hasForm(presented) {
		return decision{outcome: rejected, reason: reasonForm}
	}
	return d
}

// decideAfterRead decides on the presented value when the keyring was read, or the read
// failed, within the refetch period.
//
// A rejection requires a keyring that was read within that period: CloudFront sends a key
// only when it has been in the keyring for longer (the rotator's settle time), so a
// value that such a keyring lacks is none. An empty keyring confirms nothing: the first
// key may be under way, and a rejection would be cached.
func (c cachedKeyring) decideAfterRead(now time.Time, presented string, l limits) decision {
	key, known := c.keys.Accepts(presented)
	switch {
	case known && c.err == nil:
		return decision{accepted, key, reasonInKeyring}
	case known && within(l.stale, c.read, now):
		return decision{accepted, key, reasonFromCache}
	case c.err != nil:
		return decision{outcome: indeterminate, reason: reasonUnreadable}
	case c.keys.Len() == 0:
		return decision{outcome: indeterminate, reason: reasonEmpty}
	case !within(l.refetch, c.read, now):
		return decision{outcome: indeterminate, reason: reasonSlow}
	}
	return decision{outcome: rejected, reason: reasonNotInKeyring}
}

// within reports whether less than limit has passed from since until now. A clock that was
// set back makes it false, so that the keyring is read once more.
func within(limit time.Duration, since, now time.Time) bool {
	age := now.Sub(since)
	return 0 <= age && age < limit
}

// hasForm reports whether presented could be a key of any keyring. Any other value is
// rejected without a read, so that most guesses cost nothing.
func hasForm(presented string) bool {
	_, err := keyring.ParseValue(presented)
	return err == nil
}
