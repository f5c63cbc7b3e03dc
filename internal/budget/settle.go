package budget

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

// Charge says what a request is charged.
type Charge string

// What a request is charged.
const (
	ChargedUse     Charge = "use"     // what it used
	ChargedNothing Charge = "nothing" // surely no model computed anything
	ChargedHold    Charge = "hold"    // what it used isn't known
)

// Outcome describes the end of an admitted request.
type Outcome struct {
	Charge Charge
	Use    Use // if Charge is [ChargedUse]
}

// Settlement replaces a reservation's hold by what the request is charged.
type Settlement struct {
	Client  string
	HoldID  string
	Counter string // of the reservation's window, whichever it is by now
	Charge  Charge
	Amount  int64 // charged, in the unit of the budget
	Refund  int64 // of what was held; negative if the request used more than that

	// Cleared, OldMinutes and OldWindows are removed by the way. Nothing is refunded for
	// expired holds.
	Cleared    []string
	OldMinutes []string
	OldWindows []string
}

// Settle returns the settlement of the reservation's request. latest is the client's
// record as the reservation's write returned it, for what may be removed.
func (r Reservation) Settle(outcome Outcome, latest client.Record, now time.Time) Settlement {
	s := Settlement{
		Client:     r.Client,
		HoldID:     r.HoldID,
		Counter:    r.Counter,
		Charge:     outcome.Charge,
		Amount:     r.charged(outcome),
		OldMinutes: first(latest.OldMinutes(now), maxOld),
	}
	s.Refund = r.Amount - s.Amount
	for _, id := range expired(latest, now, maxCleared) {
		if id != r.HoldID {
			s.Cleared = append(s.Cleared, id)
		}
	}
	for _, name := range first(latest.OldWindows(now), maxOld) {
		if name != r.Counter {
			s.OldWindows = append(s.OldWindows, name)
		}
	}
	return s
}

func (r Reservation) charged(outcome Outcome) int64 {
	switch outcome.Charge {
	case ChargedUse:
		return outcome.Use.of(r.policy.Budget)
	case ChargedNothing:
		return 0
	}
	return r.Amount
}

// Exceeds reports whether the request used more than was held for it.
func (s Settlement) Exceeds() bool { return s.Refund < 0 }

// Update returns the write of the settlement. It has no effect if the hold is gone:
// because it was settled already, or expired and was removed.
func (s Settlement) Update() dynamo.Update {
	e := newExpression()
	hold := e.hold("#id", s.HoldID)
	removed := append([]string{hold}, e.holds(s.Cleared)...)
	for i, minute := range s.OldMinutes {
		removed = append(removed, e.name("#m"+strconv.Itoa(i), minute))
	}
	for i, window := range s.OldWindows {
		removed = append(removed, e.name("#w"+strconv.Itoa(i), window))
	}
	return dynamo.Update{
		Key:       client.Key(s.Client),
		Update:    fmt.Sprintf("SET %[1]s = %[1]s - %[2]s REMOVE ", e.name("#u", s.Counter), e.number(":refund", s.Refund)) + strings.Join(removed, ", "),
		Condition: fmt.Sprintf("attribute_exists(%s)", hold),
		Names:     e.names,
		Values:    e.values,
	}
}
