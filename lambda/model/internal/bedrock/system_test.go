package bedrock

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// textsOf returns the system prompt of a request and its turns, as texts with their role.
func textsOf(t *testing.T, c chat.Conversation) (prompt, turns []string) {
	t.Helper()
	provider := &Provider{}
	adapted := provider.Adapt(c)
	require.Empty(t, adapted.Refused)
	in, err := provider.input(provider.plan(&adapted.Conversation))
	require.NoError(t, err)
	for _, block := range in.System {
		prompt = append(prompt, block.(*types.SystemContentBlockMemberText).Value)
	}
	for _, m := range in.Messages {
		turn := string(m.Role)
		for _, block := range m.Content {
			switch block := block.(type) {
			case *types.ContentBlockMemberText:
				turn += "|" + block.Value
			case *types.ContentBlockMemberToolUse:
				turn += "|call"
			case *types.ContentBlockMemberToolResult:
				turn += "|result"
			}
		}
		turns = append(turns, turn)
	}
	return prompt, turns
}

func TestSystemMessages(t *testing.T) {
	system := func(texts ...string) chat.Message { return message(chat.RoleSystem, texts...) }
	for _, test := range []struct {
		title         string
		model         string
		messages      []chat.Message
		prompt, turns []string
	}{
		{
			title: "first", messages: []chat.Message{system("A", " ", "B"), user(" "), system("C"), user("Hi")},
			prompt: []string{"A", "B", "C"}, turns: []string{"user|Hi"},
		},
		{
			title: "between turns", messages: []chat.Message{system("A"), user("Hi"), system("B", "", "C"), assistant("Hello"), system(" "), system("D"), user("Go")},
			prompt: []string{"A"}, turns: []string{"user|Hi|System: B\nC", "assistant|Hello", "user|System: D|Go"},
		},
		{
			title: "between two of the assistant", messages: []chat.Message{user("Hi"), assistant("Hello"), system("A"), assistant("Yes"), user("Go")},
			turns: []string{"user|Hi", "assistant|Hello", "user|System: A", "assistant|Yes", "user|Go"},
		},
		{
			title: "last", messages: []chat.Message{user("Hi"), assistant("Hello"), system("A")},
			turns: []string{"user|Hi", "assistant|Hello", "user|System: A"},
		},
		{
			title: "after a result", messages: append(toolLoop(), system("A")),
			turns: []string{"user|Weather in Bonn?", "assistant|call", "user|result|System: A"},
		},
		{title: "only one", messages: []chat.Message{system("A", "B")}, turns: []string{"user|A|B"}},
		{
			title: "only system messages", messages: []chat.Message{system("A"), system("B"), system("C"), system(" ")},
			prompt: []string{"A", "B"}, turns: []string{"user|C"},
		},
		{title: "only system messages, blank ones of the user aside", messages: []chat.Message{system("A"), user("")}, turns: []string{"user|A"}},
		{
			title: "a model without a system prompt", model: mistralModel, messages: []chat.Message{system("A"), user("Hi"), system("B")},
			turns: []string{"user|A|Hi|System: B"},
		},
		{title: "only one, without a system prompt", model: mistralModel, messages: []chat.Message{system("A"), system("B")}, turns: []string{"user|A|B"}},
	} {
		if test.model == "" {
			test.model = claude45Model
		}
		prompt, turns := textsOf(t, chat.Conversation{Model: test.model, Messages: test.messages})
		assert.Equal(t, test.prompt, prompt, test.title)
		assert.Equal(t, test.turns, turns, test.title)
	}
}
