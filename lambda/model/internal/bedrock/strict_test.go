package bedrock

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// objectSchemaOf returns the schema of an object with a number of properties.
func objectSchemaOf(properties int, schema, rest string) json.RawMessage {
	var members []string
	for i := range properties {
		members = append(members, fmt.Sprintf(`"p%d":%s`, i, schema))
	}
	return json.RawMessage(`{"type":"object","additionalProperties":false,"properties":{` + strings.Join(members, ",") + `}` + rest + `}`)
}

func TestComplexity(t *testing.T) {
	for schema, want := range map[string]complexity{
		citySchema: {},
		string(objectSchemaOf(3, `{"type":"string"}`, `,"required":["p1"]`)):                                          {optional: 2},
		string(objectSchemaOf(2, `{"type":["string","null"]}`, `,"required":["p0","p1"]`)):                            {unions: 2},
		string(objectSchemaOf(1, `{"anyOf":[{"type":"string"},{"type":"null"}]}`, `,"required":["p0"]`)):              {unions: 1},
		string(objectSchemaOf(2, string(objectSchemaOf(2, `{"type":"string"}`, ``)), `,"required":["p0","p1"]`)):      {optional: 4},
		string(objectSchemaOf(2, `{"$ref":"#/$defs/d"}`, `,"$defs":{"d":`+string(objectSchemaOf(3, `{}`, ``))+`}`)):   {optional: 8},
		`{"type":"array","items":` + string(objectSchemaOf(1, `{"type":["string","integer"]}`, ``)) + `}`:             {optional: 1, unions: 1},
		`{"$defs":{"unused":` + string(objectSchemaOf(9, `{"type":["string","null"]}`, ``)) + `},"type":"string"}`:    {},
		`{"definitions":{"unused":` + string(objectSchemaOf(9, `{"type":"string"}`, ``)) + `},"anyOf":[{"const":1}]}`: {unions: 1},
	} {
		got, native := nativeSchema([]byte(schema))
		assert.True(t, native, schema)
		assert.Equal(t, want, got, schema)
	}
}

func TestStrictTools(t *testing.T) {
	optional := func(number int) json.RawMessage { return objectSchemaOf(number, `{"type":"string"}`, ``) }
	unions := func(number int) json.RawMessage {
		var names []string
		for i := range number {
			names = append(names, fmt.Sprintf(`"p%d"`, i))
		}
		return objectSchemaOf(number, `{"type":["string","null"]}`, `,"required":[`+strings.Join(names, ",")+`]`)
	}
	for _, test := range []struct {
		title, model string
		schemas      []json.RawMessage
		format       json.RawMessage
		strict       int
		dropped      bool
	}{
		{title: "one", model: claude45Model, schemas: []json.RawMessage{[]byte(citySchema)}, strict: 1},
		{title: "as many as there may be", model: claude45Model, schemas: slices.Repeat([]json.RawMessage{[]byte(citySchema)}, 20), strict: 20},
		{title: "one more", model: claude45Model, schemas: slices.Repeat([]json.RawMessage{[]byte(citySchema)}, 21), dropped: true},
		{title: "optional parameters", model: claude45Model, schemas: []json.RawMessage{optional(12), optional(12)}, strict: 2},
		{title: "too many optional parameters", model: claude45Model, schemas: []json.RawMessage{optional(12), optional(13)}, dropped: true},
		{title: "unions", model: claude45Model, schemas: []json.RawMessage{unions(8), unions(8)}, strict: 2},
		{title: "too many unions", model: claude45Model, schemas: []json.RawMessage{unions(8), unions(9)}, dropped: true},
		{title: "beside a format", model: claude45Model, schemas: []json.RawMessage{optional(12)}, format: optional(12), strict: 1},
		{title: "too many beside a format", model: claude45Model, schemas: []json.RawMessage{optional(12)}, format: optional(13), dropped: true},
		{title: "beside a format that isn't native", model: claude45Model, schemas: []json.RawMessage{optional(12)}, format: optional(25), strict: 1},
		{title: "outside the subset", model: claude45Model, schemas: []json.RawMessage{[]byte(`{"type":"object"}`), []byte(citySchema)}, strict: 1, dropped: true},
		{title: "a family without", model: novaModel, schemas: []json.RawMessage{[]byte(citySchema)}, dropped: true},
	} {
		c := chat.Conversation{Model: test.model, Messages: []chat.Message{user("Hello")}, Tools: []chat.Tool{{Name: "loose"}}}
		for i, schema := range test.schemas {
			c.Tools = append(c.Tools, chat.Tool{Name: fmt.Sprintf("tool_%d", i), Parameters: schema, Strict: true})
		}
		if test.format != nil {
			c.Format = chat.Format{Type: chat.FormatSchema, Schema: test.format}
		}
		provider := &Provider{}
		adapted := provider.Adapt(c)
		assert.Equal(t, test.dropped, slices.Equal(adapted.Dropped, []string{"tools.function.strict"}), test.title)
		in, err := provider.input(provider.plan(&adapted.Conversation))
		require.NoError(t, err, test.title)
		sent, err := json.Marshal(in.ToolConfig)
		require.NoError(t, err, test.title)
		assert.Equal(t, test.strict, strings.Count(string(sent), `"Strict":true`), test.title)
		assert.True(t, c.Tools[1].Strict, "%s: the request is as it was", test.title)
	}
}

// TestComplexFormats checks that an answer's schema that exceeds a limit is left to a tool.
func TestComplexFormats(t *testing.T) {
	for number, native := range map[int]bool{maxOptional: true, maxOptional + 1: false} {
		c := chat.Conversation{Model: claude45Model, Messages: []chat.Message{user("Hello")}}
		c.Format = chat.Format{Type: chat.FormatSchema, Schema: objectSchemaOf(number, `{"type":"string"}`, ``)}
		assert.Equal(t, native, testPlan(c).format == nativeMode, number)
		assert.Equal(t, !native, testPlan(c).format == toolMode, number)
	}
}
