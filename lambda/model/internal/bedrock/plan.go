package bedrock

import "github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"

// plan has the decisions about one request that its response depends on.
type plan struct {
	c      *chat.Conversation // as Adapt returned it
	family *family
	names  toolNames

	version string // of the model

	tools  []chat.Tool
	choice chat.ToolChoice

	// keepsReasoning says whether the model gets its own reasoning back.
	keepsReasoning bool

	format     formatMode
	formatTool string // the name of the tool in place of the answer, if format is toolMode
}

// newPlan decides how a conversation is sent.
func newPlan(f *family, c *chat.Conversation) *plan {
	p := &plan{c: c, family: f, names: toolNamesOf(f, c), tools: c.Tools, choice: c.ToolChoice}
	if len(p.tools) == 0 && f.has(tools) {
		p.tools = toolsOfHistory(c.Messages)
	}
	p.keepsReasoning = f.signs() && (reasons(f, c) || f.reasoning == objectEffort)
	p.planFormat()
	return p
}

// toolsOfHistory returns the tools that are called in a history. Converse requires that
// they are declared, though no client has to repeat them.
func toolsOfHistory(messages []chat.Message) []chat.Tool {
	var declared []chat.Tool
	seen := map[string]bool{}
	for i := range messages {
		for j := range messages[i].ToolCalls {
			if name := messages[i].ToolCalls[j].Name; !seen[name] {
				seen[name] = true
				declared = append(declared, chat.Tool{Name: name})
			}
		}
	}
	if len(declared) == 0 && calls(messages) { // results only
		declared = []chat.Tool{{Name: "tool"}}
	}
	return declared
}
