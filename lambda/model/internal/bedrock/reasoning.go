package bedrock

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// noEffort is the effort with which a model doesn't reason.
const noEffort = "none"

// Efforts that not every family has, and those that stand for them.
var replacements = map[string]string{"minimal": "low", "max": "xhigh", "xhigh": "high", "high": "medium"}

// reasoningEffort adapts the effort of reasoning, and what isn't accepted beside it.
func (a *adapter) reasoningEffort() {
	c, f := a.c, a.family
	if c.ReasoningEffort == noEffort && !slices.Contains(f.efforts, noEffort) {
		a.noReasoning()
		return
	}
	if c.ReasoningEffort != "" {
		a.effort()
	}
	if !reasons(f, c) {
		return
	}
	if c.ReasoningEffort != "" && a.conflicts() {
		a.drop("reasoning_effort")
		c.ReasoningEffort = ""
	}
	if f.reasoning == adaptiveDefault && c.ReasoningEffort == "" && (a.forced() || a.answersWithTool()) {
		c.ReasoningEffort = noEffort // it is told to the model
	}
	if !reasons(f, c) {
		return
	}
	if f.reasoning != novaEffort { // Nova rejects them beside a high effort only, which isn't used
		a.dropTemperature()
		a.dropTopP()
	}
}

// conflicts reports whether the model can't reason in this conversation.
func (a *adapter) conflicts() bool {
	c, f := a.c, a.family
	switch {
	case a.forced(), prefilled(c.Messages):
		return true
	case f.reasoning == budgetTokens:
		return unsigned(c.Messages) || budgetOf(f, c) == 0
	}
	return false
}

// noReasoning adapts a request for no reasoning.
func (a *adapter) noReasoning() {
	switch a.family.reasoning {
	case adaptiveDefault:
		return // it is sent to the model
	case alwaysReasons, adaptiveAlways, ossEffort:
		a.drop("reasoning_effort")
	}
	a.c.ReasoningEffort = ""
}

// effort replaces an effort that the family doesn't have by the nearest that it has.
func (a *adapter) effort() {
	c, f := a.c, a.family
	if len(f.efforts) == 0 {
		a.drop("reasoning_effort")
		c.ReasoningEffort = ""
		return
	}
	nearest := c.ReasoningEffort
	for nearest != "" && !slices.Contains(f.efforts, nearest) {
		nearest = replacements[nearest]
	}
	switch {
	case nearest == "":
		a.drop("reasoning_effort")
	case nearest != c.ReasoningEffort:
		a.clamp("reasoning_effort", strconv.Quote(nearest))
	}
	c.ReasoningEffort = nearest
}

// forced reports whether the model has to call a tool. Anthropic rejects that beside
// reasoning, Bedrock accepts it from some models
// (https://github.com/langchain-ai/langchain-aws/pull/1141): none is asked for both.
func (a *adapter) forced() bool {
	mode := a.c.ToolChoice.Mode
	return mode == chat.ChooseRequired || mode == chat.ChooseTool
}

// answersWithTool reports whether a model that doesn't reason would be forced to call a
// tool in place of answering.
func (a *adapter) answersWithTool() bool {
	if a.c.Format.Type != chat.FormatSchema {
		return false
	}
	c := *a.c
	c.ReasoningEffort = noEffort
	return newPlan(a.family, &c).format == toolMode
}

// reasons reports whether a model of Anthropic or Amazon reasons, which restricts other
// members.
func reasons(f *family, c *chat.Conversation) bool {
	switch f.reasoning {
	case budgetTokens, adaptive, novaEffort:
		return c.ReasoningEffort != ""
	case adaptiveDefault:
		return c.ReasoningEffort != noEffort
	case adaptiveAlways:
		return true
	}
	return false
}

// Shares of an answer's tokens that the model may use for reasoning, in percent.
var budgetShares = map[string]int{"low": 20, "medium": 50, "high": 80, "xhigh": 90, "max": 95}

// Limits of the budget of Claude's thinking. Source:
// https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html
const (
	minBudget      = 1024
	maxBudgetShare = 95 // percent, so that something is left for the answer
)

