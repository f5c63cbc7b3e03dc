package bedrock

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPlainSchemas(t *testing.T) {
	for _, test := range []struct{ title, given, want string }{
		{"nothing to change", citySchema, citySchema},
		{"bytes of what is plain", `{"type":"object", "properties":{"a":{"maximum":1e400}}}`, `{"type":"object", "properties":{"a":{"maximum":1e400}}}`},
		{
			"annotations at the root", `{"$schema":"s","$id":"i","title":"T","type":"object","description":"d","properties":{"title":{"title":"A","type":"string"}},"$defs":{}}`,
			`{"type":"object","properties":{"title":{"title":"A","type":"string"}}}`,
		},
		{"a definition", nestedSchema, `{"type":"object","properties":{"to":{"type":"object","title":"City","properties":{"name":{"type":"string"}},"required":["name"],"description":"where"}},"required":["to"]}`},
		{
			"a definition twice, in lists and beside others", `{"definitions":{"a":{"z":1.50,"type":"string"}},"type":"object","properties":{"l":{"items":{"$ref":"#/definitions/a"}},"u":{"anyOf":[{"$ref":"#/definitions/a"},{"type":"null"}]}}}`,
			`{"type":"object","properties":{"l":{"items":{"z":1.50,"type":"string"}},"u":{"anyOf":[{"z":1.50,"type":"string"},{"type":"null"}]}}}`,
		},
		{
			"a definition of a definition", `{"type":"object","$defs":{"a":{"$ref":"#/$defs/b/c~1d"},"b":{"c/d":{"type":"integer"}}},"properties":{"x":{"$ref":"#/$defs/a"}}}`,
			`{"type":"object","properties":{"x":{"type":"integer"}}}`,
		},
		{
			"a definition that refers to itself", `{"type":"object","$defs":{"n":{"type":"object","properties":{"next":{"$ref":"#/$defs/n"}}}},"properties":{"first":{"$ref":"#/$defs/n"}}}`,
			`{"type":"object","properties":{"first":{"type":"object","properties":{"next":{"type":"object"}}}}}`,
		},
		{"the root", `{"type":"object","properties":{"child":{"$ref":"#"}}}`, `{"type":"object","properties":{"child":{"type":"object"}}}`},
		{
			"a reference at the root", `{"type":"object","$defs":{"n":{"title":"N","type":"object","properties":{"a":{}},"required":["a"]}},"$ref":"#/$defs/n"}`,
			`{"properties":{"a":{}},"required":["a"],"type":"object"}`,
		},
		{"a reference to nothing", `{"type":"object","properties":{"x":{"$ref":"#/$defs/x"},"y":{"$ref":"https://example.com/y"}}}`, `{"type":"object","properties":{"x":{"type":"object"},"y":{"type":"object"}}}`},
		{
			"white space", ` { "type" : "object" , "$defs" : { "a" : { "const" : 1 } } , "properties" : { "x" : { "anyOf" : [ { "$ref" : "#/$defs/a" } ] } } } `,
			`{"type":"object","properties":{"x":{"anyOf":[{"const":1}]}}}`,
		},
		{"a definition that allows anything", `{"type":"object","$defs":{"a":true},"properties":{"x":{"$ref":"#/$defs/a"}}}`, `{"type":"object","properties":{"x":{}}}`},
		{"values that look like references", `{"type":"object","properties":{"$ref":{"type":"string"},"d":{"default":{"$ref":"#/x"},"enum":["<a>"]}}}`, `{"type":"object","properties":{"$ref":{"type":"string"},"d":{"default":{"$ref":"#/x"},"enum":["<a>"]}}}`},
	} {
		assert.Equal(t, test.want, string(plainSchema([]byte(test.given))), test.title)
	}
}

// TestPlainSchemasAreBounded checks references of references, which multiply.
func TestPlainSchemasAreBounded(t *testing.T) {
	schema := `{"type":"object",` + multiplying(40) + `,"properties":{"x":{"$ref":"#/$defs/d0"}}}`
	plain := plainSchema([]byte(schema))
	checkPlain(t, plain)
	assert.Less(t, len(plain), len(schema)+2*maxInlined)

	deep := `{"type":"object","properties":{"x":` + strings.Repeat(`{"items":`, 500) + `{"$ref":"#"}` + strings.Repeat(`}`, 500) + `}}`
	checkPlain(t, plainSchema([]byte(deep)))
}

// multiplying returns definitions of which each refers to the next one twice.
func multiplying(number int) string {
	var defs strings.Builder
	for i := range number {
		fmt.Fprintf(&defs, `"d%d":{"anyOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]},`, i, i+1, i+1)
	}
	return fmt.Sprintf(`"$defs":{%s"d%d":{"type":"string"}}`, defs.String(), number)
}

// checkPlain checks that a schema has what Nova accepts.
func checkPlain(t *testing.T, schema []byte) {
	t.Helper()
	var root map[string]any
	require.NoError(t, json.Unmarshal(schema, &root), string(schema))
	assert.Contains(t, root, "type")
	for keyword := range root {
		assert.True(t, plainRoot[keyword], keyword)
	}
}
