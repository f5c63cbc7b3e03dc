// Package chat defines the interface between the API and its backends: conversations,
// completions, embeddings and errors. Packages bedrock and openai implement [Provider].
package chat

import "context"

// Provider is a backend, which completes conversations and embeds texts.
type Provider interface {
	// Adapt returns how a conversation has to change so that its model accepts it. It
	// sends no request.
	Adapt(c Conversation) Adaptation

	// Complete returns the model's reply to a conversation that Adapt returned. Its error
	// wraps one of this package's if that is more specific, and contains nothing of the
	// conversation. It is marked by [NotComputed] if surely no model computed anything.
	// Beside [ErrMalformed], the completion has the usage if that is known.
	Complete(ctx context.Context, c Conversation) (Completion, error)

	// Stream is like Complete, but passes the reply to emit in pieces, as the model
	// generates them. The completion that it returns is that of the pieces together, with
	// the usage. An error of emit ends the stream and is returned.
	Stream(ctx context.Context, c Conversation, emit func(Delta) error) (Completion, error)

	// Embed returns one vector for each input. Its errors are as those of Complete.
	Embed(ctx context.Context, r EmbeddingRequest) (Embeddings, error)

	// Ready returns nil if the backend can be reached and accepts requests. It uses no
	// tokens.
	Ready(ctx context.Context) error

	// Describe returns what is known of a model without a request.
	Describe(model string) Description
}

// Description describes a model.
type Description struct {
	Owner   string // the model's provider, or "self-hosted"
	Version string // empty if it has none
	Kind    Kind
}

// Kind is the kind of requests that a model serves.
type Kind string

// The kinds of models. A server's model may be of either kind: its kind is unknown.
const (
	KindUnknown   Kind = ""
	KindChat      Kind = "chat"
	KindEmbedding Kind = "embedding"
)
