package budget_test

import (
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

// rules are a protocol and the environment that it runs in. Anything that a world's rule
// allows may happen at any moment or not at all.
type rules struct {
	requests int // how many there are at most
	perMin   int
	atOnce   int
	limit    int64
	excess   int64 // what a request costs above its hold, or below it if negative

	// How often at most in a story.
	crashes, losses, changes uint8

	kinds   []change // of changes that the operator makes
	late    bool     // a call that is lost may arrive later
	ahead   bool     // a copy's clock may be ahead by a moment
	moments uint8    // how many of the moments there are
	prompt  bool     // requests end before their holds expire

	plain bool // states are told apart that lead to the same: slower, for comparison

	// What a weaker protocol would do.
	reserve   func(budget.Reservation, client.Record) dynamo.Update
	settle    func(budget.Settlement, time.Time) dynamo.Update
	readFirst bool // decide by a read of the item, like Conclude, before the write
	newID     bool // a repeat has another id
	clamp     bool // what does not fit is admitted with a smaller hold
	onMemory  bool // a request whose reserve has no reply is admitted
	reset     bool // one counter, which is reset at the window's end
	sameStart bool // clients that are created again begin with the same revision
}

// ours is the protocol as it is, in a world where everything happens.
func ours() rules {
	return rules{
		requests: 3, perMin: 2, atOnce: 2, limit: 7, excess: -1,
		crashes: 1, losses: 1, changes: 1, kinds: everyChange(), late: true, ahead: true, moments: uint8(len(moments)),
		reserve: func(r budget.Reservation, _ client.Record) dynamo.Update { return r.Update() },
		settle:  func(s budget.Settlement, _ time.Time) dynamo.Update { return s.Update() },
	}
}

// but returns the rules with a change.
func (r rules) but(change func(*rules)) rules {
	change(&r)
	return r
}

// The three requests: what each holds at most, and the credential that it has.
var (
	amounts = [mostRequests]int64{4, 3, 2}
	keys    = [mostRequests]string{"first", "second", "first"}
)

// moments are the times that matter: two minutes of a window's last day, the next
// window with the holds of the first moment expired, and a time when all that is before
// has expired and the first minutes are old.
var moments = [...]time.Time{
	time.Date(2026, 11, 30, 23, 58, 40, 0, time.UTC),
	time.Date(2026, 11, 30, 23, 59, 20, 0, time.UTC),
	time.Date(2026, 12, 1, 0, 0, 10, 0, time.UTC),
	time.Date(2026, 12, 1, 0, 2, 30, 0, time.UTC),
}

// holdLife is the life of a hold: longer than from one moment to the next, but for
// the last.
const holdLife = time.Minute

// longestReserve is the longest time that a request waits for its reserve, repeats included: not so long
// that the count of its minute is removed meanwhile.
const longestReserve = 2 * time.Minute
