// Package secret implements a string that doesn't print.
package secret

import (
	"errors"
	"fmt"
	"log/slog"
)

// Redacted replaces a [Text] in every way of printing it.
const Redacted = "[redacted]"

// Text is a secret string. It prints as "[redacted]" with every verb, as JSON and in
// logs; only [Text.Reveal] returns it.
type Text struct {
	// Where fmt calls no method, in an unexported field or while it reports a wrong
	// verb, it prints pointers as addresses, but may follow one to a struct. It
	// never follows two.
	clear **struct{ string }
}

// New returns the secret s. An empty one is the zero Text.
func New(s string) Text {
	if s == "" {
		return Text{}
	}
	inner := &struct{ string }{s}
	return Text{clear: &inner}
}

// Reveal returns the secret in clear. Call it only where it leaves for its owner or for
// the service that checks it.
func (t Text) Reveal() string {
	if t.clear == nil {
		return ""
	}
	return (*t.clear).string
}

// IsZero reports whether there is no secret.
func (t Text) IsZero() bool { return t.clear == nil }

// String implements [fmt.Stringer].
func (Text) String() string { return Redacted }

// GoString implements [fmt.GoStringer].
func (Text) GoString() string { return Redacted }

// Format implements [fmt.Formatter], so that no verb or flag reaches the fields.
func (Text) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(Redacted)) }

// MarshalText implements [encoding.TextMarshaler].
func (Text) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// MarshalJSON implements [encoding/json.Marshaler].
func (Text) MarshalJSON() ([]byte, error) { return []byte(`"` + Redacted + `"`), nil }

// UnmarshalJSON always fails: a printed secret is redacted.
func (*Text) UnmarshalJSON([]byte) error { return errors.New("a secret can't be read from JSON") }

// LogValue implements [slog.LogValuer].
func (Text) LogValue() slog.Value { return slog.StringValue(Redacted) }
