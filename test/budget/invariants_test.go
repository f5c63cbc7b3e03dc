package budget_test

import (
	"fmt"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/price"
)

// violation is a state, or a step to one, that must not be.
type violation struct {
	kind   violationKind
	detail string
}

func (v *violation) String() string { return fmt.Sprintf("%s: %s", v.kind, v.detail) }

type violationKind string

const (
	overLimit         violationKind = "P1: a reserve is applied beyond the limit"
	belowTruth        violationKind = "P1, P2, P4, P9: a counter is below what was used"
	overcharged       violationKind = "P3, P4: at rest, a counter has more than the client owes"
	stuck             violationKind = "P3: an expired hold keeps its place"
	notAllowed        violationKind = "P5: a reserve is applied that the policy doesn't allow"
	otherWindow       violationKind = "P6: a settlement changes the counter of another window"
	inexact           violationKind = "P7: without crashes and lost calls, a counter is not exact at the end"
	tooManyAMinute    violationKind = "P8: too many requests in a minute"
	tooManyAtOnce     violationKind = "P8: too many requests at once"
	admittedOnNothing violationKind = "P10: a request is admitted that holds nothing"
)

// deliver applies a write, if its condition holds, and says what is wrong with that. own
// is set if its request waits for the reply.
func (w *world) deliver(s *state, at id, own bool) (bool, *violation) {
	made := &w.writes[at]
	out := w.table.apply(s.item, at, made.update)
	if !out.applied {
		return false, nil
	}
	before := s.item
	s.item = out.item
	r := &s.requests[made.request]
	if made.settlement != nil {
		r.excess, r.done = 0, true
		if r.phase == unknown {
			r.phase = settled
		}
		return true, w.wrongSettlement(before, s.item, r.counter)
	}
	most := int8(amounts[made.request] + max(0, w.excess))
	switch {
	case r.phase == sending && (r.counter == noCounter || w.holds(before, made.request)), r.phase == crashed && r.counter == noCounter:
	case r.phase == sending || r.phase == crashed: // again, after the hold was gone
		s.owed[r.counter] += most
	default: // when it had ended
		s.owed[made.counter] += most
	}
	r.counter = made.counter
	return true, w.wrongReserve(s, made)
}

// holds reports whether an item has a hold of a request.
func (w *world) holds(n id, request int) bool {
	for hold := range w.record(n).Holds {
		if nameOf(hold)[0] == 'A'+byte(request) {
			return true
		}
	}
	return false
}

// wrongReserve returns what is wrong with a reserve that was just applied.
func (w *world) wrongReserve(s *state, made *write) *violation {
	item := &w.table.items[s.item]
	p, r := item.record.Policy, made.reservation
	name := string(rune('A' + made.request))
	inUnit := p.Budget.Counter(moments[s.requests[made.request].asked])
	used := item.record.Used[w.attribute(r.Counter)]
	switch {
	case !p.Enabled, !p.Has(keys[made.request]), r.Counter[:3] != inUnit[:3]:
		return &violation{notAllowed, fmt.Sprintf("request %s, by revision %d", name, r.Revision)}
	case used > p.Budget.Limit:
		return &violation{overLimit, fmt.Sprintf("request %s makes it %d, with a limit of %d", name, used, p.Budget.Limit)}
	case len(item.record.Holds) > p.AtOnce:
		return &violation{tooManyAtOnce, fmt.Sprintf("request %s makes it %d holds, with a limit of %d", name, len(item.record.Holds), p.AtOnce)}
	}
	return w.wrongMinute(s, made, p)
}

// wrongMinute looks for more requests of a minute that are admitted, or will be by the
// hold that they have, than the limit in force.
func (w *world) wrongMinute(s *state, made *write, p client.Policy) *violation {
	if s.requests[made.request].phase != sending {
		return nil // it is not admitted
	}
	count, atOnce := 0, 0
	for i := range s.requests {
		r := &s.requests[i]
		held := r.phase == sending && w.holds(s.item, i)
		if (r.admit || held) && r.asked == s.requests[made.request].asked {
			count++
		}
		if r.phase == running && r.counter != noCounter || held {
			atOnce++
		}
	}
	switch {
	case count > p.PerMinute:
		return &violation{tooManyAMinute, fmt.Sprintf("%d, with a limit of %d", count, p.PerMinute)}
	case w.prompt && !w.ahead && atOnce > p.AtOnce:
		return &violation{tooManyAtOnce, fmt.Sprintf("%d run, with a limit of %d", atOnce, p.AtOnce)}
	}
	return nil
}

