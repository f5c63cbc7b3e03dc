package bedrock

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// outputOf returns a response that has some blocks.
func outputOf(content ...types.ContentBlock) *bedrockruntime.ConverseOutput {
	return &bedrockruntime.ConverseOutput{
		Output:     &types.ConverseOutputMemberMessage{Value: types.Message{Role: types.ConversationRoleAssistant, Content: content}},
		StopReason: types.StopReasonEndTurn,
		Usage:      &types.TokenUsage{InputTokens: aws.Int32(3), OutputTokens: aws.Int32(4)},
	}
}

func toolUseOf(name, input string) types.ContentBlock {
	use := types.ToolUseBlock{ToolUseId: aws.String("t1"), Name: &name}
	if input != "" {
		use.Input = jsonText{text: []byte(input)}
	}
	return &types.ContentBlockMemberToolUse{Value: use}
}

// TestRepliesEndWithTheClient checks that the error of any piece ends a reply.
func TestRepliesEndWithTheClient(t *testing.T) {
	gone := errors.New("the client is gone")
	withAnswer := hello
	withAnswer.Format = chat.Format{Type: chat.FormatSchema, Schema: []byte(citySchema)}
	withJSON := hello
	withJSON.Format = chat.Format{Type: chat.FormatJSON}
	reasoned := &types.ContentBlockMemberReasoningContent{Value: &types.ReasoningContentBlockMemberReasoningText{Value: types.ReasoningTextBlock{Text: aws.String("Hm.")}}}
	for _, test := range []struct {
		title  string
		c      chat.Conversation
		blocks []types.ContentBlock
		pieces int // until the end
	}{
		{"text", hello, []types.ContentBlock{textBlock("Hi")}, 2},
		{"reasoning", hello, []types.ContentBlock{reasoned}, 2},
		{"a call", hello, []types.ContentBlock{toolUseOf("f", `{"a":1}`)}, 3},
		{"a call without arguments", hello, []types.ContentBlock{toolUseOf("f", "")}, 3},
		{"a call in place of the answer", withAnswer, []types.ContentBlock{toolUseOf("answer", `{"a":1}`)}, 2},
		{"text in place of that call", withAnswer, []types.ContentBlock{textBlock("No.")}, 2},
		{"JSON in a fence that is held to the end", withJSON, []types.ContentBlock{textBlock("```{}```")}, 2},
	} {
		for accepted := range test.pieces + 1 {
			pieces := 0
			_, err := completionOf(testPlan(test.c), outputOf(test.blocks...), func(chat.Delta) error {
				if pieces++; pieces > accepted {
					return gone
				}
				return nil
			})
			assert.Equal(t, accepted < test.pieces, errors.Is(err, gone), "%s: %d pieces", test.title, accepted)
			assert.Equal(t, min(accepted+1, test.pieces), pieces, test.title)
		}
	}
}

// unreadable is a document that can't be encoded.
type unreadable struct{ document.Interface }

func (unreadable) MarshalSmithyDocument() ([]byte, error) { return nil, errors.New("Sesame") }

func TestArgumentsThatCannotBeEncoded(t *testing.T) {
	use := &types.ContentBlockMemberToolUse{Value: types.ToolUseBlock{Name: aws.String("f"), Input: unreadable{}}}
	_, err := completionOf(testPlan(hello), outputOf(use), nil)
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "Sesame")
}

// TestOtherBlocks checks that blocks that OpenAI's API has nothing like are left out.
func TestOtherBlocks(t *testing.T) {
	got, err := completionOf(testPlan(hello), outputOf(
		&types.ContentBlockMemberGuardContent{}, textBlock("Hi"),
	), nil)
	require.NoError(t, err)
	assert.Equal(t, []chat.Choice{{Text: "Hi", StopReason: chat.EndTurn}}, got.Choices)
}