// budgetOf returns the number of tokens for reasoning, or 0 if the answer's limit has no
// room for the minimum.
func budgetOf(f *family, c *chat.Conversation) int {
	limit := c.MaxTokens
	if limit == 0 {
		limit = f.maxTokens
	}
	budget := max(minBudget, limit*budgetShares[c.ReasoningEffort]/100)
	if budget > limit*maxBudgetShare/100 {
		return 0
	}
	return budget
}

// unsigned reports whether the model is to continue after calls of tools that it made
// without reasoning, or whose reasoning isn't there any more. Claude's thinking with a
// budget rejects that.
func unsigned(messages []chat.Message) bool {
	for i := len(messages) - 1; i >= loopStart(messages); i-- {
		if m := &messages[i]; len(m.ToolCalls) > 0 {
			return !slices.ContainsFunc(m.Reasoning, signed)
		}
	}
	return false
}

// signed reports whether a block of reasoning can be sent back.
func signed(r chat.Reasoning) bool { return r.Signature != "" || r.Redacted != nil }

// loopStart returns the index of the first message after the user's last: from there on
// the model has called tools and got their results.
func loopStart(messages []chat.Message) int {
	for i := len(messages) - 1; i >= 0; i-- {
		if messages[i].Role == chat.RoleUser && !empty(&messages[i]) {
			return i + 1
		}
	}
	return 0
}

// reasoningFields returns the members of the model's own request that make it reason.
func reasoningFields(f *family, c *chat.Conversation) map[string]any {
	effort := c.ReasoningEffort
	if effort == "" {
		return nil
	}
	switch f.reasoning {
	case budgetTokens:
		return map[string]any{"thinking": thinking{Type: "enabled", Budget: budgetOf(f, c)}}
	case adaptive, adaptiveDefault, adaptiveAlways:
		return map[string]any{"thinking": adaptiveThinking(f, effort)}
	case novaEffort:
		return map[string]any{"reasoningConfig": map[string]string{"type": "enabled", "maxReasoningEffort": effort}}
	case ossEffort:
		return map[string]any{"reasoning_effort": effort}
	case objectEffort:
		return map[string]any{"reasoning": map[string]string{"effort": effort}}
	}
	return nil
}

type thinking struct {
	Type    string `json:"type"`
	Budget  int    `json:"budget_tokens,omitempty"`
	Display string `json:"display,omitempty"`
}

// adaptiveThinking requests a summary from the models that return none by default.
func adaptiveThinking(f *family, effort string) thinking {
	if effort == noEffort {
		return thinking{Type: "disabled"}
	}
	t := thinking{Type: "adaptive"}
	if !f.has(temperature) {
		t.Display = "summarized"
	}
	return t
}

// outputEffort returns the effort for the member outputConfig, or nil if the family's
// effort is not in there.
func outputEffort(f *family, c *chat.Conversation) *string {
	switch f.reasoning {
	case adaptive, adaptiveDefault, adaptiveAlways:
		if c.ReasoningEffort != "" && c.ReasoningEffort != noEffort {
			return &c.ReasoningEffort
		}
	}
	return nil
}

// requestFields returns the members for the model beside those of Converse, as a JSON
// text: those that the client passes through, and for what Converse has no member. A
// member that the client passes is as it is. It returns nil if there are none.
func requestFields(p *plan) ([]byte, error) {
	c := p.c
	fields := reasoningFields(p.family, c)
	if parallel := c.ParallelToolCalls; parallel != nil && !*parallel && p.family.has(singleTool) {
		if fields == nil {
			fields = map[string]any{}
		}
		fields["tool_choice"] = singleToolChoice(p.choice)
	}
	for name, value := range passedThrough(p.family, c) {
		if fields == nil {
			fields = map[string]any{}
		}
		fields[name] = value
	}
	if fields == nil {
		return nil, nil
	}
	return json.Marshal(fields)
}

// singleToolChoice returns Claude's own choice that has no parallel calls. Converse adds
// the type to it if it is given a choice; two types are rejected
// (https://github.com/BerriAI/litellm/issues/36536).
func singleToolChoice(choice chat.ToolChoice) any {
	type toolChoice struct {
		Type            string `json:"type,omitempty"`
		DisableParallel bool   `json:"disable_parallel_tool_use"`
	}
	if choice.Mode == chat.ChooseRequired || choice.Mode == chat.ChooseTool {
		return toolChoice{DisableParallel: true}
	}
	return toolChoice{"auto", true}
}
