package token

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Limits of key sets.
const (
	MaxKeySetLength = 64 << 10 // in bytes
	MaxKeys         = 20
)

// KeySet has the public keys of an issuer that verify tokens.
type KeySet struct {
	keys []key
}

// Len returns the number of keys.
func (s KeySet) Len() int { return len(s.keys) }

// ParseKeySet reads a JWK Set (RFC 7517). It skips keys that verify no tokens: those of
// other kinds, curves and algorithms, those for encryption, RSA keys of fewer than 2,048
// bits, and private keys, which are no secret if they are published. It fails if there is
// none left.
func ParseKeySet(text []byte) (KeySet, error) {
	if len(text) > MaxKeySetLength {
		return KeySet{}, fmt.Errorf("the key set has more than %d bytes", MaxKeySetLength)
	}
	members, err := parseObject(text)
	if err != nil {
		return KeySet{}, fmt.Errorf("read the key set: %w", err)
	}
	var listed []json.RawMessage
	if err := json.Unmarshal(members["keys"], &listed); err != nil {
		return KeySet{}, errors.New("the key set has no list of keys")
	}
	if len(listed) > MaxKeys {
		return KeySet{}, fmt.Errorf("the key set has %d keys, more than %d", len(listed), MaxKeys)
	}
	var set KeySet
	for _, one := range listed {
		if key, ok := parseKey(one); ok {
			set.keys = append(set.keys, key)
		}
	}
	if len(set.keys) == 0 {
		return KeySet{}, errors.New("the key set has no key that verifies tokens: RSA of 2048 to 4096 bits, P-256 or Ed25519")
	}
	return set, nil
}

// MarshalJSON writes the keys as a JWK Set, with the members that [ParseKeySet] reads.
func (s KeySet) MarshalJSON() ([]byte, error) {
	written := struct {
		Keys []jwk `json:"keys"`
	}{Keys: []jwk{}}
	for _, key := range s.keys {
		written.Keys = append(written.Keys, key.jwk)
	}
	return json.Marshal(written)
}
