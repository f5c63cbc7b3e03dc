package strictjson

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzParse finds input that crashes the parser, that it accepts although encoding/json
// rejects it or reads it differently, or that it rejects without a reason.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`{"a":[1,2.5e-3,null,true,"x"]}`, `{"a":1,"a":2}`, `"\ud83d\ude00"`, `"\ud83d"`, `[[[]]]`, "\xff", ``, `{"~/":{}}`, `1 2`,
		"\"\u2028\"", `"\\\""`, ` [ ] `, `{ "a" : { } , "b" : [ 0 , -1E+2 ] }`, `"\ufffd\u0000\b\f\n\r\t\/"`, `{"\u0061":1,"a":2}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, fault := Parse(text)
		if !json.Valid([]byte(text)) {
			require.NotNil(t, fault)
			return
		}
		if fault != nil {
			altered := !utf8.ValidString(text) || strings.HasPrefix(fault.Detail, "not Unicode") && strings.Contains(strings.ToLower(text), `\ud`)
			require.True(t, altered || hasDuplicate(t, text), fault.Detail)
			return
		}
		assert.False(t, hasDuplicate(t, text))
		var want any
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		require.NoError(t, decoder.Decode(&want))
		assert.Equal(t, want, plain(got))
		assert.Equal(t, strings.Trim(text, " \t\r\n"), got.Raw)
		checkParts(t, got)
	})
}

// checkParts checks that the text of each part of a value means that part.
func checkParts(t *testing.T, v Value) {
	t.Helper()
	parts := append([]Value(nil), v.Elements()...)
	for _, member := range v.Members() {
		parts = append(parts, member.Value)
	}
	for _, part := range parts {
		again, fault := Parse(part.Raw)
		require.Nil(t, fault)
		assert.Equal(t, part, again)
		checkParts(t, part)
	}
}

var errDuplicate = errors.New("duplicate")

// unique is a value of which every object has unique names.
type unique struct{}

// UnmarshalJSON implements [json.Unmarshaler].
func (*unique) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	if text[0] == '[' {
		return json.Unmarshal(text, &[]unique{})
	}
	if text[0] != '{' {
		return nil
	}
	_, _ = decoder.Token()
	seen := map[string]bool{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		if seen[name.(string)] {
			return errDuplicate
		}
		seen[name.(string)] = true
		if err := decoder.Decode(&unique{}); err != nil {
			return err
		}
	}
	return nil
}

func hasDuplicate(t *testing.T, text string) bool {
	t.Helper()
	err := json.Unmarshal([]byte(text), &unique{})
	if err != nil {
		require.ErrorIs(t, err, errDuplicate)
	}
	return err != nil
}
