package bedrock

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// ignoredOptions are members of OpenAI's API that don't change the answer. They are left out
// without being listed.
var ignoredOptions = map[string]bool{
	"metadata": true, "prompt_cache_key": true, "prompt_cache_retention": true, "safety_identifier": true,
	"service_tier": true, "store": true, "user": true,
}

// Adapt implements [chat.Provider]. It decides by the family of the model. What is
// repaired in the messages themselves, such as blank texts and the order of roles, is
// where the request is built.
func (p *Provider) Adapt(c chat.Conversation) chat.Adaptation {
	a := adapter{c: &c, family: p.familyOf(c.Model)}
	if a.family.embedding != nil {
		a.refuse("/model", "this model returns embeddings. Request them, or choose a model that chats")
		return chat.Adaptation{Conversation: c, Refused: a.refused}
	}
	a.options()
	a.sampling()
	a.stop()
	a.toolChoice()
	a.strictTools()
	a.reasoningEffort()
	a.passThrough()
	a.messages()
	slices.Sort(a.dropped)
	return chat.Adaptation{Conversation: c, Added: added(a.family, &c), Dropped: slices.Compact(a.dropped), Clamped: a.clamped, Refused: a.refused}
}

// adapter changes a conversation so that a family accepts it.
type adapter struct {
	c       *chat.Conversation
	family  *family
	dropped []string
	clamped []chat.Clamp
	refused []chat.Fault
}

func (a *adapter) drop(member string) { a.dropped = append(a.dropped, member) }

func (a *adapter) clamp(member, limit string) {
	a.clamped = append(a.clamped, chat.Clamp{Member: member, Limit: limit})
}

func (a *adapter) refuse(pointer, detail string) {
	a.refused = append(a.refused, chat.Fault{Pointer: pointer, Detail: detail})
}

// options drops the members that Converse has nothing like.
func (a *adapter) options() {
	for name, value := range a.c.Options {
		if !ignoredOptions[name] && !chat.IsNeutral(name, value) {
			a.drop(name)
		}
	}
	a.c.Options = nil
	if limit := a.family.maxTokens; limit > 0 && a.c.MaxTokens > limit {
		a.c.MaxTokens = limit
		a.clamp("max_tokens", strconv.Itoa(limit))
	}
}

// sampling adapts temperature and top_p. Of the two where only one is accepted, that which
// changes something stays, or temperature.
func (a *adapter) sampling() {
	if !a.family.has(temperature) {
		a.dropTemperature()
	}
	if t := a.c.Temperature; t != nil && *t > maxTemperature {
		limit := float64(maxTemperature)
		a.c.Temperature = &limit
		a.clamp("temperature", strconv.Itoa(maxTemperature))
	}
	both := a.c.Temperature != nil && a.c.TopP != nil
	switch {
	case !a.family.has(topP):
		a.dropTopP()
	case a.family.has(bothSamplers) || !both:
	case a.isDefault(a.c.Temperature) && !a.isDefault(a.c.TopP):
		a.dropTemperature()
	default:
		a.dropTopP()
	}
}

// isDefault reports whether temperature or top_p has the model's default, so that it isn't
// missed. That of both is 1 for Claude. Other families have other defaults, such as 0.7.
func (a *adapter) isDefault(value *float64) bool {
	return *value == 1 && strings.HasPrefix(a.family.prefix, "anthropic.")
}

func (a *adapter) dropTemperature() {
	if t := a.c.Temperature; t != nil && !a.isDefault(t) {
		a.drop("temperature")
	}
	a.c.Temperature = nil
}

func (a *adapter) dropTopP() {
	if t := a.c.TopP; t != nil && !a.isDefault(t) {
		a.drop("top_p")
	}
	a.c.TopP = nil
}

// stop leaves out the stop sequences that the family doesn't accept.
func (a *adapter) stop() {
	takes := func(sequence string) bool {
		return sequence != "" && a.family.has(stops) && (a.family.has(blankStops) || !blank(sequence))
	}
	for _, sequence := range a.c.Stop {
		if !takes(sequence) {
			a.drop("stop")
			a.c.Stop = slices.DeleteFunc(slices.Clone(a.c.Stop), func(s string) bool { return !takes(s) })
			break
		}
	}
	if len(a.c.Stop) == 0 {
		a.c.Stop = nil // a model without stop sequences rejects even an empty list
	}
}