// wrongSettlement returns what is wrong with a settlement that was just applied.
func (w *world) wrongSettlement(before, after id, counter uint8) *violation {
	for n := range w.table.items[after].used {
		if was, is := w.table.items[before].used[n], w.table.items[after].used[n]; was != is && uint8(n) != counter && n != noCounter {
			return &violation{otherWindow, fmt.Sprintf("from %d to %d", was, is)}
		}
	}
	return nil
}

// violation returns what is wrong with a state.
func (w *world) violation(s *state) *violation {
	item := &w.table.items[s.item]
	var unsettled [mostCounters]int64
	for i := range s.requests {
		r := &s.requests[i]
		if r.phase == running && r.admit && r.counter == noCounter {
			return &violation{admittedOnNothing, fmt.Sprintf("request %c", 'A'+rune(i))}
		}
		unsettled[r.counter] += int64(r.excess)
	}
	for n := 1; n < mostCounters; n++ {
		used, truth := w.used(s, item, n), int64(s.truth[n])
		if used+unsettled[n] < truth {
			return &violation{belowTruth, fmt.Sprintf("it is %d, used is %d", used, truth)}
		}
	}
	if !s.atRest() || w.reset {
		return nil
	}
	if broken := w.wrongAtRest(s, item); broken != nil {
		return broken
	}
	if s.clock+1 == w.moments && !w.isFree(s.item) {
		return &violation{stuck, fmt.Sprintf("there are %d holds", len(item.record.Holds))}
	}
	return nil
}

// wrongAtRest compares what is charged with what is owed: what was used, and the holds of
// requests that crashed, or that were settled or reserved by calls without replies.
func (w *world) wrongAtRest(s *state, item *itemFacts) *violation {
	var owed [mostCounters]int64
	exact := s.crashes == 0 && s.losses == 0
	for i := range s.requests {
		r := &s.requests[i]
		if (r.phase == crashed || r.phase == unknown) && !r.done {
			owed[r.counter] += amounts[i]
		}
	}
	for n := 1; n < mostCounters; n++ {
		owed[n] += int64(s.owed[n])
		switch used, truth := item.used[n], int64(s.truth[n]); {
		case exact && w.prompt && used != truth:
			return &violation{inexact, fmt.Sprintf("it is %d, used is %d", used, truth)}
		case used > truth+owed[n]:
			return &violation{overcharged, fmt.Sprintf("it is %d, used is %d, and held may be %d", used, truth, owed[n])}
		}
	}
	if exact && w.prompt && len(item.record.Holds) > 0 {
		return &violation{inexact, "a hold is left"}
	}
	return nil
}

// isFree reports whether a request that comes after every hold has expired gets a place.
func (w *world) isFree(n id) bool {
	if free, known := w.free[n]; known {
		return free
	}
	free := w.admits(n, moments[len(moments)-1].Add(2*holdLife))
	w.free[n] = free
	return free
}

func (w *world) admits(n id, now time.Time) bool {
	for range mostAgain + 1 {
		known := *w.record(n)
		r, refusal := budget.Decide(known, budget.Ask{
			Now: now, HoldID: client.HoldID(now.Add(holdLife), "Z"), Key: "second", Model: "any", Most: budget.Use{Cost: price.Amount(1), Tokens: 1},
		})
		if refusal != nil {
			return refusal.Reason != budget.TooManyAtOnce
		}
		out := w.table.evaluate(n, w.reserve(r, known))
		if out.applied {
			return true
		}
		verdict, refusal := r.Conclude(budget.Reply{Record: w.record(out.item)})
		if verdict == budget.Refused {
			return refusal.Reason != budget.TooManyAtOnce
		}
		n = out.item
	}
	return false
}
