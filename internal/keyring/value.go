package keyring

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
)

// ValueSize is the number of random bytes in a [Value]: 256 bits, as many as the
// digest that compares them.
const ValueSize = 32

// redacted replaces a Value in every way of printing it.
const redacted = "[redacted]"

// errBadValue does not quote the value: it may be a secret.
var errBadValue = fmt.Errorf("origin key value: want %d bytes in unpadded URL-safe base64", ValueSize)

// Value is the secret of a key, which CloudFront sends in the header. It prints as
// "[redacted]" with every verb, as JSON and in logs; only [Value.Reveal] returns it.
// Compare values with [Value.Equal], not with ==.
type Value struct {
	// Where fmt calls no method, in an unexported field or while it reports a wrong
	// verb, it prints pointers as addresses, but may follow one to a struct. It
	// never follows two.
	secret **secret
}

type secret struct {
	clear  string
	digest [sha256.Size]byte
}

// NewValue returns the value made of random bytes.
func NewValue(random [ValueSize]byte) Value {
	return valueOf(base64.RawURLEncoding.EncodeToString(random[:]))
}

// ParseValue returns the value that [Value.Reveal] returned as s. Its error never
// contains s.
func ParseValue(s string) (Value, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) != ValueSize {
		return Value{}, errBadValue
	}
	if base64.RawURLEncoding.EncodeToString(raw) != s { // the decoder skips line breaks
		return Value{}, errBadValue
	}
	return valueOf(s), nil
}

// HeaderValue returns the value that a header was observed to carry, of any form: a value
// that Gatehouse did not make may be a secret as well. An empty one gives the zero Value.
func HeaderValue(s string) Value {
	if s == "" {
		return Value{}
	}
	return valueOf(s)
}

func valueOf(s string) Value {
	inner := &secret{clear: s, digest: sha256.Sum256([]byte(s))}
	return Value{secret: &inner}
}

// Reveal returns the value in clear. Call it only where it leaves for CloudFront or
// Parameter Store.
func (v Value) Reveal() string {
	if v.secret == nil {
		return ""
	}
	return (*v.secret).clear
}

// IsZero reports whether v is the zero Value.
func (v Value) IsZero() bool { return v.secret == nil }

// Equal reports whether v and other are the same value, in constant time. The
// zero Value equals only itself.
func (v Value) Equal(other Value) bool {
	if v.secret == nil || other.secret == nil {
		return v.secret == other.secret
	}
	return subtle.ConstantTimeCompare(v.digest()[:], other.digest()[:]) == 1
}

func (v Value) digest() *[sha256.Size]byte { return &(*v.secret).digest }

// String implements [fmt.Stringer].
func (Value) String() string { return redacted }

// GoString implements [fmt.GoStringer].
func (Value) GoString() string { return redacted }

// Format implements [fmt.Formatter], so that no verb or flag reaches the fields.
func (Value) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(redacted)) }

// MarshalText implements [encoding.TextMarshaler].
func (Value) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON implements [encoding/json.Marshaler].
func (Value) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// UnmarshalJSON always fails: a printed value is redacted, and any other goes through
// [ParseValue].
func (*Value) UnmarshalJSON([]byte) error {
	return errors.New("origin key value: can't be read from JSON")
}

// LogValue implements [slog.LogValuer].
func (Value) LogValue() slog.Value { return slog.StringValue(redacted) }
