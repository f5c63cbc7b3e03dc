package budget

import (
	"math"

	"github.com/gatehouse-iac/gatehouse/internal/client"
)

// Reply is the reply to the write of a reservation.
type Reply struct {
	// Applied is set if the write was applied. Then Record is the client's record after
	// it, else the one that failed its condition.
	Applied bool

	// Record is nil if the client doesn't exist.
	Record *client.Record
}

// Verdict is the conclusion about a request after a reply.
type Verdict int

// Verdicts.
const (
	Admitted Verdict = iota + 1
	Refused          // see the refusal
	Again            // decide again by the reply's record
)

// Conclude returns the verdict of a reply, and the refusal if it is [Refused].
func (r Reservation) Conclude(reply Reply) (Verdict, *Refusal) {
	switch {
	case reply.Applied:
		return Admitted, nil
	case reply.Record == nil:
		return Refused, &Refusal{Reason: InvalidKey}
	}
	known := *reply.Record
	if _, held := known.Holds[r.HoldID]; held && !r.Final {
		// The reply to an earlier write was lost.
		return Admitted, nil
	}
	if known.Revision != r.Revision {
		return Again, nil
	}
	if refusal := r.exceeded(known); refusal != nil {
		return Refused, refusal
	}
	// Expired holds took the places, or another write has removed them.
	return Again, nil
}

// exceeded returns the refusal for the limit that the reservation would exceed.
func (r Reservation) exceeded(known client.Record) *Refusal {
	live, _ := known.Live(r.now)
	switch {
	case known.Minutes[r.Minute] >= int64(r.PerMinute):
		return &Refusal{Reason: RateExceeded, Limit: int64(r.PerMinute), RetryAt: nextMinute(r.now)}
	case !r.Final && live >= r.AtOnce:
		return &Refusal{Reason: TooManyAtOnce, Limit: int64(r.AtOnce)}
	case r.Room != math.MaxInt64 && known.Used[r.Counter] > r.Room:
		return budgetRefusal(known, r.now, r.Amount)
	}
	return nil
}
