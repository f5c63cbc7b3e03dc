package budget

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

// Reservation is the decision to admit a request, if the client's item allows it when it
// is written.
type Reservation struct {
	Client   string
	HoldID   string
	Revision int64 // of the policy that it was decided by

	Counter string // attribute of the budget's window
	Minute  string // attribute of the minute
	Amount  int64  // held, in the unit of the budget
	Room    int64  // the most that may be used and held before; [math.MaxInt64] for any

	PerMinute int
	AtOnce    int
	Final     bool // no hold is kept

	// Cleared are expired holds, and OldMinutes minutes that are over, which the write
	// removes. Nothing is refunded for them.
	Cleared    []string
	OldMinutes []string

	// Replaces is set if the hold takes the place of one in Cleared: the write then
	// requires that they are still there.
	Replaces bool

	policy client.Policy
	now    time.Time
}

// Update returns the write of the reservation.
func (r Reservation) Update() dynamo.Update {
	e := newExpression()
	sets := []string{
		e.add(r.Counter, r.Amount),
		e.add(r.Minute, 1),
	}
	conditions := []string{
		fmt.Sprintf("%s = %s", e.name("#rev", client.RevisionAttribute), e.number(":rev", r.Revision)),
		fmt.Sprintf("(attribute_not_exists(%[1]s) OR %[1]s < %[2]s)", e.name("#r", r.Minute), e.number(":rpm", int64(r.PerMinute))),
	}
	if r.Room != math.MaxInt64 {
		conditions = append(conditions, fmt.Sprintf("(attribute_not_exists(%[1]s) OR %[1]s <= %[2]s)", e.name("#u", r.Counter), e.number(":room", r.Room)))
	}
	removed := e.holds(r.Cleared)
	if !r.Final {
		hold := e.hold("#id", r.HoldID)
		sets = append(sets, fmt.Sprintf("%s = %s", hold, e.number(":hold", r.Amount)))
		places := r.AtOnce
		conditions = append(conditions, fmt.Sprintf("attribute_not_exists(%s)", hold))
		if r.Replaces {
			places += len(r.Cleared)
			for _, cleared := range removed {
				conditions = append(conditions, fmt.Sprintf("attribute_exists(%s)", cleared))
			}
		}
		conditions = append(conditions, fmt.Sprintf("size(%s) < %s", e.name("#h", client.HoldsAttribute), e.number(":par", int64(places))))
	}
	for i, minute := range r.OldMinutes {
		removed = append(removed, e.name("#m"+strconv.Itoa(i), minute))
	}
	return dynamo.Update{
		Key:       client.Key(r.Client),
		Update:    "SET " + strings.Join(sets, ", ") + remove(removed),
		Condition: strings.Join(conditions, " AND "),
		Names:     e.names,
		Values:    e.values,
		ReturnNew: true,
		ReturnOld: true,
	}
}

func remove(paths []string) string {
	if len(paths) == 0 {
		return ""
	}
	return " REMOVE " + strings.Join(paths, ", ")
}
