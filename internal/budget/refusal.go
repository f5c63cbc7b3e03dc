package budget

import (
	"fmt"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/client"
)

// Reason says why a request is refused.
type Reason string

// Reasons of refusals.
const (
	InvalidKey      Reason = "invalid_key"       // taken off the client, or expired
	Suspended       Reason = "suspended"         // by the operator
	ModelNotAllowed Reason = "model_not_allowed" // for this client
	RateExceeded    Reason = "rate_exceeded"     // of requests a minute
	TooManyAtOnce   Reason = "too_many_at_once"  // requests that have not ended
	BudgetInUse     Reason = "budget_in_use"     // by holds of requests that have not ended
	BudgetSpent     Reason = "budget_spent"      // until the window's end
)

// Refusal is the error of a request that isn't admitted.
type Refusal struct {
	Reason Reason

	// Expired is when the credential or the client expired, if that is the reason.
	Expired time.Time

	// Limit is the limit that the request would exceed: requests, or the budget's.
	Limit int64

	// Budget is the client's, and Left what a request may hold of it, if it is the
	// reason. Left is never negative.
	Budget client.Budget
	Left   int64

	// RetryAt is the time at which the minute or the budget's window ends, if that is
	// what to wait for.
	RetryAt time.Time
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("request refused: %s", r.Reason) }
