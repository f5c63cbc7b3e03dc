package chat

import "encoding/json"

// Completion is the model's reply to a conversation.
type Completion struct {
	Choices []Choice // one, unless the request asked for more and the backend has more
	Usage   Usage
	Version string // of the model; empty if the backend doesn't return it
}

// Choice is one of the alternatives of a completion.
type Choice struct {
	Text       string
	Refusal    string // what the model said instead of an answer; empty if it answered
	Reasoning  []Reasoning
	ToolCalls  []ToolCall
	StopReason string          // one of those below
	Logprobs   json.RawMessage // as OpenAI's API has them; nil if the backend returned none
}

// Reasons why a model stopped.
const (
	EndTurn       = "end_turn"
	StopSequence  = "stop_sequence"
	MaxTokens     = "max_tokens"
	ToolUse       = "tool_use"       // it calls tools
	ContextWindow = "context_window" // the conversation is too long for the model
	Filtered      = "content_filtered"
	Guardrail     = "guardrail_intervened"
	Other         = "other"
)

// Usage counts the tokens that are billed.
type Usage struct {
	InputTokens      int // of the conversation, cached ones included
	OutputTokens     int // of the reply, reasoning included
	TotalTokens      int
	CachedTokens     int // of InputTokens, those read from the prompt cache
	CacheWriteTokens int // of InputTokens, those written to the prompt cache
	ReasoningTokens  int // of OutputTokens; 0 if the backend doesn't return it
}

// Delta is a piece of a completion. Any of its members may be empty.
type Delta struct {
	Choice    int // index of the choice
	Text      string
	Refusal   string
	Reasoning *Reasoning // continues the last block of reasoning
	ToolCall  *ToolCallDelta
	Logprobs  json.RawMessage // of Text, as OpenAI's API has them
	Version   string          // of the model; empty if [Provider.Describe] returns it, or the backend doesn't

	// StopReason is set in the last delta of a choice.
	StopReason string
}

// ToolCallDelta is a piece of a call of a tool. The first piece of a call has its ID and
// name.
type ToolCallDelta struct {
	Index     int // of the call among the choice's
	ID        string
	Name      string
	Arguments string
}
