package strictjson

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	got, fault := Parse([]byte(" {\"a\": [1, 1.50, -2e9, true, null, \"x\\n\\ud83d\\ude00\\\\ud800\"], \"\": {}}\n"))
	require.Nil(t, fault)
	assert.Equal(t, map[string]any{
		"a": []any{json.Number("1"), json.Number("1.50"), json.Number("-2e9"), true, nil, "x\n😀\\ud800"},
		"":  map[string]any{},
	}, got)
}

func TestFaultsAreNamedByPointer(t *testing.T) {
	for text, want := range map[string]Fault{
		"":                          {"", "unexpected end"},
		"{":                         {"", "unexpected end"},
		"hello":                     {"", "at byte 1"},
		"{}{}":                      {"", "after top-level value"},
		"[]]":                       {"", "after top-level value"},
		"[1,]":                      {"", "invalid character"},
		`{"a":1,}`:                  {"", "invalid character"},
		"\"\n\"":                    {"", "invalid character"},
		"\"\xff\"":                  {"", "not UTF-8"},
		"\"\xed\xa0\x80\"":          {"", "not UTF-8"},
		`"\ud800"`:                  {"", "half of a surrogate pair, at byte 2"},
		`"\udc00"`:                  {"", "half of a surrogate pair"},
		`"\ud800\u0041"`:            {"", "half of a surrogate pair"},
		`"\\\ud83d"`:                {"", "half of a surrogate pair"},
		`{"a":1,"a":2}`:             {"/a", "duplicate member"},
		`{"a":1,"\u0061":2}`:        {"/a", "duplicate member"},
		`[0,{"b":{"x":1,"x":2}}]`:   {"/1/b/x", "duplicate member"},
		`{"a/b~c":{"d":1,"d":2}}`:   {"/a~1b~0c/d", "duplicate member"},
		strings.Repeat("[", 20_000): {"", "depth"},
	} {
		_, fault := Parse([]byte(text))
		title := text[:min(len(text), 40)]
		require.NotNil(t, fault, title)
		assert.Equal(t, want.Pointer, fault.Pointer, title)
		assert.Contains(t, fault.Detail, want.Detail, title)
	}
}

// FuzzParse finds input that crashes the parser, and input that it accepts although
// encoding/json rejects it or reads it differently.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`{"a":[1,2.5e-3,null,true,"x"]}`, `{"a":1,"a":2}`, `"\ud83d\ude00"`, `"\ud83d"`, `[[[]]]`, "\xff", ``, `{"~/":{}}`, `1 2`, "\"\u2028\"",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, fault := Parse(text)
		if fault != nil {
			return
		}
		require.True(t, json.Valid(text))
		again, err := json.Marshal(got)
		require.NoError(t, err)
		var want any
		decoder := json.NewDecoder(strings.NewReader(string(text)))
		decoder.UseNumber()
		require.NoError(t, decoder.Decode(&want))
		assert.Equal(t, want, got)
		if strings.ContainsRune(string(again), utf8.RuneError) {
			assert.Regexp(t, `(?i)\x{fffd}|\\ufffd`, string(text), "put in the place of something else")
		}
	})
}
