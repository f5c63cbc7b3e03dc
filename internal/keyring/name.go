package keyring

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// NonceSize is the number of random bytes in a [Name]. They keep two keys apart
// that are made in the same millisecond.
const NonceSize = 4

// nameStep is the shortest time that two names can be apart.
const nameStep = time.Millisecond

const (
	nameTimeLayout = "20060102T150405.000Z"
	nameLength     = len(nameTimeLayout) + 1 + 2*NonceSize
)

// firstNonce marks a stack's first key. A random nonce is the same once in four billion
// keys, and then does no more harm than one early rotation.
var firstNonce [NonceSize]byte

// Name names a key in its keyring: the moment it was made, in UTC to the
// millisecond, and a nonce, as in "20260131T235959.123Z-0a1b2c3d". Names sort by
// that moment, as strings too.
//
// A name is public: it appears in logs.
type Name string

// NewName returns the name of a key that is made at t.
func NewName(t time.Time, nonce [NonceSize]byte) Name {
	return Name(t.UTC().Format(nameTimeLayout) + "-" + hex.EncodeToString(nonce[:]))
}

// NewFirstName returns the name of a stack's first key, made at t. Its value
// reached CloudFront through Pulumi's state instead of the rotator, so [Decide]
// replaces it at the first tick. The mark is part of the name because the name is
// the only thing that every listing returns of a key.
func NewFirstName(t time.Time) Name { return NewName(t, firstNonce) }

// ParseName returns s as a Name, or an error that describes a name.
func ParseName(s string) (Name, error) {
	if len(s) != nameLength {
		return "", badName(s)
	}
	moment, err := time.Parse(nameTimeLayout, s[:len(nameTimeLayout)])
	if err != nil {
		return "", badName(s)
	}
	var nonce [NonceSize]byte
	if _, err := hex.Decode(nonce[:], []byte(s[len(nameTimeLayout)+1:])); err != nil {
		return "", badName(s)
	}
	name := NewName(moment, nonce)
	if string(name) != s {
		return "", badName(s)
	}
	return name, nil
}

// IsFirst reports whether n was made by [NewFirstName].
func (n Name) IsFirst() bool {
	return strings.HasSuffix(string(n), "-"+hex.EncodeToString(firstNonce[:]))
}

// Time returns the moment in the name, and the zero time if it has none.
func (n Name) Time() time.Time {
	moment, _, _ := strings.Cut(string(n), "-")
	t, err := time.Parse(nameTimeLayout, moment)
	if err != nil {
		return time.Time{}
	}
	return t
}

func badName(given string) error {
	return fmt.Errorf("origin key name %q: want a UTC time and %d random bytes in lower-case hex, like 20260131T235959.123Z-0a1b2c3d", given, NonceSize)
}
