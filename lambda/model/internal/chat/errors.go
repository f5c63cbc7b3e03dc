package chat

import (
	"errors"
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

// Rejection is the error of a model that rejected a request, with what is known of the
// reason. It wraps [ErrRejected].
type Rejection struct {
	Members []string // names of the request's members concerned, as OpenAI's API has them; may be empty
	Reason  string   // for the operator, without any of the conversation: see [Reason]
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
