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

// Names returns the names of the keys, oldest first.
func (r Ring) Names() []Name {
	names := make([]Name, len(r.keys))
	for i, key := range r.keys {
		names[i] = key.Name
	}
	return names
}

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
	var onStack [2 * ValueSize]byte // room for every value's text, so that nothing is allocated
	key, ok := r.find(sha256.Sum256(append(onStack[:0], presented...)))
	return key.Name, ok
}

// holding returns the key that has the value.
func (r Ring) holding(value Value) (Key, bool) {
	if value.IsZero() {
		return Key{}, false
	}
	return r.find(*value.digest())
}

// before returns the names of the keys that are older than name.
func (r Ring) before(name Name) []Name {
	names := r.Names()
	at, _ := slices.BinarySearch(names, name)
	return names[:at]
}

// through returns the names of the keys up to name.
func (r Ring) through(name Name) []Name {
	names := r.Names()
	at, found := slices.BinarySearch(names, name)
	if found {
		at++
	}
	return names[:at]
}

func (r Ring) find(digest [sha256.Size]byte) (Key, bool) {
	match := -1
	for i := range r.keys {
		equal := subtle.ConstantTimeCompare(digest[:], r.keys[i].Value.digest()[:])
		match = subtle.ConstantTimeSelect(equal, i, match)
	}
	if match < 0 {
		return Key{}, false
	}
	return r.keys[match], true
}

// String implements [fmt.Stringer]: the names, which are public.
func (r Ring) String() string { return fmt.Sprint(r.Names()) }

// LogValue implements [slog.LogValuer]: the names, which are public.
func (r Ring) LogValue() slog.Value { return slog.AnyValue(r.Names()) }
