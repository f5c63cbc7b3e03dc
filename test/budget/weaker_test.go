package budget_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

// TestWeakerProtocolsFail takes something away from the protocol, each time one
// thing, and finds the shortest story in which that matters. An exploration that
// could not find these would prove nothing.
func TestWeakerProtocolsFail(t *testing.T) {
	tests := []struct {
		name   string
		weaken func(*rules)
		want   violationKind
	}{
		{"check-then-act: no room in the condition", func(r *rules) { r.readFirst, r.reserve = true, withoutRoom }, overLimit},
		{"no revision in the condition", func(r *rules) { r.changes, r.reserve = 1, withoutRevision }, notAllowed},
		{"settle without looking for the hold", func(r *rules) { r.losses, r.settle = 1, withoutHold }, belowTruth},
		{"refund of expired holds", func(r *rules) { r.crashes, r.moments, r.reserve = 1, all, refunding }, belowTruth},
		{"one counter with a reset", func(r *rules) {
			r.moments, r.prompt, r.reset, r.reserve, r.settle = all, false, true, reserveOne, settleOne
		}, belowTruth},
		{"a new id for a retry", func(r *rules) { r.losses, r.newID = 1, true }, overcharged},
		{"clamp: a smaller hold where it does not fit", func(r *rules) { r.clamp = true }, belowTruth},
		{"settle into the current window", func(r *rules) { r.moments, r.prompt, r.settle = all, false, intoCurrent }, otherWindow},
		{"admission without a reply", func(r *rules) { r.losses, r.onMemory = mostTries, true }, admittedOnNothing},
		{"no refund", func(r *rules) { r.settle = refundingNothing }, inexact},
		{"no charge above the hold", func(r *rules) { r.excess, r.settle = 1, chargingTheHold }, belowTruth},
		{"no count of the minute in the condition", func(r *rules) { r.limit, r.atOnce, r.reserve = 9, 3, withoutMinute }, tooManyAMinute},
		{"no size of the holds in the condition", func(r *rules) { r.limit, r.perMin, r.reserve = 9, 3, withoutSize }, tooManyAtOnce},
		{"expired holds that stay", func(r *rules) { r.crashes, r.moments, r.reserve = 2, all, withoutClearing }, stuck},
		{"the same revision for a client that is created again", func(r *rules) { r.changes, r.sameStart = 1, true }, notAllowed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(ours().but(nothingHappens).but(test.weaken))
			x := explore(w)
			require.NotNil(t, x.broken, "holds: %s", x)
			t.Logf("after %d events, %d states: %s\n%s", len(x.path(x.brokenAt))-1, len(x.states), x.broken, x.trace(w, x.brokenAt))
			assert.Equal(t, test.want, x.broken.kind)
		})
	}
}

// nothingHappens leaves requests alone with a protocol, so that a story has what it needs.
func nothingHappens(r *rules) {
	r.crashes, r.losses, r.changes, r.ahead, r.late, r.prompt, r.moments, r.limit = 0, 0, 0, false, false, true, 1, 6
}

const all = uint8(len(moments))

// without removes the parts of a condition that contain a text. The placeholders that no
// part has any more go with them, since DynamoDB refuses unused ones.
func without(u dynamo.Update, text string) dynamo.Update {
	var kept []string
	for _, part := range strings.Split(u.Condition, " AND ") {
		if !strings.Contains(part, text) {
			kept = append(kept, part)
		}
	}
	if len(kept) == len(strings.Split(u.Condition, " AND ")) {
		panic(fmt.Sprintf("budget: no condition has %s: %s", text, u.Condition))
	}
	u.Condition = strings.Join(kept, " AND ")
	return prune(u)
}

// prune removes placeholders that the expressions don't have.
func prune(u dynamo.Update) dynamo.Update {
	words := strings.FieldsFunc(u.Update+" "+u.Condition, func(r rune) bool { return strings.ContainsRune(" ().,", r) })
	used := map[string]bool{}
	for _, word := range words {
		used[word] = true
	}
	u.Names, u.Values = maps.Clone(u.Names), maps.Clone(u.Values)
	maps.DeleteFunc(u.Names, func(placeholder, _ string) bool { return !used[placeholder] })
	maps.DeleteFunc(u.Values, func(placeholder string, _ dynamo.Value) bool { return !used[placeholder] })
	return u
}

func withoutRoom(r budget.Reservation, _ client.Record) dynamo.Update {
	return without(r.Update(), ":room")
}

func withoutRevision(r budget.Reservation, _ client.Record) dynamo.Update {
	return without(r.Update(), "#rev = ")
}

func withoutMinute(r budget.Reservation, _ client.Record) dynamo.Update {
	return without(r.Update(), ":rpm")
}

func withoutSize(r budget.Reservation, _ client.Record) dynamo.Update {
	return without(r.Update(), ":par")
}

func withoutHold(s budget.Settlement, _ time.Time) dynamo.Update {
	u := s.Update()
	u.Condition = strings.Replace(u.Condition, "attribute_exists(#h.#id)", "attribute_exists(#u)", 1)
	return u
}

// refunding refunds the expired holds that it removes.
func refunding(r budget.Reservation, known client.Record) dynamo.Update {
	u := r.Update()
	added := r.Amount
	for i, hold := range r.Cleared {
		added -= known.Holds[hold]
		if !r.Replaces {
			u.Condition += fmt.Sprintf(" AND attribute_exists(#h.#d%d)", i)
		}
	}
	u.Values[":u"] = dynamo.Number(added)
	return u
}

// withoutClearing leaves expired holds in the item.
func withoutClearing(r budget.Reservation, _ client.Record) dynamo.Update {
	r.Cleared, r.Replaces = nil, false
	return r.Update()
}

func reserveOne(r budget.Reservation, _ client.Record) dynamo.Update {
	return withOneCounter(r.Update())
}

func settleOne(s budget.Settlement, _ time.Time) dynamo.Update { return withOneCounter(s.Update()) }

func refundingNothing(s budget.Settlement, _ time.Time) dynamo.Update {
	s.Refund = 0
	return s.Update()
}

func chargingTheHold(s budget.Settlement, _ time.Time) dynamo.Update {
	s.Refund = max(0, s.Refund)
	return s.Update()
}

// intoCurrent settles into the window of the settlement's time.
func intoCurrent(s budget.Settlement, now time.Time) dynamo.Update {
	s.Counter = client.Budget{Unit: client.Dollars, Period: client.Day}.Counter(now)
	u := s.Update()
	u.Update = strings.Replace(u.Update, "SET #u = #u - :refund", "SET #u = if_not_exists(#u, :zero) - :refund", 1)
	u.Values[":zero"] = dynamo.Number(0)
	return u
}
