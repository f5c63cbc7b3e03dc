package bedrock

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// large is a conversation with 20 tools and 50 turns, of which half are calls of tools
// and their results.
func large() chat.Conversation {
	c := chat.Conversation{Model: claude45Model, MaxTokens: 4096, Options: map[string]json.RawMessage{"user": json.RawMessage(`"u"`)}}
	for i := range 20 {
		c.Tools = append(c.Tools, chat.Tool{
			Name: fmt.Sprintf("tool_%d", i), Description: "Does something that is described here.", Parameters: json.RawMessage(citySchema), Strict: i%2 == 0,
		})
	}
	c.Messages = append(c.Messages, message(chat.RoleSystem, "Be brief."))
	for i := range 12 {
		id := fmt.Sprintf("call_%d", i)
		c.Messages = append(c.Messages,
			user("Please look again at the weather."),
			chat.Message{Role: chat.RoleAssistant, ToolCalls: []chat.ToolCall{{ID: id, Name: "tool_1", Arguments: `{"city":"Bonn","days":2}`}}},
			chat.Message{Role: chat.RoleTool, ToolCallID: id, Content: []chat.Part{{Text: `{"weather":"rain"}`}}},
			assistant("It rains in Bonn."))
	}
	c.Messages = append(c.Messages, user("Thanks."))
	return c
}

// BenchmarkRequest measures what this package adds to a request.
func BenchmarkRequest(b *testing.B) {
	p := &Provider{PromptCaching: true}
	c := large()
	b.ReportAllocs()
	for b.Loop() {
		adapted := p.Adapt(c)
		if _, err := p.input(p.plan(&adapted.Conversation)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAdapt measures what is decided before a request.
func BenchmarkAdapt(b *testing.B) {
	p := &Provider{}
	c := large()
	b.ReportAllocs()
	for b.Loop() {
		p.Adapt(c)
	}
}

func TestAdaptAllocatesLittle(t *testing.T) {
	p := &Provider{PromptCaching: true}
	c := large()
	require.Empty(t, p.Adapt(c).Dropped)
	assert.Less(t, testing.AllocsPerRun(10, func() { p.Adapt(c) }), 500.0)
	assert.Less(t, testing.AllocsPerRun(10, func() {
		adapted := p.Adapt(c)
		_, _ = p.input(p.plan(&adapted.Conversation))
	}), 1200.0)
}
