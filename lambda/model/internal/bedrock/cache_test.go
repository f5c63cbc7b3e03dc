package bedrock

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// long is a text of about 1,500 tokens.
var long = strings.Repeat("word. ", 1000)

// cachePoints returns where the cache points of a request are: after a text, a tool or a
// tool's result.
func cachePoints(t *testing.T, p *Provider, c chat.Conversation) []string {
	t.Helper()
	in, err := p.input(p.plan(&c))
	require.NoError(t, err)
	provider, service := before(t, answer{200, "", converseAnswer})
	_, err = provider.API.Converse(t.Context(), in)
	require.NoError(t, err)
	var sent struct {
		System     []map[string]json.RawMessage
		Messages   []struct{ Content []map[string]json.RawMessage }
		ToolConfig struct{ Tools []map[string]json.RawMessage }
	}
	require.NoError(t, json.Unmarshal(service.requests[0].body, &sent))
	var points []string
	add := func(name string, blocks []map[string]json.RawMessage) {
		for i, block := range blocks {
			if point := block["cachePoint"]; point != nil {
				assert.JSONEq(t, `{"type": "default"}`, string(point))
				assert.Equal(t, len(blocks)-1, i)
				points = append(points, name)
			}
		}
	}
	add("tools", sent.ToolConfig.Tools)
	add("system", sent.System)
	for i, m := range sent.Messages {
		add("message "+string(rune('0'+i)), m.Content)
	}
	return points
}

func TestCachePoints(t *testing.T) {
	tool := chat.Tool{Name: "weather", Description: long}
	conversation := []chat.Message{message(chat.RoleSystem, "Be brief."), user(long), assistant("Yes."), user("Why?"), assistant("So."), user("Ah.")}
	for _, test := range []struct {
		title, model string
		tools        []chat.Tool
		messages     []chat.Message
		want         []string
	}{
		{"all", claude45Model, []chat.Tool{tool}, conversation, []string{"tools", "system", "message 2", "message 4"}},
		{"without tools", claude45Model, nil, conversation, []string{"message 2", "message 4"}},
		{"nothing to cache", claude45Model, nil, []chat.Message{user("Hi")}, nil},
		{"a higher minimum", claude46Model, nil, conversation, nil},
		{"no cache for tools", novaModel, []chat.Tool{tool}, conversation, []string{"system", "message 2", "message 4"}},
		{"a tool's result", claude45Model, []chat.Tool{tool}, toolLoop(), []string{"tools", "message 0", "message 2"}},
		{"a tool's result with Nova", novaModel, []chat.Tool{tool}, toolLoop(), []string{"message 0"}},
		{"a model without a cache", llamaModel, []chat.Tool{tool}, conversation, nil},
		{"an older model", claude35Model, []chat.Tool{tool}, conversation, nil},
		{"open weights", ossModel, []chat.Tool{tool}, conversation, nil},
		{"an unknown model", novelModel, []chat.Tool{tool}, conversation, nil},
		{"a profile whose model is unknown", profile, []chat.Tool{tool}, conversation, nil},
	} {
		c := chat.Conversation{Model: test.model, Messages: test.messages, Tools: test.tools}
		assert.Equal(t, test.want, cachePoints(t, &Provider{PromptCaching: true}, c), test.title)
		assert.Empty(t, cachePoints(t, &Provider{}, c), "%s: off", test.title)
	}
}
