package keyring_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	. "github.com/gatehouse-iac/gatehouse/internal/keyring"
)

func TestValueRoundTrip(t *testing.T) {
	value := valueFrom(1, 2, 3)
	parsed, err := ParseValue(value.Reveal())
	require.NoError(t, err)
	assert.True(t, parsed.Equal(value))
	assert.Len(t, value.Reveal(), 43)
}

func TestParseValueRefusesWithoutQuoting(t *testing.T) {
	good := valueFrom(1, 2, 3).Reveal()
	for name, given := range map[string]string{
		"empty":         "",
		"short":         good[:42],
		"long":          good + "A",
		"padded":        good + "=",
		"line break":    good[:20] + "\n" + good[20:],
		"not base64":    "!" + good[1:],
		"loose bits":    good[:42] + "B",
		"other base64":  strings.Repeat("+", 43),
		"surrounded":    " " + good,
		"a short other": "hunter2",
	} {
		t.Run(name, func(t *testing.T) {
			value, err := ParseValue(given)
			require.Error(t, err)
			assert.True(t, value.IsZero())
			if given != "" {
				assert.NotContains(t, err.Error(), given)
			}
		})
	}
}

func FuzzParseValue(f *testing.F) {
	f.Add(valueFrom(1).Reveal())
	f.Add("AAAA\nAAAA")
	f.Fuzz(func(t *testing.T, given string) {
		value, err := ParseValue(given)
		if err != nil {
			return
		}
		assert.Equal(t, given, value.Reveal())
		assert.NotContains(t, fmt.Sprintf("%v %+v %#v %s %q %x", value, value, value, value, value, value), given)
	})
}

func TestValueEqual(t *testing.T) {
	one, other := valueFrom(1), valueFrom(2)
	assert.True(t, one.Equal(valueFrom(1)))
	assert.False(t, one.Equal(other))
	assert.False(t, one.Equal(Value{}))
	assert.False(t, Value{}.Equal(one))
	assert.True(t, Value{}.Equal(HeaderValue("")))
	assert.True(t, HeaderValue(one.Reveal()).Equal(one))
	assert.Equal(t, "any string", HeaderValue("any string").Reveal())
	assert.Empty(t, Value{}.Reveal())
}

// hidden holds values where fmt calls no methods.
type hidden struct {
	name    string
	value   Value
	Value   Value
	Key     Key
	keys    []Key
	keyring Keyring
	Any     any
}

func TestValueIsRedacted(t *testing.T) {
	value := valueFrom(0xff, 2, 3)
	key := Key{Name: "k", Value: value, Created: time.Now()}
	keyring := keyringOf(t, key)
	things := map[string]any{
		"value":   value,
		"pointer": &value,
		"key":     key,
		"keys":    []Key{key},
		"keyring": keyring,
		"map":     map[string]any{"value": value},
		"hidden":  hidden{"n", value, value, key, []Key{key}, keyring, value},
		"pointer to hidden": &hidden{
			"n", value, value, key, []Key{key}, keyring, &value,
		},
		"step":        Step{Action: Publish, Key: key},
		"observation": Observation{Header: value, Keyring: keyring},
		"error":       fmt.Errorf("it was %v", value),
	}
	for name, thing := range things {
		t.Run(name, func(t *testing.T) {
			for verb := rune('!'); verb < 0x7f; verb++ {
				for _, flags := range []string{"", "+", "#", "-", " ", "0", "+#"} {
					assertKeeps(t, value, fmt.Sprintf("%"+flags+string(verb), thing))
				}
			}
			if given, err := json.Marshal(thing); err == nil {
				assertKeeps(t, value, string(given))
			}
			var log bytes.Buffer
			slog.New(slog.NewJSONHandler(&log, nil)).Info("it", "thing", thing)
			slog.New(slog.NewTextHandler(&log, nil)).Info("it", "thing", thing)
			assertKeeps(t, value, log.String())
		})
	}
}

// assertKeeps fails if given shows the value or its digest in some form that fmt has.
func assertKeeps(t *testing.T, value Value, given string) {
	t.Helper()
	clear := value.Reveal()
	digest := sha256.Sum256([]byte(clear))
	for _, secret := range []any{clear, []byte(clear), digest[:], digest} {
		for _, form := range []string{"%v", "%x", "% x", "%X", "% X", "%d"} {
			require.False(t, strings.Contains(given, fmt.Sprintf(form, secret)), "a value shows as %s", form)
		}
	}
}

func TestValueCannotBeReadFromJSON(t *testing.T) {
	given, err := json.Marshal(map[Name]Value{"k": valueFrom(1)})
	require.NoError(t, err)
	assert.JSONEq(t, `{"k":"[redacted]"}`, string(given))

	var value Value
	require.ErrorContains(t, json.Unmarshal([]byte(`"[redacted]"`), &value), "read from JSON")
}
