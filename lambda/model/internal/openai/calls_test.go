package openai

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

func TestStreamedCalls(t *testing.T) {
	two := []chat.ToolCall{{ID: "a", Name: "f", Arguments: `{"x":1}`}, {ID: "b", Name: "g", Arguments: `{"y":2}`}}
	made := []chat.ToolCall{{ID: "made", Name: "f", Arguments: `{"x":1}`}, {ID: "made", Name: "g", Arguments: `{"y":2}`}}
	for _, test := range []struct {
		name   string
		pieces []string
		want   []chat.ToolCall
	}{
		{"as OpenAI streams them", []string{
			`{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}`, `{"index":0,"function":{"arguments":"{\"x\":"}}`,
			`{"index":0,"function":{"arguments":"1}"}}`, `{"index":1,"id":"b","function":{"name":"g","arguments":"{\"y\":2}"}}`,
		}, two},
		{"alternating", []string{
			`{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}},{"index":1,"id":"b","function":{"name":"g","arguments":"{\"y\":"}}`,
			`{"index":0,"function":{"arguments":"1}"}},{"index":1,"function":{"arguments":"2}"}}`,
		}, two},
		{"whole, without an index", []string{`{"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}},{"id":"b","function":{"name":"g","arguments":"{\"y\":2}"}}`}, two},
		{"whole, with the same index", []string{`{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}`, `{"index":0,"id":"b","function":{"name":"g","arguments":"{\"y\":2}"}}`}, two},
		{"same index, alternating", []string{
			`{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}}`, `{"index":0,"id":"b","function":{"name":"g","arguments":"{\"y\":"}}`,
			`{"index":0,"id":"a","function":{"arguments":"1}"}}`, `{"index":0,"id":"b","function":{"arguments":"2}"}}`,
		}, two},
		{"without an index", []string{
			`{"id":"a","function":{"name":"f","arguments":""}}`, `{"function":{"arguments":"{\"x\":"}}`, `{"function":{"arguments":"1}"}}`,
			`{"id":"b","function":{"name":"g"}}`, `{"function":{"arguments":"{\"y\":2}"}}`,
		}, two},
		{"id repeated without an index", []string{`{"id":"a","function":{"name":"f","arguments":"{\"x\":"}}`, `{"id":"a","function":{"name":"f","arguments":"1}"}}`, `{"id":"b","function":{"name":"g","arguments":"{\"y\":2}"}}`}, two},
		{"id and name repeated", []string{`{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}}`, `{"index":0,"id":"a","function":{"name":"f","arguments":"1}"}}`, `{"index":1,"id":"b","function":{"name":"g","arguments":"{\"y\":2}"}}`}, two},
		{"another id in each piece", []string{`{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}}`, `{"index":0,"id":"c","function":{"arguments":"1}"}}`, `{"index":1,"id":"b","function":{"name":"g","arguments":"{\"y\":2}"}}`}, two},
		{"null and empty members", []string{`{"index":0,"id":"a","function":{"name":"f","arguments":null}}`, `{"index":0,"id":"","function":{"name":"","arguments":"{\"x\":1}"}}`, `{"index":1,"id":"b","function":{"name":"g","arguments":"{\"y\":2}"}}`}, two},
		{"indices that don't begin with 0", []string{`{"index":1,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}`, `{"index":7,"id":"b","function":{"name":"g","arguments":"{\"y\":2}"}}`}, two},
		{"arguments before the name", []string{`{"id":"a","function":{"arguments":"{\"x\":"}}`, `{"id":"a","function":{"name":"f","arguments":"1}"}}`, `{"id":"b","function":{"name":"g","arguments":"{\"y\":2}"}}`}, two},
		{"index only later", []string{`{"id":"a","function":{"name":"f","arguments":"{\"x\":"}}`, `{"index":0,"function":{"arguments":"1}"}}`, `{"index":1,"id":"b","function":{"name":"g","arguments":"{\"y\":2}"}}`}, two},
		{"arguments as objects", []string{`{"index":0,"id":"a","function":{"name":"f","arguments":{"x":1}}}`, `{"index":1,"id":"b","function":{"name":"g","arguments":{"y":2}}}`}, two},
		{"neither index nor id", []string{`{"function":{"name":"f","arguments":"{\"x\":"}}`, `{"function":{"arguments":"1}"}}`, `{"function":{"name":"g","arguments":"{\"y\":2}"}}`}, made},
		{"no ids", []string{`{"index":0,"function":{"name":"f","arguments":"{\"x\":1}"}}`, `{"index":1,"function":{"name":"g","arguments":"{\"y\":2}"}}`}, made},
		{"no ids, same index", []string{`{"index":0,"function":{"name":"f","arguments":"{\"x\":1}"}}`, `{"index":0,"function":{"name":"g","arguments":"{\"y\":2}"}}`}, made},
		{"same tool twice", []string{`{"id":"a","function":{"name":"f","arguments":"{}"}}`, `{"id":"b","function":{"name":"f","arguments":"{}"}}`}, []chat.ToolCall{{ID: "a", Name: "f", Arguments: "{}"}, {ID: "b", Name: "f", Arguments: "{}"}}},
	} {
		var stream strings.Builder
		for _, piece := range test.pieces {
			fmt.Fprintf(&stream, "data: {\"choices\":[{\"delta\":{\"tool_calls\":[%s]}}]}\n\n", piece)
		}
		stream.WriteString("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
		got, pieces, err := read(strings.NewReader(stream.String()))
		require.NoError(t, err, test.name)
		assert.Equal(t, []chat.Choice{{ToolCalls: test.want, StopReason: chat.ToolUse}}, got.Choices, test.name)
		begun := 0
		for _, piece := range pieces {
			if piece.ToolCall != nil && piece.ToolCall.ID != "" {
				assert.Equal(t, begun, piece.ToolCall.Index, "%s: calls begin in order", test.name)
				begun++
			}
		}
		assert.Equal(t, len(test.want), begun, "%s: only the first piece of a call has its id", test.name)
	}
}

// A client could not send such a call back.
func TestCallsWithoutANameAreMalformed(t *testing.T) {
	const call = `{"choices":[{"message":{"tool_calls":[{"id":"a","function":{"arguments":"{}"}}]},"finish_reason":"%s"}],"usage":{"total_tokens":9}}`
	got, _, err := read(strings.NewReader(fmt.Sprintf(call, "tool_calls")))
	require.ErrorIs(t, err, chat.ErrMalformed)
	assert.Equal(t, 9, got.Usage.TotalTokens, "they are billed")
	got, _, err = read(strings.NewReader(fmt.Sprintf(call, "length")))
	require.NoError(t, err)
	assert.Empty(t, got.Choices[0].ToolCalls, "it was cut off")
}

func TestCallsHaveDifferentIDs(t *testing.T) {
	const call = `{"id":"call_0","type":"function","function":{"name":"f","arguments":"{}"}}`
	got, _, err := read(strings.NewReader(`{"choices":[{"message":{"tool_calls":[` + call + `,` + call + `]},"finish_reason":"tool_calls"}]}`))
	require.NoError(t, err)
	calls := got.Choices[0].ToolCalls
	require.Len(t, calls, 2)
	assert.Equal(t, "call_0", calls[0].ID)
	assert.Equal(t, "made", calls[1].ID, "as read replaces it")
}

func TestMadeIDsDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := new(calls).begin(toolCall{}).id
		assert.Regexp(t, "^[A-Z2-7]{9}$", id)
		seen[id] = true
	}
	assert.Len(t, seen, 1000)
}
