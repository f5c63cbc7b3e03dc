package bedrock

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// reply makes the pieces of a completion from what the model returns, whether that is in
// a stream or not, so that the pieces add up to the same completion.
type reply struct {
	plan *plan
	emit func(chat.Delta) error // nil if nothing is streamed

	whole     chat.Assembly
	calls     int // of the client's tools
	unfence   unfence
	held      strings.Builder // text beside the tool in place of the answer
	formatted bool            // whether that tool was called
}

func (r *reply) send(d chat.Delta) error {
	r.whole.Add(d)
	if r.emit == nil {
		return nil
	}
	return r.emit(d)
}

func (r *reply) sendText(text string) error {
	if text == "" {
		return nil
	}
	return r.send(chat.Delta{Text: text})
}

// text takes a piece of the answer. Beside a tool in place of the answer, it isn't the
// answer unless the tool isn't called.
func (r *reply) text(piece string) error {
	switch r.plan.format {
	case toolMode:
		r.held.WriteString(piece)
		return nil
	case instructionMode:
		piece = r.unfence.write(piece)
	}
	return r.sendText(piece)
}

func (r *reply) reasoning(block chat.Reasoning) error {
	return r.send(chat.Delta{Reasoning: &block})
}

// call is the call of a tool that the model is making.
type call struct {
	index   int  // among the client's calls
	format  bool // whether the tool is in place of the answer
	ignored bool // whether there is an answer already
	begun   bool // whether there are arguments
}

// startCall begins a call.
func (r *reply) startCall(id, name string) (*call, error) {
	if r.plan.format == toolMode && name == r.plan.formatTool {
		c := &call{format: true, ignored: r.formatted}
		r.formatted = true
		return c, nil
	}
	c := &call{index: r.calls}
	r.calls++
	return c, r.send(chat.Delta{ToolCall: &chat.ToolCallDelta{Index: c.index, ID: id, Name: r.plan.names.original(name)}})
}

// input takes a piece of a call's arguments.
func (r *reply) input(c *call, piece string) error {
	if c.ignored || piece == "" {
		return nil
	}
	c.begun = true
	if c.format {
		return r.sendText(piece)
	}
	return r.send(chat.Delta{ToolCall: &chat.ToolCallDelta{Index: c.index, Arguments: piece}})
}

// endCall ends a call. No arguments are an empty object.
func (r *reply) endCall(c *call) error {
	if c.begun {
		return nil
	}
	return r.input(c, "{}")
}

// finish ends the reply, and returns the completion. Beside a completion, its error says
// that it is malformed.
func (r *reply) finish(reason types.StopReason, usage *types.TokenUsage) (chat.Completion, error) {
	rest := r.unfence.flush()
	if !r.formatted {
		rest += r.held.String()
	}
	if err := r.sendText(rest); err != nil {
		return chat.Completion{}, err
	}
	if err := r.send(chat.Delta{StopReason: r.stopReason(reason)}); err != nil {
		return chat.Completion{}, err
	}
	done := chat.Completion{Choices: r.whole.Choices(), Usage: usageOf(usage), Version: r.plan.version}
	return done, malformed(reason, done.Choices[0].ToolCalls)
}

// malformed returns an error if the model's reply isn't in the form that was requested.
func malformed(reason types.StopReason, calls []chat.ToolCall) error {
	switch reason {
	case types.StopReasonMalformedModelOutput, types.StopReasonMalformedToolUse:
		return fmt.Errorf("%w: bedrock: %s", chat.ErrMalformed, reason)
	case types.StopReasonToolUse:
		for i := range calls {
			if !json.Valid([]byte(calls[i].Arguments)) {
				return fmt.Errorf("%w: bedrock: the arguments of a call are no JSON", chat.ErrMalformed)
			}
		}
	}
	return nil
}

// stopReason returns the reason for the client, which doesn't know of a tool in place of
// the answer.
func (r *reply) stopReason(reason types.StopReason) string {
	if reason == types.StopReasonToolUse && r.formatted && r.calls == 0 {
		return chat.EndTurn
	}
	return stopReason(reason)
}

func stopReason(reason types.StopReason) string {
	switch reason {
	case types.StopReasonEndTurn:
		return chat.EndTurn
	case types.StopReasonStopSequence:
		return chat.StopSequence
	case types.StopReasonMaxTokens:
		return chat.MaxTokens
	case types.StopReasonToolUse:
		return chat.ToolUse
	case types.StopReasonModelContextWindowExceeded:
		return chat.ContextWindow
	case types.StopReasonContentFiltered:
		return chat.Filtered
	case types.StopReasonGuardrailIntervened:
		return chat.Guardrail
	}
	return chat.Other
}

// usageOf counts cached tokens among those of the conversation, as OpenAI's API does.
// Bedrock counts them apart.
func usageOf(usage *types.TokenUsage) chat.Usage {
	read, written := int(aws.ToInt32(usage.CacheReadInputTokens)), int(aws.ToInt32(usage.CacheWriteInputTokens))
	u := chat.Usage{
		InputTokens:      int(aws.ToInt32(usage.InputTokens)) + read + written,
		OutputTokens:     int(aws.ToInt32(usage.OutputTokens)),
		CachedTokens:     read,
		CacheWriteTokens: written,
	}
	u.TotalTokens = u.InputTokens + u.OutputTokens
	return u
}
