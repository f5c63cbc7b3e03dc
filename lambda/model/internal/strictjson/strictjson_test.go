package strictjson

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plain returns a value as encoding/json decodes it with UseNumber.
func plain(v Value) any {
	switch v.Kind {
	case Bool:
		return v.Raw == "true"
	case Number:
		return json.Number(v.Raw)
	case String:
		return v.Text()
	case Array:
		array := []any{}
		for _, element := range v.Elements() {
			array = append(array, plain(element))
		}
		return array
	case Object:
		object := map[string]any{}
		for _, member := range v.Members() {
			object[member.Name] = plain(member.Value)
		}
		return object
	case Null:
	}
	return nil
}

func TestParse(t *testing.T) {
	got, fault := Parse(" {\"a\": [1, 1.50 , -2e9, true, null, \"x\\n\\ud83d\\ude00\\\\ud800\\/\\\"\" ], \"\": {}, \"b\\u0063\" : [ ]}\n")
	require.Nil(t, fault)
	assert.Equal(t, map[string]any{
		"a":  []any{json.Number("1"), json.Number("1.50"), json.Number("-2e9"), true, nil, "x\n😀\\ud800/\""},
		"":   map[string]any{},
		"bc": []any{},
	}, plain(got))
}

func TestTextsAreKept(t *testing.T) {
	got, fault := Parse(` { "z" : {"b": 1.0, "a" : [ 1 ]} , "a": "\u0041", "n": null}  `)
	require.Nil(t, fault)
	assert.Equal(t, `{ "z" : {"b": 1.0, "a" : [ 1 ]} , "a": "\u0041", "n": null}`, got.Raw)
	assert.Equal(t, `{"b": 1.0, "a" : [ 1 ]}`, got.Get("z").Raw)
	assert.Equal(t, `1.0`, got.Get("z").Get("b").Raw)
	assert.Equal(t, `[ 1 ]`, got.Get("z").Get("a").Raw)
	assert.Equal(t, `"\u0041"`, got.Get("a").Raw)
	assert.Equal(t, "A", got.Get("a").Text())
	names := []string{}
	for _, member := range got.Members() {
		names = append(names, member.Name)
	}
	assert.Equal(t, []string{"z", "a", "n"}, names)
}

func TestWhatIsAbsent(t *testing.T) {
	got, fault := Parse(`{"n": null, "s": "x", "l": [1]}`)
	require.Nil(t, fault)
	assert.Equal(t, Value{Kind: Null, Raw: "null"}, got.Get("n"))
	assert.Equal(t, Value{}, got.Get("N"))
	assert.Equal(t, Value{}, got.Get("s").Get("x"))
	assert.Empty(t, got.Get("l").Text())
	assert.Nil(t, got.Get("s").Elements())
	assert.Nil(t, got.Get("l").Members())
}

// many returns an object with n members, and a last one.
func many(n int, last string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := range n {
		fmt.Fprintf(&b, `"m%d":%d,`, i, i)
	}
	return b.String() + last + "}"
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
		`{"\udc00":1}`:              {"", "half of a surrogate pair"},
		`{"a":1,"a":2}`:             {"/a", "duplicate member"},
		`{"a":1,"\u0061":2}`:        {"/a", "duplicate member"},
		`{"a":1,"a":{"b":1,"b":1}}`: {"/a/b", "duplicate member"},
		`[0,{"b":{"x":1,"x":2}}]`:   {"/1/b/x", "duplicate member"},
		`{"a/b~c":{"d":1,"d":2}}`:   {"/a~1b~0c/d", "duplicate member"},
		many(1000, `"m500":1`):      {"/m500", "duplicate member"},
		many(9, `"":1,"":1`):        {"/", "duplicate member"},
		strings.Repeat("[", 20_000): {"", "depth"},
	} {
		_, fault := Parse(text)
		title := text[:min(len(text), 40)]
		require.NotNil(t, fault, title)
		assert.Equal(t, want.Pointer, fault.Pointer, title)
		assert.Contains(t, fault.Detail, want.Detail, title)
	}
}

func TestManyMembersAndDeepArraysAreParsed(t *testing.T) {
	got, fault := Parse(many(3000, `"last":[]`))
	require.Nil(t, fault)
	require.Len(t, got.Members(), 3001)
	assert.Equal(t, "2999", got.Get("m2999").Raw)
	got, fault = Parse(strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000))
	require.Nil(t, fault)
	for range 9_999 {
		require.Len(t, got.Elements(), 1)
		got = got.Elements()[0]
	}
	assert.Equal(t, "[]", got.Raw)
}

// agentBody returns a request as agents send it: 20 tools with 12 parameters each, and 50
// messages.
func agentBody() string {
	properties, required := []string{}, []string{}
	for i := range 12 {
		properties = append(properties, fmt.Sprintf(`"property_%d":{"type":"string","description":"Number %d \"of\" several.","enum":["a","b"]}`, i, i))
		required = append(required, strconv.Quote("property_"+strconv.Itoa(i)))
	}
	schema := `{"type":"object","properties":{` + strings.Join(properties, ",") + `},"required":[` + strings.Join(required, ",") + `]}`
	tools, messages := []string{}, []string{}
	for i := range 20 {
		tools = append(tools, fmt.Sprintf(`{"type":"function","function":{"name":"tool_%d","description":"Does this and that.","parameters":%s}}`, i, schema))
	}
	for range 50 {
		messages = append(messages, `{"role":"user","content":[{"type":"text","text":"`+strings.Repeat(`What is this?\n`, 20)+`"}]}`)
	}
	return `{"model":"m","messages":[` + strings.Join(messages, ",") + `],"tools":[` + strings.Join(tools, ",") + `]}`
}

func TestFewAllocations(t *testing.T) {
	body := agentBody()
	allocations := testing.AllocsPerRun(5, func() {
		got, fault := Parse(body)
		if fault != nil || len(got.Get("tools").Elements()) != 20 {
			t.Error("not parsed")
		}
	})
	assert.LessOrEqual(t, allocations, 100.0)
}

func BenchmarkParse(b *testing.B) {
	body := agentBody()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, fault := Parse(body); fault != nil {
			b.Fatal(fault)
		}
	}
}
