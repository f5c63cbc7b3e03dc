package scriptedmodel

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// validate fails the test unless the value matches the schema.
func validate(t *testing.T, schemaText, value string) {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(schemaText))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	instance, err := jsonschema.UnmarshalJSON(strings.NewReader(value))
	if err != nil {
		t.Fatalf("%s: %v", value, err)
	}
	if err := compiled.Validate(instance); err != nil {
		t.Errorf("%s doesn't match %s: %v", value, schemaText, err)
	}
}

// objectOf returns a schema of an object with these properties, all required.
func objectOf(properties string) string {
	var names []string
	for _, m := range membersOf(json.RawMessage("{" + properties + "}")) {
		names = append(names, m.name)
	}
	required, _ := json.Marshal(names)
	return `{"type":"object","properties":{` + properties + `},"required":` + string(required) + `,"additionalProperties":false}`
}

func TestFill(t *testing.T) {
	const text, number, whole = `{"type":"string"}`, `{"type":"number"}`, `{"type":"integer"}`
	for name, test := range map[string]struct{ schema, text, want string }{
		"numbers in order":        {objectOf(`"a":` + whole + `,"b":` + whole), "What is 3 + 4", `{"a":3,"b":4}`},
		"a negative fraction":     {objectOf(`"x":` + number), "Use -2.5 please", `{"x":-2.5}`},
		"a number in words":       {objectOf(`"count":` + whole), "buy three apples", `{"count":3}`},
		"numbers by name":         {objectOf(`"width":` + whole + `,"height":` + whole), "height 20, width: 10", `{"width":10,"height":20}`},
		"a person":                {objectOf(`"name":` + text + `,"age":` + whole), "Alice is 30 years old.", `{"name":"Alice","age":30}`},
		"a quotation":             {objectOf(`"title":` + text), `Create a page titled "On Growth"`, `{"title":"On Growth"}`},
		"a quotation of another":  {objectOf(`"customer_name":` + text), "Create a customer named '你好啊集团' (Hello Group)", `{"customer_name":"你好啊集团"}`},
		"a city with a state":     {objectOf(`"location":` + text), "What is the weather in San Francisco, CA?", `{"location":"San Francisco, CA"}`},
		"a city without capital":  {objectOf(`"city":` + text), "what's the weather in paris?", `{"city":"paris"}`},
		"an address of mail":      {objectOf(`"to":{"type":"string","format":"email"}`), "Write to bo@example.org now", `{"to":"bo@example.org"}`},
		"a date":                  {objectOf(`"day":{"type":"string","format":"date"}`), "on 2026-03-04", `{"day":"2026-03-04"}`},
		"a moment":                {objectOf(`"at":{"type":"string","format":"date-time"}`), "on 2026-03-04T10:00:00Z", `{"at":"2026-03-04T10:00:00Z"}`},
		"no moment":               {objectOf(`"at":{"type":"string","format":"date-time"}`), "soon", `{"at":"2025-01-01T00:00:00Z"}`},
		"a query":                 {objectOf(`"query":` + text), "find green tea", `{"query":"find green tea"}`},
		"an enumeration":          {objectOf(`"unit":{"enum":["celsius","fahrenheit"]}`), "in Fahrenheit", `{"unit":"fahrenheit"}`},
		"an enumeration, default": {objectOf(`"unit":{"enum":["a","b"],"default":"b"}`), "x", `{"unit":"b"}`},
		"a constant":              {objectOf(`"kind":{"const":"cat"}`), "dog", `{"kind":"cat"}`},
		"bounds":                  {objectOf(`"n":{"type":"integer","minimum":1,"maximum":5}`), "use 9", `{"n":5}`},
		"exclusive bounds":        {objectOf(`"n":{"type":"integer","exclusiveMinimum":-1000,"exclusiveMaximum":1000}`), "magic_function(3)", `{"n":3}`},
		"a multiple":              {objectOf(`"n":{"type":"integer","multipleOf":5,"minimum":1}`), "use 1", `{"n":5}`},
		"true":                    {objectOf(`"urgent":{"type":"boolean"}`), "It is urgent!", `{"urgent":true}`},
		"false":                   {objectOf(`"urgent":{"type":"boolean"}`), "It is not urgent", `{"urgent":false}`},
		"optional, absent":        {`{"type":"object","properties":{"note":{"type":"string"}}}`, "Hello there", `{}`},
		"optional, present":       {`{"type":"object","properties":{"note":{"type":"string"}}}`, "Add the note 'late'", `{"note":"late"}`},
		"null":                    {objectOf(`"punchline":{"anyOf":[{"type":"string"},{"type":"null"}]}`), "the setup, no punchline", `{"punchline":null}`},
		"null as a type":          {objectOf(`"nick":{"type":["string","null"]}`), "nothing", `{"nick":null}`},
		"not null":                {objectOf(`"nick":{"type":["string","null"]}`), "her nick is Bo", `{"nick":"Bo"}`},
		"names":                   {objectOf(`"cities":{"type":"array","items":{"type":"string"}}`), "Compare Paris, London and Rome", `{"cities":["Paris","London","Rome"]}`},
		"words":                   {objectOf(`"items":{"type":"array","items":{"type":"string"}}`), "buy milk, brown bread and eggs", `{"items":["milk","brown bread","eggs"]}`},
		"a list of numbers":       {objectOf(`"values":{"type":"array","items":` + whole + `}`), "sum 1, 2 and 3", `{"values":[1,2,3]}`},
		"objects": {
			objectOf(`"people":{"type":"array","items":` + objectOf(`"name":`+text+`,"age":`+whole) + `}`),
			"Alice is 30 and Bob is 25", `{"people":[{"name":"Alice","age":30},{"name":"Bob","age":25}]}`,
		},
		"too few items":  {objectOf(`"tags":{"type":"array","items":` + text + `,"minItems":2,"uniqueItems":true}`), "none", `{"tags":["none 1","none 2"]}`},
		"too many items": {objectOf(`"n":{"type":"array","items":` + whole + `,"maxItems":1}`), "1 2 3", `{"n":[1]}`},
		"nested":         {objectOf(`"event":` + objectOf(`"name":`+text+`,"date":`+text)), "Plan Carnival on 2026-02-16", `{"event":{"name":"Carnival","date":"2026-02-16"}}`},
		"a reference": {
			`{"$defs":{"P":` + objectOf(`"name":`+text) + `},"type":"object","properties":{"who":{"$ref":"#/$defs/P"}},"required":["who"]}`,
			"It is for Ada", `{"who":{"name":"Ada"}}`,
		},
		"a reference to itself": {
			`{"$defs":{"N":{"type":"object","properties":{"v":{"type":"integer"},"next":{"anyOf":[{"$ref":"#/$defs/N"},{"type":"null"}]}},"required":["v","next"]}},"$ref":"#/$defs/N"}`,
			"just 4", `{"v":4,"next":null}`,
		},
		"all of": {`{"allOf":[` + `{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}` + `]}`, "7", `{"a":7}`},
		"one of, tagged": {
			objectOf(`"pet":{"oneOf":[` + objectOf(`"kind":{"const":"cat"},"lives":`+whole) + `,` + objectOf(`"kind":{"const":"dog"},"barks":`+whole) + `]}`),
			"my dog has 3", `{"pet":{"kind":"dog","barks":3}}`,
		},
		"a pattern found":     {objectOf(`"id":{"type":"string","pattern":"^[A-Z]{2}-[0-9]+$"}`), "look at AB-12.", `{"id":"AB-12"}`},
		"a pattern not found": {objectOf(`"id":{"type":"string","pattern":"^[A-Z]{2}-[0-9]+$"}`), "look", `{"id":"AA-0"}`},
		"a length":            {objectOf(`"code":{"type":"string","minLength":3,"maxLength":4}`), "for Alexandria", `{"code":"Alex"}`},
		"a map":               {`{"type":"object","additionalProperties":{"type":"string"}}`, "x", `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			got := asText(newReader(test.text).fill(parseSchema(json.RawMessage(test.schema)), ""))
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			validate(t, test.schema, got)
		})
	}
}

// FuzzFill checks that any text fills a schema with every keyword, also an odd one.
func FuzzFill(f *testing.F) {
	schema := objectOf(`"name":{"type":"string","minLength":2,"maxLength":9},"n":{"type":"integer","minimum":-5,"exclusiveMaximum":7},
		"x":{"type":["number","null"]},"tags":{"type":"array","items":{"type":"string"},"minItems":1,"maxItems":3,"uniqueItems":true},
		"day":{"type":"string","format":"date"},"unit":{"enum":["a","b"]},"ok":{"type":"boolean"},
		"people":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer"}},"required":["name","age"]}}`)
	for _, text := range []string{"", "Ann is 7", "name: 'x' n=99 2026-99-99", "A, B and C", "\xff", "unit b, ok not, İ"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		validate(t, schema, asText(newReader(strings.ToValidUTF8(text, "?")).fill(parseSchema(json.RawMessage(schema)), "")))
	})
}
