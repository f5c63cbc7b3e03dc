package bedrock

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNativeSchemas(t *testing.T) {
	for schema, native := range map[string]bool{
		citySchema:          true,
		`{"type":"string"}`: true,
		`{"type":"object","properties":{"a":{"type":["string","null"],"enum":["x",null]},"b":{"type":"array","items":{"type":"integer"},"minItems":1}},"additionalProperties":false}`: true,
		`{"$defs":{"a":{"type":"string","format":"date"}},"type":"object","properties":{"x":{"$ref":"#/$defs/a"},"y":{"$ref":"#/$defs/a"}},"additionalProperties":false}`:             true,
		`{"anyOf":[{"type":"string"},{"const":1}]}`:                           true,
		`{"type":"object","properties":{}}`:                                   false,
		`{"type":"object","additionalProperties":true}`:                       false,
		`{"type":"integer","minimum":1}`:                                      false,
		`{"type":"string","maxLength":3}`:                                     false,
		`{"type":"string","format":"regex"}`:                                  false,
		`{"type":"array","items":{"type":"string"},"minItems":2}`:             false,
		`{"enum":[{"a":1}]}`:                                                  false,
		`{"anyOf":[{"type":"object"}]}`:                                       false,
		`{"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"}]}},"$ref":"#/$defs/a"}`: false,
		`{"$ref":"https://example.com/schema"}`:                               false,
		`{"$ref":"#/$defs/a"}`:                                                false,
		`{"$ref":"#"}`:                                                        false,
		`{"properties":[]}`:                                                   false,
		`true`:                                                                false,
		`null`:                                                                false,
		`{`:                                                                   false,
		``:                                                                    false,
	} {
		assert.Equal(t, native, nativeSchema([]byte(schema)), schema)
	}
}

// TestManyReferencesAreNotFollowed checks that the time is bounded, since references of
// references multiply the schemas.
func TestManyReferencesAreNotFollowed(t *testing.T) {
	assert.True(t, nativeSchema([]byte(`{`+multiplying(5)+`,"$ref":"#/$defs/d0"}`)))
	assert.False(t, nativeSchema([]byte(`{`+multiplying(40)+`,"$ref":"#/$defs/d0"}`)))
}

func TestToolSchemas(t *testing.T) {
	for given, want := range map[string]string{
		"":                   openSchema,
		"null":               openSchema,
		"{}":                 openSchema,
		" { } ":              openSchema,
		`[]`:                 openSchema,
		`{"properties":{}}`:  `{"type":"object","properties":{}}`,
		` { "required":[] }`: `{"type":"object", "required":[] }`,
		`{"tYpe":"string"}`:  `{"type":"object","tYpe":"string"}`,
		citySchema:           citySchema,
	} {
		assert.Equal(t, want, string(toolSchema([]byte(given))), given)
	}
}

func TestToolInputs(t *testing.T) {
	for given, want := range map[string]string{
		"":           "{}",
		" \n":        "{}",
		`{"a": 1.0}`: `{"a": 1.0}`,
		`{"a":`:      `{"arguments":"{\"a\":"}`,
		`[1]`:        `{"arguments":"[1]"}`,
		`null`:       `{"arguments":"null"}`,
	} {
		assert.Equal(t, want, string(toolInput(given)), given)
	}
}

func TestUnfence(t *testing.T) {
	for given, want := range map[string]string{
		`{"a":1}`:                           `{"a":1}`,
		"```json\n{\"a\":1}\n```":           `{"a":1}`,
		"\n ```\n{\n\"a\":1\n}\n```\n ":     "{\n\"a\":1\n}",
		"```json\n{\"a\":1}\n```\nAs asked": `{"a":1}`,
		"```json\n{\"a\":\"```\"}\n```":     "{\"a\":\"```\"}",
		"```json\n{\"a\":1}":                `{"a":1}`,
		"```json {\"a\":1}```":              `{"a":1}`,
		"``":                                "``",
		"":                                  "",
		"No.\n```\nx\n```":                  "No.\n```\nx\n```",
	} {
		for size := 1; size <= len(given)+1; size++ {
			var u unfence
			var got strings.Builder
			for rest := given; rest != ""; {
				n := min(size, len(rest))
				got.WriteString(u.write(rest[:n]))
				rest = rest[n:]
			}
			got.WriteString(u.flush())
			assert.Equal(t, want, got.String(), "%q in pieces of %d bytes", given, size)
		}
	}
}

func TestNames(t *testing.T) {
	for _, name := range []string{"a", "get_weather-2", strings.Repeat("x", 64)} {
		assert.Equal(t, name, acceptedOr(name))
	}
	seen := map[string]bool{}
	for _, name := range []string{"", "a.b", "a:b", "a b", "ä", strings.Repeat("x", 65), strings.Repeat("x", 66), "functions.get/weather"} {
		got := acceptedOr(name)
		assert.True(t, accepted(got), got)
		assert.Equal(t, got, acceptedOr(name), "the same in each request")
		assert.False(t, seen[got], "%q has its own alias", name)
		seen[got] = true
	}
}
