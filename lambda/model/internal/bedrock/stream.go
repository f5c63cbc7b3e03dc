package bedrock

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// events are the events of a stream: a [bedrockruntime.ConverseStreamEventStream].
type events interface {
	Events() <-chan types.ConverseStreamOutput
	Close() error
	Err() error
}

// Stream implements [chat.Provider]. A model that has no tools in a stream, or no stream
// at all, is called without one; its reply is then in few pieces.
func (p *Provider) Stream(ctx context.Context, c chat.Conversation, emit func(chat.Delta) error) (chat.Completion, error) {
	plan := p.plan(&c)
	if len(plan.tools) > 0 && !plan.family.has(streamedTools) && plan.family.known() {
		return p.converse(ctx, plan, emit)
	}
	in, err := p.input(plan)
	if err != nil {
		return chat.Completion{}, chat.NotComputed(err)
	}
	out, err := p.API.ConverseStream(ctx, streamInput(in, p.GuardrailStreaming))
	switch {
	case notStreamed(err):
		return p.converse(ctx, plan, emit)
	case err != nil:
		return chat.Completion{}, callMeaning(err)
	}
	return read(ctx, plan, out.GetStream(), emit)
}

// notStreamed reports whether Bedrock rejected a request since the model has no streams, or
// none with tools. The table of families may not know that of a new model.
func notStreamed(err error) bool {
	var apiErr smithy.APIError
	return errors.As(err, &apiErr) && apiErr.ErrorCode() == "ValidationException" && strings.Contains(apiErr.ErrorMessage(), "support") &&
		strings.Contains(apiErr.ErrorMessage(), "streaming")
}

// read reads the events of a stream and closes it.
func read(ctx context.Context, plan *plan, stream events, emit func(chat.Delta) error) (chat.Completion, error) {
	defer stream.Close()
	r := reader{reply: reply{plan: plan, emit: emit}, open: map[int32]*call{}}
	for {
		select {
		case <-ctx.Done():
			return chat.Completion{}, meaning(ctx.Err())
		case event, more := <-stream.Events():
			if !more {
				return r.end(errors.Join(ctx.Err(), stream.Err()))
			}
			if err := r.event(event); err != nil {
				return chat.Completion{}, err
			}
		}
	}
}

// reader takes the events of a stream.
type reader struct {
	reply
	open   map[int32]*call // by the index of their block
	reason types.StopReason
	usage  *types.TokenUsage
}

func (r *reader) event(event types.ConverseStreamOutput) error {
	switch event := event.(type) {
	case *types.ConverseStreamOutputMemberContentBlockStart:
		if start, ok := event.Value.Start.(*types.ContentBlockStartMemberToolUse); ok {
			return r.start(aws.ToInt32(event.Value.ContentBlockIndex), &start.Value)
		}
	case *types.ConverseStreamOutputMemberContentBlockDelta:
		return r.delta(aws.ToInt32(event.Value.ContentBlockIndex), event.Value.Delta)
	case *types.ConverseStreamOutputMemberContentBlockStop:
		return r.stop(aws.ToInt32(event.Value.ContentBlockIndex))
	case *types.ConverseStreamOutputMemberMessageStop:
		r.reason = event.Value.StopReason
	case *types.ConverseStreamOutputMemberMetadata:
		r.usage = event.Value.Usage
	}
	return nil
}

func (r *reader) start(block int32, use *types.ToolUseBlockStart) error {
	if r.open[block] != nil {
		return errors.New("bedrock: a block of the stream starts twice")
	}
	c, err := r.startCall(aws.ToString(use.ToolUseId), aws.ToString(use.Name))
	r.open[block] = c
	return err
}

func (r *reader) delta(block int32, delta types.ContentBlockDelta) error {
	switch delta := delta.(type) {
	case *types.ContentBlockDeltaMemberText:
		return r.text(delta.Value)
	case *types.ContentBlockDeltaMemberReasoningContent:
		return r.reasoning(reasoningDelta(delta.Value))
	case *types.ContentBlockDeltaMemberToolUse:
		c := r.open[block]
		if c == nil {
			return errors.New("bedrock: the stream lacks the start of a call")
		}
		return r.input(c, aws.ToString(delta.Value.Input))
	}
	return nil
}

func reasoningDelta(delta types.ReasoningContentBlockDelta) chat.Reasoning {
	switch delta := delta.(type) {
	case *types.ReasoningContentBlockDeltaMemberText:
		return chat.Reasoning{Text: delta.Value}
	case *types.ReasoningContentBlockDeltaMemberSignature:
		return chat.Reasoning{Signature: delta.Value}
	case *types.ReasoningContentBlockDeltaMemberRedactedContent:
		return chat.Reasoning{Redacted: delta.Value}
	}
	return chat.Reasoning{}
}

// stop ends a block. Only calls have a state.
func (r *reader) stop(block int32) error {
	c := r.open[block]
	if c == nil {
		return nil
	}
	delete(r.open, block)
	return r.endCall(c)
}

// end ends a stream that has no more events. A stream that was cut off has no reason why
// the model stopped, or no usage.
func (r *reader) end(err error) (chat.Completion, error) {
	if err != nil {
		return chat.Completion{}, meaning(err)
	}
	if r.reason == "" || r.usage == nil {
		return chat.Completion{}, errors.New("bedrock: the stream ended early")
	}
	for _, c := range r.open {
		if err := r.endCall(c); err != nil {
			return chat.Completion{}, err
		}
	}
	return r.finish(r.reason, r.usage)
}