// toolChoice adapts the tools and the choice among them.
func (a *adapter) toolChoice() {
	c, f := a.c, a.family
	if len(c.Tools) > 0 && !f.has(tools) {
		a.drop("tools")
		c.Tools = nil
	}
	if len(c.Tools) == 0 {
		c.ToolChoice, c.ParallelToolCalls = chat.ToolChoice{}, nil
		return
	}
	switch c.ToolChoice.Mode {
	case chat.ChooseRequired:
		a.requireTool()
	case chat.ChooseTool:
		a.requireNamedTool()
	case chat.ChooseNone:
		a.noTool()
	}
	if len(c.Tools) == 0 {
		c.ParallelToolCalls = nil
	}
	if p := c.ParallelToolCalls; p != nil && !*p && !f.has(singleTool) {
		a.drop("parallel_tool_calls")
	}
	if p := c.ParallelToolCalls; p != nil && (*p || !f.has(singleTool)) {
		c.ParallelToolCalls = nil
	}
}

// noTool leaves out the tools. Converse has no such choice, and requires tools if there
// are some in the history.
func (a *adapter) noTool() {
	if calls(a.c.Messages) {
		a.drop("tool_choice")
	} else {
		a.c.Tools = nil
	}
	a.c.ToolChoice = chat.ToolChoice{}
}

func (a *adapter) requireTool() {
	c, f := a.c, a.family
	switch {
	case f.has(anyTool):
	case f.has(namedTool) && len(c.Tools) == 1:
		c.ToolChoice = chat.ToolChoice{Mode: chat.ChooseTool, Name: c.Tools[0].Name}
	default:
		a.drop("tool_choice")
		c.ToolChoice = chat.ToolChoice{}
	}
}

// requireNamedTool leaves out the other tools if the family can only be made to call any
// of them.
func (a *adapter) requireNamedTool() {
	c, f := a.c, a.family
	named := slices.IndexFunc(c.Tools, func(t chat.Tool) bool { return t.Name == c.ToolChoice.Name })
	switch {
	case f.has(namedTool):
	case f.has(anyTool) && named >= 0:
		c.Tools = c.Tools[named : named+1]
		c.ToolChoice = chat.ToolChoice{Mode: chat.ChooseRequired}
	default:
		a.drop("tool_choice")
		c.ToolChoice = chat.ToolChoice{}
	}
}

// calls reports whether there are calls of tools or their results.
func calls(messages []chat.Message) bool {
	return slices.ContainsFunc(messages, func(m chat.Message) bool {
		return m.Role == chat.RoleTool || len(m.ToolCalls) > 0
	})
}

// messages refuses what can't be left out without changing what is requested.
func (a *adapter) messages() {
	a.turnOrder()
	var inTurn counts
	previous := ""
	for i := range a.c.Messages {
		m := &a.c.Messages[i]
		if m.Role == chat.RoleSystem {
			a.systemContent(i, m)
			continue
		}
		if role := turnRole(m.Role); role != previous {
			inTurn, previous = counts{}, role
		}
		if m.Name != "" && m.Role != chat.RoleTool {
			a.drop("messages.name")
		}
		for j := range m.Content {
			a.part(i, j, &m.Content[j], &inTurn)
		}
	}
}

// counts counts the images and documents of a turn.
type counts struct{ images, documents int }

func (a *adapter) systemContent(i int, m *chat.Message) {
	if m.Name != "" {
		a.drop("messages.name")
	}
	for j := range m.Content {
		if m.Content[j].Image != nil || m.Content[j].File != nil {
			a.refuse(partPointer(i, j), "a system message must have text only")
		}
	}
}

func (a *adapter) part(i, j int, part *chat.Part, inTurn *counts) {
	switch {
	case part.Image != nil:
		inTurn.images++
		if d := part.Image.Detail; d == "low" || d == "high" {
			a.drop("messages.content.image_url.detail")
		}
		if fault := imageFault(a.family, part.Image, a.c.Messages[i].Role, inTurn.images); fault != "" {
			a.refuse(partPointer(i, j), fault)
		}
	case part.File != nil:
		inTurn.documents++
		if fault := documentFault(a.family, part.File, a.c.Messages[i].Role, inTurn.documents); fault != "" {
			a.refuse(partPointer(i, j), fault)
		}
	}
}

