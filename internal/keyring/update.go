package keyring

import (
	"fmt"
	"time"
)

const (
	// ClockTolerance is the offset from AWS's clock that a machine which updates the
	// stack may have.
	ClockTolerance = time.Minute

	// longestAdd bounds how much older than the key itself its name may be: a rotator
	// names a key, and Parameter Store has it at the end of the rotator's run at the
	// latest, which Lambda ends after five minutes.
	longestAdd = 5 * time.Minute

	// marginShare is the part of the grace period that the margin takes at most: the
	// rest is for the update itself.
	marginShare = 5
)

// UpdateMargin returns how much older than [Times.Settle] a key must be, by its name,
// for an update of the stack to take it for settled. It covers a name that is older
// than its key and a clock that is not exact; where the grace period is short, it is a
// fifth of that. An update must be over in [Times.UpdateTime].
func (s Times) UpdateMargin() time.Duration {
	return min(longestAdd+ClockTolerance, s.Grace/marginShare)
}

// UpdateTime returns the longest time that an update of the stack may take from reading the
// keyring to changing the distribution. A key that was replaced just before the keyring was
// read, and was chosen because its successor was within the margin, is deleted after
// that.
func (s Times) UpdateTime() time.Duration { return s.Grace - s.UpdateMargin() }

// ForUpdate returns the key that an update of the stack publishes, by the clock of the
// machine that updates it: the newest key that is settled by a wide margin. Every
// authorizer accepts it, and no rotator deletes it before the update is over: see
// [Times.UpdateTime]. The key that CloudFront sends now makes no difference.
//
// A keyring that has no key which is settled by the margin has just been made, or all its
// older keys were revoked; then the key is the only one, or the stack's first. With
// several others, no name tells which of them is settled, and ForUpdate fails until one
// is.
//
// Keys need no [Key.Created]: Pulumi's function that lists parameters does not return it.
func ForUpdate(ring Keyring, now time.Time, times Times) (Key, error) {
	enough := times.Settle + times.UpdateMargin()
	age := func(key Key) time.Duration { return elapsed(key.Name.Time(), now) }
	for i := len(ring.keys) - 1; i >= 0; i-- {
		if age(ring.keys[i]) >= enough {
			return ring.keys[i], nil
		}
	}
	switch {
	case ring.Len() == 0:
		return Key{}, fmt.Errorf("the keyring of origin keys is empty: have the rotator add one (its next tick does, or `make rotate`), and update again %s later", enough)
	case ring.Len() == 1 || ring.keys[0].Name.IsFirst():
		return ring.keys[0], nil
	}
	left := enough - age(ring.keys[0])
	return Key{}, fmt.Errorf("no origin key is known to every authorizer for sure: the oldest of %v was made less than %s ago; update again in %s",
		ring, enough, rounded(left+time.Second))
}
