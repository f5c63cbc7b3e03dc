package main

import (
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// limits say how long what was read holds. refetch ≤ ttl ≤ stale.
type limits struct {
	ttl     time.Duration // a key in a keyring younger than this is accepted without a read
	refetch time.Duration // the keyring is read at most once in this time
	stale   time.Duration // a key is accepted this long when the keyring can't be read
}

// memory is what an authorizer knows of the keyring. It never changes: each read of
// the keyring makes another. All times are when a read began, because a keyring is as
// old as that and not as its last byte.
type memory struct {
	ring  keyring.Keyring
	read  time.Time // of the last read that succeeded; zero before the first
	tried time.Time // of the last read
	err   error     // of the last read
}

type outcome int

const (
	accepted    outcome = iota
	refused             // API Gateway remembers it: only when it is certain
	unconfirmed         // an error, which API Gateway does not remember
	unread              // the keyring has to be read first
)

func (o outcome) String() string {
	return [...]string{"accepted", "refused", "unconfirmed", "unread"}[o]
}

// verdict is the outcome for one presented value, and why. The key is the one that
// was presented, if it is accepted.
type verdict struct {
	outcome outcome
	key     keyring.Name
	reason  string
}

const (
	reasonInRing     = "the value is a key of the keyring"
	reasonFromMemory = "the value is a key of the keyring as remembered, which can't be read now"
	reasonForm       = "the value has not the form of a key"
	reasonNotInRing  = "the value is no key of the keyring"
	reasonEmpty      = "the keyring is empty: the rotator's create makes the first key"
	reasonUnreadable = "the keyring can't be read, and the value is no key that is remembered"
	reasonSlow       = "reading the keyring took too long to refuse by it"
)

// decide judges the presented value by what is remembered, or asks for a read of
// the keyring. After that read, [memory.conclude] decides.
func (m memory) decide(now time.Time, presented string, l limits) verdict {
	if key, known := m.ring.Accepts(presented); known && within(l.ttl, m.read, now) {
		return verdict{accepted, key, reasonInRing}
	}
	v := verdict{outcome: unread}
	if within(l.refetch, m.tried, now) {
		v = m.conclude(now, presented, l)
	}
	if (v.outcome == unread || v.outcome == unconfirmed) && !hasForm(presented) {
		return verdict{outcome: refused, reason: reasonForm}
	}
	return v
}

// conclude judges the presented value when the keyring was read, or tried to, within
// the refetch period.
//
// A refusal needs a keyring that was read within that period: CloudFront sends a key
// only when it has been in the keyring for longer (the rotator's settle time), so a
// value that such a keyring lacks is none. An empty keyring confirms nothing: the first
// key may be on its way, and a refusal would be remembered.
func (m memory) conclude(now time.Time, presented string, l limits) verdict {
	key, known := m.ring.Accepts(presented)
	switch {
	case known && m.err == nil:
		return verdict{accepted, key, reasonInRing}
	case known && within(l.stale, m.read, now):
		return verdict{accepted, key, reasonFromMemory}
	case m.err != nil:
		return verdict{outcome: unconfirmed, reason: reasonUnreadable}
	case m.ring.Len() == 0:
		return verdict{outcome: unconfirmed, reason: reasonEmpty}
	case !within(l.refetch, m.read, now):
		return verdict{outcome: unconfirmed, reason: reasonSlow}
	}
	return verdict{outcome: refused, reason: reasonNotInRing}
}

// within reports whether less than limit has passed from since until now. A clock
// that was set back makes it false, so that the keyring is read once more.
func within(limit time.Duration, since, now time.Time) bool {
	age := now.Sub(since)
	return 0 <= age && age < limit
}

// hasForm reports whether presented could be a key of any keyring. What could not is
// refused without a read, so that most guesses cost nothing.
func hasForm(presented string) bool {
	_, err := keyring.ParseValue(presented)
	return err == nil
}
