package bedrock

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// outline returns the role of each turn, with a letter for each block.
func outline(turns []types.Message) []string {
	var lines []string
	for _, turn := range turns {
		line := string(turn.Role) + " "
		for _, block := range turn.Content {
			switch block := block.(type) {
			case *types.ContentBlockMemberToolUse:
				line += "C"
			case *types.ContentBlockMemberToolResult:
				line += "R"
			case *types.ContentBlockMemberImage:
				line += "I"
			case *types.ContentBlockMemberText:
				line += map[bool]string{true: "-", false: "t"}[block.Value == beforeCalls || block.Value == afterResults]
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// TestTurnsOfToolsAreSeparate checks that results of all calls stay in the turn after
// them, regardless of what is beside them.
func TestTurnsOfToolsAreSeparate(t *testing.T) {
	messages := append(textBesideCalls(), user("And tomorrow?"))
	messages[1].ToolCalls = append(messages[1].ToolCalls, chat.ToolCall{ID: "call_2", Name: "look"})
	look := chat.Message{Role: chat.RoleTool, ToolCallID: "call_2", Content: []chat.Part{{Image: &chat.Image{Format: "png"}}}}
	messages = append(messages[:2], look, messages[2], messages[3])
	for model, want := range map[string][]string{
		claude45Model:                        {"user t", "assistant tCC", "user RRt"},
		"us.openai.gpt-5.6-luna":             {"user t", "assistant tCC", "user RIRt"},
		"us.mistral.pixtral-large-2502-v1:0": {"user t", "assistant t", "user -", "assistant CC", "user RR", "assistant -", "user It"},
		novelModel:                           {"user t", "assistant t", "user -", "assistant CC", "user RR", "assistant -", "user It"},
	} {
		assert.Equal(t, want, outline(messagesOf(testPlan(chat.Conversation{Model: model, Messages: messages}))), model)
	}
	assert.Equal(t, []string{"user t", "assistant C", "user R"}, outline(messagesOf(testPlan(chat.Conversation{Model: llamaModel, Messages: toolLoop()}))))
}
