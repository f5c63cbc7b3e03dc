package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
)

// converser is the part of Bedrock that is used.
type converser interface {
	Converse(context.Context, *bedrockruntime.ConverseInput, ...func(*bedrockruntime.Options)) (*bedrockruntime.ConverseOutput, error)
}

var _ converser = (*bedrockruntime.Client)(nil)

// bedrock is the provider that asks a model through Bedrock's Converse.
type bedrock struct {
	api   converser
	model string
}

func (b *bedrock) complete(ctx context.Context, c conversation) (completion, error) {
	out, err := b.api.Converse(ctx, b.input(c))
	if err != nil {
		return completion{}, bedrockError(err)
	}
	return completionOf(out)
}

func (b *bedrock) input(c conversation) *bedrockruntime.ConverseInput {
	in := &bedrockruntime.ConverseInput{
		ModelId: aws.String(b.model),
		InferenceConfig: &types.InferenceConfiguration{
			MaxTokens:     aws.Int32(int32(c.maxTokens)),
			Temperature:   float32Of(c.temperature),
			TopP:          float32Of(c.topP),
			StopSequences: c.stop,
		},
	}
	for _, m := range c.messages {
		if m.role == roleSystem {
			in.System = append(in.System, &types.SystemContentBlockMemberText{Value: m.content})
			continue
		}
		role := types.ConversationRole(m.role)
		block := &types.ContentBlockMemberText{Value: m.content}
		if last := len(in.Messages) - 1; last >= 0 && in.Messages[last].Role == role {
			// Converse wants the roles to alternate.
			in.Messages[last].Content = append(in.Messages[last].Content, block)
			continue
		}
		in.Messages = append(in.Messages, types.Message{Role: role, Content: []types.ContentBlock{block}})
	}
	return in
}

func float32Of(number *float64) *float32 {
	if number == nil {
		return nil
	}
	return aws.Float32(float32(*number))
}

func completionOf(out *bedrockruntime.ConverseOutput) (completion, error) {
	reply, ok := out.Output.(*types.ConverseOutputMemberMessage)
	if !ok || out.Usage == nil {
		return completion{}, errors.New("bedrock: the answer lacks a message or its usage")
	}
	var text strings.Builder
	for _, block := range reply.Value.Content {
		if part, ok := block.(*types.ContentBlockMemberText); ok {
			text.WriteString(part.Value)
		}
	}
	return completion{
		text:       text.String(),
		stopReason: string(out.StopReason),
		usage: usage{
			InputTokens:  int(aws.ToInt32(out.Usage.InputTokens)),
			OutputTokens: int(aws.ToInt32(out.Usage.OutputTokens)),
			TotalTokens:  int(aws.ToInt32(out.Usage.TotalTokens)),
		},
	}, nil
}

// bedrockError says what an error means to a client. The text of a rejection is
// left out: it may quote the conversation.
func bedrockError(err error) error {
	var (
		throttled *types.ThrottlingException
		quota     *types.ServiceQuotaExceededException
		timeout   *types.ModelTimeoutException
		invalid   *types.ValidationException
	)
	switch {
	case errors.As(err, &throttled), errors.As(err, &quota):
		return fmt.Errorf("%w: %w", errBusy, err)
	case errors.As(err, &timeout), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", errTimeout, err)
	case errors.As(err, &invalid):
		return fmt.Errorf("%w: %s", errRejected, invalid.ErrorCode())
	}
	return err
}
