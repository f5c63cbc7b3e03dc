package bedrock

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// TestReasoningThatIsNotSigned checks that reasoning that the model can't recognize, such
// as that of another model, isn't sent back.
func TestReasoningThatIsNotSigned(t *testing.T) {
	turns := messagesOf(testPlan(chat.Conversation{Model: claude46Model, ReasoningEffort: "low", Messages: toolLoop(chat.Reasoning{Text: "Hm."})}))
	require.Len(t, turns, 3)
	require.Len(t, turns[1].Content, 1)
	assert.IsType(t, &types.ContentBlockMemberToolUse{}, turns[1].Content[0])
}

// TestDocumentsHaveAText checks that a turn with a document has one text at least, and that
// none is added where there is one.
func TestDocumentsHaveAText(t *testing.T) {
	document := chat.Part{File: &chat.File{Format: "pdf"}}
	for title, content := range map[string][]chat.Part{
		"with a text": {{Text: "Read."}, document}, "without": {document}, "with a blank one": {document, {Text: " "}},
	} {
		turns := messagesOf(testPlan(chat.Conversation{Model: claude45Model, Messages: []chat.Message{{Role: chat.RoleUser, Content: content}}}))
		require.Len(t, turns, 1, title)
		assert.Len(t, turns[0].Content, 2, title)
	}
}

// TestResultsWithoutCalls checks a history that a client has cut off after the calls.
func TestResultsWithoutCalls(t *testing.T) {
	plan := testPlan(chat.Conversation{Model: claude45Model, Messages: toolLoop()[2:]})
	assert.Equal(t, []chat.Tool{{Name: "tool"}}, plan.tools)
	assert.NotNil(t, toolConfig(plan))
}
