package bedrock

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
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
		`{"items":[{"type":"string"}]}`:                                       false,
	} {
		_, got := nativeSchema([]byte(schema))
		assert.Equal(t, native, got, schema)
	}
}

// TestManyReferencesAreNotFollowed checks that the time is bounded, since references of
// references multiply the schemas.
func TestManyReferencesAreNotFollowed(t *testing.T) {
	for levels, want := range map[int]bool{5: true, 40: false} {
		_, native := nativeSchema([]byte(`{` + multiplying(levels) + `,"$ref":"#/$defs/d0"}`))
		assert.Equal(t, want, native, "%d levels", levels)
	}
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

func TestCallIDs(t *testing.T) {
	var ids callIDs
	seen := map[string]bool{}
	for range 3 {
		for _, id := range []string{"call_1", "call:1", "", "call_1#1", alias("call_1#2")} {
			got := ids.next(id)
			assert.True(t, accepted(got), got)
			assert.False(t, seen[got], "%s is sent twice", got)
			assert.Equal(t, got, ids.last(id))
			seen[got] = true
		}
	}
	assert.True(t, seen["call_1"], "the first is as the client has it")
	assert.Equal(t, "call_9", ids.last("call_9"))
}

// TestRepeatedCallIDs checks a client whose ids restart in each turn: the calls differ,
// and each has its result.
func TestRepeatedCallIDs(t *testing.T) {
	once := messagesOf(testPlan(chat.Conversation{Model: claude45Model, Messages: toolLoop()}))
	twice := messagesOf(testPlan(chat.Conversation{Model: claude45Model, Messages: append(toolLoop(), toolLoop()...)}))
	idOf := func(messages []types.Message, turn int) string {
		switch block := messages[turn].Content[0].(type) {
		case *types.ContentBlockMemberToolUse:
			return *block.Value.ToolUseId
		case *types.ContentBlockMemberToolResult:
			return *block.Value.ToolUseId
		}
		return ""
	}
	assert.Equal(t, []string{"call_1", "call_1"}, []string{idOf(once, 1), idOf(once, 2)})
	require.Len(t, twice, 5)
	assert.Equal(t, []string{"call_1", "call_1"}, []string{idOf(twice, 1), idOf(twice, 2)}, "as before, for the prompt cache")
	assert.NotEqual(t, "call_1", idOf(twice, 3))
	last := twice[4].Content[len(twice[4].Content)-1].(*types.ContentBlockMemberToolResult)
	assert.Equal(t, idOf(twice, 3), *last.Value.ToolUseId)
}

// Nova's models fail when they call a tool whose name has a hyphen.
func TestNovasToolsHaveNoHyphens(t *testing.T) {
	c := chat.Conversation{Tools: []chat.Tool{{Name: "get-weather"}, {Name: "get_weather"}, {Name: "get.weather-now"}}}
	for model, want := range map[string][]string{claude45Model: {"get-weather", "get_weather"}, novaModel: {"", "get_weather"}} {
		f := familyOf(model)
		names := toolNamesOf(f, &c)
		for i, tool := range c.Tools {
			sent := f.toolName(tool.Name)
			assert.True(t, accepted(sent), sent)
			assert.Equal(t, tool.Name, names.original(sent))
			if i < len(want) && want[i] != "" {
				assert.Equal(t, want[i], sent)
			}
			if f.has(plainNames) {
				assert.NotContains(t, sent, "-")
			}
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
