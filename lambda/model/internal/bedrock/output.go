package bedrock

import (
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// completionOf returns the completion of a response, and passes its pieces to emit unless
// that is nil.
func completionOf(plan *plan, out *bedrockruntime.ConverseOutput, emit func(chat.Delta) error) (chat.Completion, error) {
	message, ok := out.Output.(*types.ConverseOutputMemberMessage)
	if !ok || out.Usage == nil {
		return chat.Completion{}, errors.New("bedrock: the response lacks a message or its usage")
	}
	r := reply{plan: plan, emit: emit}
	for _, block := range message.Value.Content {
		if err := r.block(block); err != nil {
			return chat.Completion{}, err
		}
	}
	return r.finish(out.StopReason, out.Usage)
}

// block takes a block of a message. Blocks of other types have nothing that a client of
// OpenAI's API knows.
func (r *reply) block(block types.ContentBlock) error {
	switch block := block.(type) {
	case *types.ContentBlockMemberText:
		return r.text(block.Value)
	case *types.ContentBlockMemberCitationsContent:
		return r.text(citedText(block.Value.Content))
	case *types.ContentBlockMemberReasoningContent:
		return r.reasoning(reasoningOf(block.Value))
	case *types.ContentBlockMemberToolUse:
		return r.toolUse(&block.Value)
	}
	return nil
}

func citedText(content []types.CitationGeneratedContent) string {
	var text strings.Builder
	for _, part := range content {
		if part, ok := part.(*types.CitationGeneratedContentMemberText); ok {
			text.WriteString(part.Value)
		}
	}
	return text.String()
}

func reasoningOf(block types.ReasoningContentBlock) chat.Reasoning {
	switch block := block.(type) {
	case *types.ReasoningContentBlockMemberReasoningText:
		return chat.Reasoning{Text: aws.ToString(block.Value.Text), Signature: aws.ToString(block.Value.Signature)}
	case *types.ReasoningContentBlockMemberRedactedContent:
		return chat.Reasoning{Redacted: block.Value}
	}
	return chat.Reasoning{}
}

func (r *reply) toolUse(use *types.ToolUseBlock) error {
	c, err := r.startCall(aws.ToString(use.ToolUseId), aws.ToString(use.Name))
	if err != nil {
		return err
	}
	if use.Input != nil {
		arguments, err := textOf(use.Input)
		if err != nil {
			return errors.New("bedrock: the arguments of a call can't be encoded")
		}
		if err := r.input(c, arguments); err != nil {
			return err
		}
	}
	return r.endCall(c)
}
