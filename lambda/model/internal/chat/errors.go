package chat

import (
	"errors"
	"slices"
	"strings"
)

// Errors that the methods of [Provider] wrap.
var (
	ErrBusy        = errors.New("the model has too many requests")
	ErrTimeout     = errors.New("the model timed out")
	ErrRejected    = errors.New("the model rejected the request")
	ErrUnavailable = errors.New("the model can't be reached")

	// ErrMalformed is the error of a reply that is not in the form that the request
	// asked for: it doesn't match the schema, or calls a tool with arguments that are no
	// JSON.
	ErrMalformed = errors.New("the model's reply is malformed")
)

// notComputed marks an error.
type notComputed struct{ error }

// Unwrap returns the error that is marked.
func (e notComputed) Unwrap() error { return e.error }

// NotComputed marks the error of a request of which surely no model computed anything: it
// was not sent, or rejected before. Nothing is billed for it. An error whose request may
// have been computed, such as one in the middle of a reply, isn't marked, though it may
// wrap the same error of this package.
func NotComputed(err error) error {
	if err == nil {
		return nil
	}
	return notComputed{err}
}

// IsNotComputed reports whether an error is marked by [NotComputed].
func IsNotComputed(err error) bool {
	var marked notComputed
	return errors.As(err, &marked)
}

// Rejection is the error of a model that rejected a request, with what is known of the
// reason. It wraps [ErrRejected].
type Rejection struct {
	Members []string // names of the request's members concerned, as OpenAI's API has them; may be empty
	Reason  string   // for the operator, without any of the conversation: see [Reason]
	TooLong bool     // whether the conversation has more tokens than the model's context
}

// Reject returns the error for a backend's message.
func Reject(message string) *Rejection {
	reason, members := Reason(message)
	return &Rejection{Members: members, Reason: reason, TooLong: IsTooLong(message)}
}

// tooLong are parts of the messages of backends about conversations that are too long.
// Sources: Bedrock's Claude, Nova and Llama, OpenAI, vLLM, llama.cpp, Ollama.
var tooLong = []string{
	"input is too long", "prompt is too long", "too many input tokens", "input tokens exceed", "maximum context length", "context length exceeded",
	"context_length_exceeded", "exceeds the context", "exceed_context_size", "context window", "longer than the maximum model length",
	"exceeds the maximum number of tokens", "maximum number of input tokens",
}

// IsTooLong reports whether a backend's message says that the conversation is longer than
// the model's context.
func IsTooLong(message string) bool {
	message = strings.ToLower(message)
	return slices.ContainsFunc(tooLong, func(part string) bool { return strings.Contains(message, part) })
}

// Error implements error.
func (r *Rejection) Error() string {
	text := ErrRejected.Error() + ": " + r.Reason
	if len(r.Members) > 0 {
		text += " (" + strings.Join(r.Members, ", ") + ")"
	}
	return text
}

// Unwrap returns [ErrRejected].
func (r *Rejection) Unwrap() error { return ErrRejected }
