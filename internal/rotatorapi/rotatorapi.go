// Package rotatorapi defines the rotator's API: the event that it is invoked with, and the
// results that it returns. The schedule and the resource of the first key write events,
// and so does the command gatehouse for operators.
//
// The names in JSON stay as they are, because a rotator and a command may be of two
// versions. No result has a secret in it.
package rotatorapi

import (
	"encoding/json"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// Action names what an event requests. Each may run twice, or next to another, without
// harm: events are delivered at least once.
type Action string

const (
	// Create makes the first key, if the keyring is empty, and returns a [CreateResult].
	// Delete empties the keyring and returns a [DeleteResult]. Both are for the resource
	// of the first key alone, which also sends Create when it is destroyed: see
	// [Lifecycle].
	Create Action = "create"
	Delete Action = "delete"

	// Tick lets the rotation go on, Rotate replaces the key in use, and Revoke replaces
	// and deletes every key. They return a [Result].
	Tick   Action = "tick"
	Rotate Action = "rotate"
	Revoke Action = "revoke"

	// GetStatus changes nothing, and returns a [Status].
	GetStatus Action = "status"
)

// StreamOriginID names the origin of the REST API among those of a stack's distribution.
const StreamOriginID = "stream"

// Event is the input of the rotator. The stack's output rotationEvent is the event of a
// tick, which serves any other action of operators too.
type Event struct {
	Action Action `json:"action"`

	// In the order of their names in JSON, in which the schedules of existing stacks have
	// them.
	APIID           string `json:"apiId,omitempty"`
	APIStage        string `json:"apiStage,omitempty"`
	APIURL          string `json:"apiUrl,omitempty"` // without it, no request is sent to the API directly
	DistributionID  string `json:"distributionId,omitempty"`
	DistributionURL string `json:"distributionUrl,omitempty"` // without it, no request is sent through CloudFront
	OriginID        string `json:"originId,omitempty"`        // the API among the distribution's origins

	// The REST API that streams responses, and its origin. A stack without one has none.
	StreamAPIID    string `json:"streamApiId,omitempty"`
	StreamAPIStage string `json:"streamApiStage,omitempty"`
	StreamAPIURL   string `json:"streamApiUrl,omitempty"` // with the stage; without it, no request is sent to that API directly
	StreamOriginID string `json:"streamOriginId,omitempty"`

	// Through continues a rotate or revoke that an earlier result left unfinished.
	Through keyring.Name `json:"through,omitempty"`

	// Lifecycle is set by Terraform's aws_lambda_invocation alone.
	Lifecycle *Lifecycle `json:"tf,omitempty"`
}

// Lifecycle is added by Terraform's aws_lambda_invocation to an invocation that follows
// the lifecycle of its resource: it names what happens to the resource.
type Lifecycle struct {
	Action    string          `json:"action"` // "create", "update" or "delete"
	PrevInput json.RawMessage `json:"prev_input"`
}

// Result is the result of [Tick], [Rotate] and [Revoke].
type Result struct {
	Action     Action       `json:"action"`
	Through    keyring.Name `json:"through,omitempty"` // send it again to continue the same request
	Steps      []Step       `json:"steps"`
	Done       bool         `json:"done"`
	Next       string       `json:"left"`              // what comes next, and why not now
	RetryAfter string       `json:"againIn,omitempty"` // a duration, after which that can be
}

// Step is a step that changed something.
type Step struct {
	Action string         `json:"action"`
	Keys   []keyring.Name `json:"keys,omitempty"`
	Reason string         `json:"reason"`
}

// Status is the result of [GetStatus].
type Status struct {
	Keys         []KeyStatus `json:"keys"`         // oldest first
	Header       string      `json:"header"`       // what the distribution sends: a key of the keyring, something unknown, nothing, different values
	Deployed     bool        `json:"deployed"`     // to every edge location
	ModifiedAgo  string      `json:"modifiedAgo"`  // the distribution
	DeployingFor string      `json:"deployingFor"` // 0s when deployed
	Next         NextStep    `json:"next"`

	// Origins has what the distribution sends to each of its origins, if that differs.
	Origins []OriginStatus `json:"origins,omitempty"`
}

// OriginStatus names the value that the distribution sends to one origin.
type OriginStatus struct {
	ID     string       `json:"id"`
	Header string       `json:"header"`        // a key of the keyring, something unknown, nothing
	Key    keyring.Name `json:"key,omitempty"` // if it is one of the keyring
}

// KeyStatus is the status of one key.
type KeyStatus struct {
	Name  keyring.Name `json:"name"`
	Age   string       `json:"age"`
	InUse bool         `json:"inUse"`
}

// NextStep is the step that the next tick takes.
type NextStep struct {
	Action     string `json:"action"`
	Reason     string `json:"reason"`
	RetryAfter string `json:"againIn,omitempty"`
}

// CreateResult is the result of [Create]: it names a key of the keyring. The value stays
// in Parameter Store, where the update of the stack reads it with a permission of its own.
type CreateResult struct {
	Name keyring.Name `json:"name"`
}

// DeleteResult is the result of [Delete].
type DeleteResult struct {
	Deleted int `json:"deleted"`
}

// FormatRetryAfter returns d as results have it: rounded up to whole seconds, for callers
// that wait that long, and empty for zero.
func FormatRetryAfter(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return (d + time.Second - 1).Truncate(time.Second).String()
}
