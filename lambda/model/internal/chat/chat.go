// Package chat is what the API and the backends have in common: a conversation, how
// a model goes on with it, and why it does not.
package chat

import (
	"context"
	"errors"
)

// Provider is a backend: where answers come from.
type Provider interface {
	// Complete goes on with a conversation. Its error wraps one of those below where
	// that says more than that it failed, and contains nothing of the conversation.
	Complete(ctx context.Context, c Conversation) (Completion, error)

	// Ready returns nil if the backend can be reached and would take a request. It
	// costs no tokens.
	Ready(ctx context.Context) error

	// Describe says what is known of a model without asking.
	Describe(model string) Description
}

var (
	ErrBusy        = errors.New("the model has too many requests")
	ErrTimeout     = errors.New("the model took too long")
	ErrRejected    = errors.New("the model does not accept the request")
	ErrUnavailable = errors.New("the model can't be reached")
)

// Conversation is what is to be continued.
type Conversation struct {
	Model       string // one of those in the settings
	Messages    []Message
	MaxTokens   int
	Temperature *float64 // the model's own if nil, as TopP
	TopP        *float64
	Stop        []string
}

// Message is one turn. Its content are texts, in order.
type Message struct {
	Role    string
	Content []string
}

// The roles of a message. A system message instructs the model.
const (
	RoleSystem    = "system"
	RoleUser      = "user"
	RoleAssistant = "assistant"
)

// Completion is how the model went on.
type Completion struct {
	Text       string
	StopReason string // one of those below
	Usage      Usage
	Version    string // of the model, as far as the backend says; empty otherwise
}

// Why a model stopped.
const (
	EndTurn       = "end_turn"
	StopSequence  = "stop_sequence"
	MaxTokens     = "max_tokens"
	ContextWindow = "context_window" // the conversation has become too long for the model
	Filtered      = "content_filtered"
	Guardrail     = "guardrail_intervened"
	Other         = "other"
)

// Usage is what is paid for, in tokens.
type Usage struct {
	InputTokens  int `json:"input_tokens"`
	OutputTokens int `json:"output_tokens"`
	TotalTokens  int `json:"total_tokens"`
}

// Description is what is known of a model.
type Description struct {
	Owner   string // who made it, or serves it
	Version string // empty if it has none
}
