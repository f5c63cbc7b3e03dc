package bedrock

import (
	"math"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// input returns the request of a plan. Blank texts are left out, and messages of the
// same role are one turn: Converse accepts neither.
func (p *Provider) input(plan *plan) (*bedrockruntime.ConverseInput, error) {
	fields, err := requestFields(plan)
	if err != nil {
		return nil, err
	}
	in := &bedrockruntime.ConverseInput{
		ModelId:         aws.String(plan.c.Model),
		GuardrailConfig: p.guardrail(),
		InferenceConfig: inferenceConfig(plan.c),
		System:          systemBlocks(plan),
		Messages:        messagesOf(plan),
		ToolConfig:      toolConfig(plan),
		OutputConfig:    outputConfig(plan),
	}
	if fields != nil {
		in.AdditionalModelRequestFields = jsonText{text: fields}
	}
	if !plan.family.has(system) {
		systemIntoFirstTurn(in)
	}
	if p.PromptCaching && plan.family.cacheMinimum > 0 {
		addCachePoints(in, plan.family)
	}
	return in, nil
}

// streamInput returns the request for the same completion in a stream, in which the
// guardrail works in a mode.
func streamInput(in *bedrockruntime.ConverseInput, guardrailMode string) *bedrockruntime.ConverseStreamInput {
	stream := &bedrockruntime.ConverseStreamInput{
		ModelId:                      in.ModelId,
		InferenceConfig:              in.InferenceConfig,
		System:                       in.System,
		Messages:                     in.Messages,
		ToolConfig:                   in.ToolConfig,
		OutputConfig:                 in.OutputConfig,
		AdditionalModelRequestFields: in.AdditionalModelRequestFields,
	}
	if g := in.GuardrailConfig; g != nil {
		stream.GuardrailConfig = &types.GuardrailStreamConfiguration{
			GuardrailIdentifier: g.GuardrailIdentifier, GuardrailVersion: g.GuardrailVersion,
			StreamProcessingMode: types.GuardrailStreamProcessingMode(guardrailMode),
		}
	}
	return stream
}

func (p *Provider) guardrail() *types.GuardrailConfiguration {
	if p.Guardrail.ID == "" {
		return nil
	}
	return &types.GuardrailConfiguration{
		GuardrailIdentifier: aws.String(p.Guardrail.ID),
		GuardrailVersion:    aws.String(p.Guardrail.Version),
	}
}

// inferenceConfig returns nil if all is the model's default.
func inferenceConfig(c *chat.Conversation) *types.InferenceConfiguration {
	if c.MaxTokens == 0 && c.Temperature == nil && c.TopP == nil && len(c.Stop) == 0 {
		return nil
	}
	config := &types.InferenceConfiguration{
		Temperature:   float32Of(c.Temperature),
		TopP:          float32Of(c.TopP),
		StopSequences: c.Stop,
	}
	if c.MaxTokens > 0 {
		config.MaxTokens = aws.Int32(int32(min(c.MaxTokens, math.MaxInt32)))
	}
	return config
}

func float32Of(number *float64) *float32 {
	if number == nil {
		return nil
	}
	return aws.Float32(float32(*number))
}

// systemBlocks returns the system prompt: the system messages before the first turn, and
// the instruction about the answer's form. Later ones are in the user's turn at their
// place, since they hold from there on; in the system prompt they would change the begin
// of the request, so that no prompt cache had it. LiteLLM and Bifrost do the same
// (https://github.com/BerriAI/litellm/issues/41043,
// https://github.com/maximhq/bifrost/pull/7145), as Converse has no such messages.
func systemBlocks(plan *plan) []types.SystemContentBlock {
	var blocks []types.SystemContentBlock
	add := func(text string) {
		if !blank(text) {
			blocks = append(blocks, &types.SystemContentBlockMemberText{Value: text})
		}
	}
	for i := range max(0, firstTurn(plan.c.Messages)) {
		if m := &plan.c.Messages[i]; m.Role == chat.RoleSystem {
			for j := range m.Content {
				add(m.Content[j].Text)
			}
		}
	}
	add(plan.instruction())
	return blocks
}

// systemIntoFirstTurn puts the system messages at the beginning of the user's first turn,
// for a model without a system prompt.
func systemIntoFirstTurn(in *bedrockruntime.ConverseInput) {
	if len(in.System) == 0 || len(in.Messages) == 0 {
		return
	}
	first := &in.Messages[0]
	content := make([]types.ContentBlock, 0, len(in.System)+len(first.Content))
	for _, block := range in.System {
		if text, ok := block.(*types.SystemContentBlockMemberText); ok {
			content = append(content, textBlock(text.Value))
		}
	}
	first.Content = append(content, first.Content...)
	in.System = nil
}

// toolConfig returns nil if there are no tools.
func toolConfig(plan *plan) *types.ToolConfiguration {
	if len(plan.tools) == 0 {
		return nil
	}
	config := &types.ToolConfiguration{Tools: make([]types.Tool, len(plan.tools))}
	for i := range plan.tools {
		config.Tools[i] = toolOf(plan.family, &plan.tools[i])
	}
	switch plan.choice.Mode {
	case chat.ChooseRequired:
		config.ToolChoice = &types.ToolChoiceMemberAny{}
	case chat.ChooseTool:
		config.ToolChoice = &types.ToolChoiceMemberTool{
			Value: types.SpecificToolChoice{Name: aws.String(plan.family.toolName(plan.choice.Name))},
		}
	}
	return config
}

func toolOf(f *family, tool *chat.Tool) types.Tool {
	spec := &types.ToolMemberToolSpec{Value: types.ToolSpecification{
		Name:        aws.String(f.toolName(tool.Name)),
		InputSchema: &types.ToolInputSchemaMemberJson{Value: jsonText{text: schemaOf(f, tool)}},
	}}
	if !blank(tool.Description) {
		spec.Value.Description = &tool.Description
	}
	if tool.Strict {
		spec.Value.Strict = aws.Bool(true)
	}
	return spec
}

func schemaOf(f *family, tool *chat.Tool) []byte {
	schema := toolSchema(tool.Parameters)
	if f.plainTools {
		return plainSchema(schema)
	}
	return schema
}

// outputConfig returns nil if neither the form of the answer nor the effort is in there.
func outputConfig(plan *plan) *types.OutputConfig {
	effort := outputEffort(plan.family, plan.c)
	if plan.format != nativeMode && effort == nil {
		return nil
	}
	config := &types.OutputConfig{Effort: effort}
	if plan.format == nativeMode {
		config.TextFormat = textFormat(&plan.c.Format)
	}
	return config
}

func textFormat(format *chat.Format) *types.OutputFormat {
	definition := types.JsonSchemaDefinition{Schema: aws.String(string(format.Schema))}
	if format.Name != "" {
		definition.Name = aws.String(acceptedOr(format.Name))
	}
	if !blank(format.Description) {
		definition.Description = aws.String(format.Description)
	}
	return &types.OutputFormat{
		Type:      types.OutputFormatTypeJsonSchema,
		Structure: &types.OutputFormatStructureMemberJsonSchema{Value: definition},
	}
}

// messagesOf returns the turns of a conversation.
func messagesOf(plan *plan) []types.Message {
	t := turns{plan: plan, messages: make([]types.Message, 0, len(plan.c.Messages))}
	loop, first := loopStart(plan.c.Messages), firstTurn(plan.c.Messages)
	for i := range plan.c.Messages {
		m := &plan.c.Messages[i]
		switch m.Role {
		case chat.RoleSystem:
			if i == first {
				t.user(m)
			} else if i > first {
				t.system(m)
			}
		case chat.RoleUser:
			t.user(m)
		case chat.RoleAssistant:
			if !empty(m) { // reasoning alone isn't a turn
				t.assistant(m, i >= loop)
			}
		case chat.RoleTool:
			t.tool(m)
		}
	}
	t.trimPrefill()
	if !plan.family.has(mixedTurns) {
		return separated(t.messages)
	}
	return t.messages
}

// turns collects the turns of a request.
type turns struct {
	plan      *plan
	messages  []types.Message
	documents int
	ids       callIDs
}

// turn returns the last turn if it is of a role, or a new one.
func (t *turns) turn(role types.ConversationRole) *types.Message {
	if last := len(t.messages) - 1; last < 0 || t.messages[last].Role != role {
		t.messages = append(t.messages, types.Message{Role: role})
	}
	return &t.messages[len(t.messages)-1]
}

func (t *turns) add(role types.ConversationRole, block types.ContentBlock) {
	turn := t.turn(role)
	turn.Content = append(turn.Content, block)
}

func textBlock(text string) types.ContentBlock { return &types.ContentBlockMemberText{Value: text} }

func (t *turns) text(role types.ConversationRole, text string) {
	if !blank(text) {
		t.add(role, textBlock(text))
	}
}

func (t *turns) user(m *chat.Message) {
	hasDocument := false
	for i := range m.Content {
		switch part := &m.Content[i]; {
		case part.Image != nil:
			t.add(types.ConversationRoleUser, imageBlock(part.Image))
		case part.File != nil:
			hasDocument = true
			t.add(types.ConversationRoleUser, t.documentBlock(part.File))
		default:
			t.text(types.ConversationRoleUser, part.Text)
		}
	}
	if hasDocument {
		t.textBesideDocument()
	}
}

// systemPrefix marks a system message in the user's turn.
const systemPrefix = "System: "

// system adds a system message to the user's turn. It is never between a call and its
// result, which follow each other.
func (t *turns) system(m *chat.Message) {
	var texts []string
	for i := range m.Content {
		if text := m.Content[i].Text; !blank(text) {
			texts = append(texts, text)
		}
	}
	if len(texts) > 0 {
		t.text(types.ConversationRoleUser, systemPrefix+strings.Join(texts, "\n"))
	}
}

// textBesideDocument adds a text to a turn that has none: Converse requires one.
func (t *turns) textBesideDocument() {
	turn := t.turn(types.ConversationRoleUser)
	for _, block := range turn.Content {
		if _, ok := block.(*types.ContentBlockMemberText); ok {
			return
		}
	}
	turn.Content = append(turn.Content, textBlock("See the document."))
}

func imageBlock(image *chat.Image) *types.ContentBlockMemberImage {
	return &types.ContentBlockMemberImage{Value: types.ImageBlock{
		Format: types.ImageFormat(image.Format),
		Source: &types.ImageSourceMemberBytes{Value: image.Data},
	}}
}

// documentBlock gives documents neutral names: names must differ and have few
// characters, and a model may take one as an instruction.
func (t *turns) documentBlock(file *chat.File) types.ContentBlock {
	t.documents++
	return &types.ContentBlockMemberDocument{Value: types.DocumentBlock{
		Format: types.DocumentFormat(file.Format),
		Name:   aws.String("document-" + strconv.Itoa(t.documents)),
		Source: &types.DocumentSourceMemberBytes{Value: file.Data},
	}}
}

func (t *turns) assistant(m *chat.Message, inLoop bool) {
	if inLoop && t.plan.keepsReasoning {
		for i := range m.Reasoning {
			t.reasoning(&m.Reasoning[i])
		}
	}
	for i := range m.Content {
		t.text(types.ConversationRoleAssistant, m.Content[i].Text)
	}
	t.text(types.ConversationRoleAssistant, m.Refusal)
	for i := range m.ToolCalls {
		t.call(&m.ToolCalls[i])
	}
}

// reasoning sends a block of reasoning back, if the model can recognize it.
func (t *turns) reasoning(r *chat.Reasoning) {
	var block types.ReasoningContentBlock
	switch {
	case r.Redacted != nil:
		block = &types.ReasoningContentBlockMemberRedactedContent{Value: r.Redacted}
	case r.Signature != "":
		block = &types.ReasoningContentBlockMemberReasoningText{
			Value: types.ReasoningTextBlock{Text: &r.Text, Signature: &r.Signature},
		}
	default:
		return
	}
	t.add(types.ConversationRoleAssistant, &types.ContentBlockMemberReasoningContent{Value: block})
}

func (t *turns) call(call *chat.ToolCall) {
	if !t.plan.family.has(tools) {
		t.text(types.ConversationRoleAssistant, "Called the tool "+call.Name+" with "+call.Arguments)
		return
	}
	t.add(types.ConversationRoleAssistant, &types.ContentBlockMemberToolUse{Value: types.ToolUseBlock{
		ToolUseId: aws.String(t.ids.next(call.ID)),
		Name:      aws.String(t.plan.family.toolName(call.Name)),
		Input:     jsonText{text: toolInput(call.Arguments)},
	}})
}

func (t *turns) tool(m *chat.Message) {
	if !t.plan.family.has(tools) {
		t.text(types.ConversationRoleUser, "Result of the tool:\n"+resultText(m))
		return
	}
	block := &types.ContentBlockMemberToolResult{Value: types.ToolResultBlock{
		ToolUseId: aws.String(t.ids.last(m.ToolCallID)),
		Content:   make([]types.ToolResultContentBlock, 0, max(1, len(m.Content))),
	}}
	failed := m.ToolFailed
	if failed && t.plan.family.has(toolStatus) {
		block.Value.Status = types.ToolResultStatusError
		failed = false
	}
	t.add(types.ConversationRoleUser, block)
	t.result(block, m, failed)
}

// noOutput stands for the blank result of a tool, which some models reject.
const noOutput = "(no output)"

// failure marks the result of a tool that failed, for models without a status.
const failure = "The tool failed: "

// result adds the content of a tool's result. Images that the model doesn't accept in
// there are beside it.
func (t *turns) result(block *types.ContentBlockMemberToolResult, m *chat.Message, failed bool) {
	add := func(content types.ToolResultContentBlock) { block.Value.Content = append(block.Value.Content, content) }
	for i := range m.Content {
		switch part := &m.Content[i]; {
		case part.Image != nil && t.plan.family.has(toolImages):
			add(&types.ToolResultContentBlockMemberImage{Value: imageBlock(part.Image).Value})
		case part.Image != nil:
			t.add(types.ConversationRoleUser, imageBlock(part.Image))
		case !blank(part.Text):
			text := part.Text
			if failed {
				text, failed = failure+text, false
			}
			add(&types.ToolResultContentBlockMemberText{Value: text})
		}
	}
	if len(block.Value.Content) == 0 {
		text := noOutput
		if failed {
			text = failure + text
		}
		add(&types.ToolResultContentBlockMemberText{Value: text})
	}
}

// resultText returns a tool's result as a text.
func resultText(m *chat.Message) string {
	var text strings.Builder
	if m.ToolFailed {
		text.WriteString(failure)
	}
	for i := range m.Content {
		text.WriteString(m.Content[i].Text)
	}
	if text.Len() == 0 {
		return noOutput
	}
	return text.String()
}

// trimPrefill removes white space from the end of an assistant's turn that the model is
// to continue. Claude rejects it.
func (t *turns) trimPrefill() {
	last := len(t.messages) - 1
	if last < 0 || t.messages[last].Role != types.ConversationRoleAssistant {
		return
	}
	content := t.messages[last].Content
	if text, ok := content[len(content)-1].(*types.ContentBlockMemberText); ok {
		text.Value = strings.TrimRight(text.Value, " \t\r\n")
	}
}
