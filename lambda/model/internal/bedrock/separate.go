package bedrock

import "github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

// The texts of turns between two turns of the same role, as short as they can be.
const (
	beforeCalls  = "Go on."
	afterResults = "I have the results."
)

// separated returns the turns for a model that accepts nothing beside the calls of tools
// in a turn, nor beside their results: what else is in there is in a turn of its own. It
// comes before calls and after results, which must follow each other.
func separated(messages []types.Message) []types.Message {
	turns := make([]types.Message, 0, len(messages))
	for _, m := range messages {
		ofTools, others := split(m.Content)
		if len(ofTools) == 0 || len(others) == 0 {
			turns = append(turns, m)
			continue
		}
		if m.Role == types.ConversationRoleAssistant {
			turns = append(turns, turnOf(m.Role, others), shortTurn(types.ConversationRoleUser, beforeCalls), turnOf(m.Role, ofTools))
		} else {
			turns = append(turns, turnOf(m.Role, ofTools), shortTurn(types.ConversationRoleAssistant, afterResults), turnOf(m.Role, others))
		}
	}
	return turns
}

// split returns the blocks of a turn that are calls of tools or their results, and the
// others.
func split(content []types.ContentBlock) (ofTools, others []types.ContentBlock) {
	for _, block := range content {
		switch block.(type) {
		case *types.ContentBlockMemberToolUse, *types.ContentBlockMemberToolResult:
			ofTools = append(ofTools, block)
		default:
			others = append(others, block)
		}
	}
	return ofTools, others
}

func turnOf(role types.ConversationRole, content []types.ContentBlock) types.Message {
	return types.Message{Role: role, Content: content}
}

func shortTurn(role types.ConversationRole, text string) types.Message {
	return turnOf(role, []types.ContentBlock{textBlock(text)})
}
