package originkey

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Key is one key of a [Ring].
type Key struct {
	Name  Name
	Value Value

	// Created is when Parameter Store took the key, by its own clock. A key is
	// never changed, so this is also when it was last modified.
	Created time.Time
}

// Ring is the set of keys that are accepted, oldest first. The zero Ring is empty
// and accepts nothing.
type Ring struct {
	keys []Key
}

// NewRing returns the ring of keys, in any order. It fails when two keys share a
// name or a key has no value.
func NewRing(keys ...Key) (Ring, error) {
	sorted := slices.SortedFunc(slices.Values(keys), func(a, b Key) int {
		return strings.Compare(string(a.Name), string(b.Name))
	})
	for i, key := range sorted {
		if key.Value.IsZero() {
			return Ring{}, fmt.Errorf("origin key %s has no value", key.Name)
		}
		if i > 0 && sorted[i-1].Name == key.Name {
			return Ring{}, fmt.Errorf("origin key %s is in the ring twice", key.Name)
		}
	}
	return Ring{keys: sorted}, nil
}

// Keys returns the keys, oldest first.
func (r Ring) Keys() []Key { return slices.Clone(r.keys) }

// Len returns the number of keys.
func (r Ring) Len() int { return len(r.keys) }

// Newest returns the key that was made last, and false when the ring is empty.
func (r Ring) Newest() (Key, bool) {
	if len(r.keys) == 0 {
		return Key{}, false
	}
	return r.keys[len(r.keys)-1], true
}

// Accepts returns the name of the key whose value is presented, and whether there
// is one. It takes the same time whichever key matches, if any: it compares
// digests, of equal length, and never stops early.
func (r Ring) Accepts(presented string) (Name, bool) {
	digest := sha256.Sum256([]byte(presented))
	match := -1
	for i := range r.keys {
		equal := subtle.ConstantTimeCompare(digest[:], r.keys[i].Value.digest[:])
		match = subtle.ConstantTimeSelect(equal, i, match)
	}
	if match < 0 {
		return "", false
	}
	return r.keys[match].Name, true
}