func imageFault(f *family, image *chat.Image, role string, number int) string {
	switch {
	case role == chat.RoleAssistant:
		return "an assistant's message must not have images"
	case !f.has(images):
		return "this model doesn't accept images"
	case number > maxImages:
		return fmt.Sprintf("a turn must not have more than %d images", maxImages)
	case len(image.Data) > maxImageBytes:
		return fmt.Sprintf("an image must not be larger than %d bytes; this one has %d", maxImageBytes, len(image.Data))
	case max(image.Width, image.Height) > maxImagePixels:
		return fmt.Sprintf("an image must not be wider or higher than %d pixels; this one is %d × %d", maxImagePixels, image.Width, image.Height)
	}
	return ""
}

func documentFault(f *family, file *chat.File, role string, number int) string {
	switch {
	case role != chat.RoleUser:
		return "only a user's message may have a document"
	case !f.has(documents):
		return "this model doesn't accept documents"
	case number > maxDocuments:
		return fmt.Sprintf("a turn must not have more than %d documents", maxDocuments)
	case len(file.Data) > maxDocumentBytes:
		return fmt.Sprintf("a document must not be larger than %d bytes; this one has %d", maxDocumentBytes, len(file.Data))
	}
	return ""
}

// turnOrder refuses a conversation whose first or last turn is of a role that the model
// doesn't accept there. Blank messages don't count.
func (a *adapter) turnOrder() {
	messages := a.c.Messages
	first, last := firstTurn(messages), len(messages)-1
	for last > first && empty(&messages[last]) {
		last--
	}
	if first < 0 {
		a.refuse("/messages", "the conversation must have a message that isn't blank")
		return
	}
	if messages[first].Role == chat.RoleAssistant {
		a.refuse(messagePointer(first), "the first message, system messages aside, must be the user's")
	}
	if messages[last].Role != chat.RoleAssistant {
		return
	}
	switch end := lastTurn(messages); {
	case end > last:
		a.refuse(messagePointer(end)+"/content", "the last message must not be blank")
	case len(messages[last].ToolCalls) > 0:
		a.refuse(messagePointer(last), "the calls of this message must be followed by messages of the role tool with their results")
	case !a.family.has(prefill):
		a.refuse(messagePointer(last), "this model doesn't continue an assistant's message: the last message must be the user's")
	}
}

// firstTurn returns the index of the message with which the turns begin, or -1 if all are
// blank. System messages before it are the system prompt. If there are no others, the
// last of them is the user's turn: models complete no system prompt alone.
func firstTurn(messages []chat.Message) int {
	lastSystem := -1
	for i := range messages {
		switch m := &messages[i]; {
		case empty(m):
		case m.Role != chat.RoleSystem:
			return i
		default:
			lastSystem = i
		}
	}
	return lastSystem
}

// lastTurn returns the index of the last message that isn't a system message.
func lastTurn(messages []chat.Message) int {
	last := len(messages) - 1
	for last >= 0 && messages[last].Role == chat.RoleSystem {
		last--
	}
	return last
}

// prefilled reports whether the conversation ends with the assistant's turn.
func prefilled(messages []chat.Message) bool {
	for i := len(messages) - 1; i >= 0; i-- {
		if m := &messages[i]; !empty(m) {
			return m.Role == chat.RoleAssistant
		}
	}
	return false
}

// empty reports whether nothing of a message is sent.
func empty(m *chat.Message) bool {
	if m.Role == chat.RoleTool || len(m.ToolCalls) > 0 || !blank(m.Refusal) {
		return false
	}
	return !slices.ContainsFunc(m.Content, func(part chat.Part) bool { return !blankPart(&part) })
}

func blank(text string) bool { return strings.TrimSpace(text) == "" }

func blankPart(part *chat.Part) bool {
	return part.Image == nil && part.File == nil && blank(part.Text)
}

// turnRole returns the role of the turn that a message is part of.
func turnRole(role string) string {
	if role == chat.RoleAssistant {
		return chat.RoleAssistant
	}
	return chat.RoleUser
}

func messagePointer(i int) string { return "/messages/" + strconv.Itoa(i) }

func partPointer(i, j int) string { return messagePointer(i) + "/content/" + strconv.Itoa(j) }
