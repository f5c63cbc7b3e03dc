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

// redacted is what every way of printing a Value shows.
const redacted = "[redacted]"

// errBadValue does not quote what it was given: it may be a secret.
var errBadValue = fmt.Errorf("origin key value: want %d bytes in unpadded URL-safe base64", ValueSize)

// Value is the secret of a key: what CloudFront sends in the header. It prints as
// "[redacted]" with every verb, as JSON and in logs; only [Value.Reveal] shows it.
// Compare values with [Value.Equal], not with ==.
type Value struct {
	// Where fmt calls no method, in an unexported field or while it reports a wrong
	// verb, it prints pointers as addresses, but may follow one to a struct. It
	// never follows two.
	secret **secret
}

type secret struct {
	text   string
	digest [sha256.Size]byte
}

// NewValue returns the value made of random bytes.
func NewValue(random [ValueSize]byte) Value {
	return valueOf(base64.RawURLEncoding.EncodeToString(random[:]))
}

// ParseValue returns the value whose text [Value.Reveal] showed. Its error never
// contains text.
func ParseValue(text string) (Value, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != ValueSize {
		return Value{}, errBadValue
	}
	if base64.RawURLEncoding.EncodeToString(raw) != text { // the decoder skips line breaks
		return Value{}, errBadValue
	}
	return valueOf(text), nil
}

// HeaderValue returns what a header was seen to carry, whatever that is: a value
// that nobody of ours made may be a secret as well. No text gives the zero Value.
func HeaderValue(text string) Value {
	if text == "" {
		return Value{}
	}
	return valueOf(text)
}

func valueOf(text string) Value {
	held := &secret{text: text, digest: sha256.Sum256([]byte(text))}
	return Value{secret: &held}
}

// Reveal returns the header's text in clear. Call it only where the text leaves
// for CloudFront or Parameter Store.
func (v Value) Reveal() string {
	if v.secret == nil {
		return ""
	}
	return (*v.secret).text
}

// IsZero reports whether v is no value at all.
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

// UnmarshalJSON refuses: a value that was printed is gone, and one that was not
// printed goes through [ParseValue].
func (*Value) UnmarshalJSON([]byte) error {
	return errors.New("origin key value: does not travel as JSON")
}

// LogValue implements [slog.LogValuer].
func (Value) LogValue() slog.Value { return slog.StringValue(redacted) }
