// Package chat defines the interface between the API and its backends: conversations,
// completions and errors. Packages bedrock and openai implement [Provider].
package chat

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// Provider is a backend, which completes conversations.
type Provider interface {
	// Complete returns the model's reply to a conversation. Its error wraps one of those
	// below if that is more specific, and contains nothing of the conversation.
	Complete(ctx context.Context, c Conversation) (Completion, error)

	// Ready returns nil if the backend can be reached and accepts requests. It uses no
	// tokens.
	Ready(ctx context.Context) error

	// Describe returns what is known of a model without a request.
	Describe(model string) Description
}

// Errors that [Provider.Complete] and [Provider.Ready] wrap.
var (
	ErrBusy        = errors.New("the model has too many requests")
	ErrTimeout     = errors.New("the model timed out")
	ErrRejected    = errors.New("the model rejected the request")
	ErrUnavailable = errors.New("the model can't be reached")
)

// Conversation is a request for a completion.
type Conversation struct {
	Model       string // one of the models in the settings
	Messages    []Message
	MaxTokens   int
	Temperature *float64 // the model's default if nil, as TopP
	TopP        *float64
	Stop        []string
}

// Message is one turn of a conversation. Its content has one or more parts, in order.
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

// Completion is the model's reply to a conversation.
type Completion struct {
	Text       string
	StopReason string // one of those below
	Usage      Usage
	Version    string // of the model; empty if the backend doesn't return it
}

// Reasons why a model stopped.
const (
	EndTurn       = "end_turn"
	StopSequence  = "stop_sequence"
	MaxTokens     = "max_tokens"
	ContextWindow = "context_window" // the conversation is too long for the model
	Filtered      = "content_filtered"
	Guardrail     = "guardrail_intervened"
	Other         = "other"
)

// Usage counts the tokens that are billed.
type Usage struct {
	InputTokens  int `json:"input_tokens"`
	OutputTokens int `json:"output_tokens"`
	TotalTokens  int `json:"total_tokens"`
}

// Description describes a model.
type Description struct {
	Owner   string // the model's provider, or "self-hosted"
	Version string // empty if it has none
}

// Attempts is the maximum number of attempts if a backend rejects a request before a
// model has processed it. Other requests are not retried: they would be computed, and
// billed, twice.
const Attempts = 3

const firstBackoff = 500 * time.Millisecond

// Backoff returns how long to wait after a number of attempts, 1 or more: exponential
// backoff with full jitter, so that clients that were rejected together don't retry
// together.
func Backoff(attempts int) time.Duration {
	return time.Duration(rand.Int64N(int64(firstBackoff) << max(0, attempts-1)))
}
