// Package keyring implements the keyring of origin keys and the rotation state machine.
//
// CloudFront adds a secret header to each request that it sends to the API; the
// authorizer accepts the request when the value is that of any key of the keyring. No
// place stores which key is in use: CloudFront's configuration is the record. [Decide]
// returns a rotator's next step; package test/model explores it exhaustively.
//
// The package is pure: no clock, no randomness, no AWS calls. So the Lambda functions
// and the tests share one set of rules.
package keyring

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// Key is one key of a [Keyring].
type Key struct {
	Name  Name
	Value Value

	// Created is the time at which Parameter Store stored the key, by its own clock. A
	// key is never changed, so this is also when it was last modified.
	Created time.Time
}

// Keyring holds the keys that are accepted, oldest first. The zero Keyring is empty and
// accepts nothing.
type Keyring struct {
	keys []Key
}

// New returns the keyring of keys, in any order. It fails when two keys share a
// name or a key has no value.
func New(keys ...Key) (Keyring, error) {
	sorted := slices.SortedFunc(slices.Values(keys), func(a, b Key) int {
		return strings.Compare(string(a.Name), string(b.Name))
	})
	for i, key := range sorted {
		if key.Value.IsZero() {
			return Keyring{}, fmt.Errorf("origin key %s has no value", key.Name)
		}
		if i > 0 && sorted[i-1].Name == key.Name {
			return Keyring{}, fmt.Errorf("origin key %s is in the keyring twice", key.Name)
		}
	}
	return Keyring{keys: sorted}, nil
}

// Keys returns the keys, oldest first.
func (k Keyring) Keys() []Key { return slices.Clone(k.keys) }

// Names returns the names of the keys, oldest first.
func (k Keyring) Names() []Name {
	names := make([]Name, len(k.keys))
	for i, key := range k.keys {
		names[i] = key.Name
	}
	return names
}

// Len returns the number of keys.
func (k Keyring) Len() int { return len(k.keys) }

// Newest returns the key that was made last, and false when the keyring is empty.
func (k Keyring) Newest() (Key, bool) {
	if len(k.keys) == 0 {
		return Key{}, false
	}
	return k.keys[len(k.keys)-1], true
}

// Accepts returns the name of the key whose value is presented, and reports whether
// there is one. It takes the same time regardless of which key matches, if any: it
// compares digests, of equal length, and never stops early.
func (k Keyring) Accepts(presented string) (Name, bool) {
	var onStack [2 * ValueSize]byte // room for any value, so that nothing is allocated
	key, ok := k.find(sha256.Sum256(append(onStack[:0], presented...)))
	return key.Name, ok
}

// Holding returns the key that has the value, and reports whether there is one.
func (k Keyring) Holding(value Value) (Key, bool) {
	if value.IsZero() {
		return Key{}, false
	}
	return k.find(*value.digest())
}

// before returns the names of the keys that are older than name.
func (k Keyring) before(name Name) []Name {
	names := k.Names()
	at, _ := slices.BinarySearch(names, name)
	return names[:at]
}

// through returns the names of the keys up to name.
func (k Keyring) through(name Name) []Name {
	names := k.Names()
	at, found := slices.BinarySearch(names, name)
	if found {
		at++
	}
	return names[:at]
}

func (k Keyring) find(digest [sha256.Size]byte) (Key, bool) {
	match := -1
	for i := range k.keys {
		equal := subtle.ConstantTimeCompare(digest[:], k.keys[i].Value.digest()[:])
		match = subtle.ConstantTimeSelect(equal, i, match)
	}
	if match < 0 {
		return Key{}, false
	}
	return k.keys[match], true
}

// String implements [fmt.Stringer]: the names, which are public.
func (k Keyring) String() string { return fmt.Sprint(k.Names()) }

// LogValue implements [slog.LogValuer]: the names, which are public.
func (k Keyring) LogValue() slog.Value { return slog.AnyValue(k.Names()) }
