package budget_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/budget"
)

// emitter takes an event, the state that it leads to, and what is wrong with the step.
type emitter func(event, state, *violation)

// event is one thing that happened.
type event struct {
	kind    eventKind
	request uint8
	change  change
	charge  budget.Charge
	reason  budget.Reason
	used    uint8
	applied bool
	settles bool
	ahead   bool
}

type eventKind uint8

const (
	start eventKind = iota
	begins
	replies
	replyLost
	callLost
	callLate
	arrivesLate
	answers
	settles
	crashes
	timePasses
	operates
)

// describe tells an event that led to a state.
func (w *world) describe(e event, after *state) string {
	name := string(rune('A' + e.request))
	call := "reserve"
	if e.settles {
		call = "settlement"
	}
	applied := "has no effect"
	if e.applied {
		applied = "is applied"
	}
	switch e.kind {
	case begins:
		line := fmt.Sprintf("request %s comes, which holds at most %d", name, amounts[e.request])
		if e.ahead {
			line += ", to a copy whose clock is ahead"
		}
		if r := &after.requests[e.request]; r.phase == sending {
			return fmt.Sprintf("%s; it is decided by revision %d", line, w.writes[r.write].reservation.Revision)
		}
		return line + "; it is refused"
	case replies:
		line := fmt.Sprintf("%s's reserve %s", name, applied)
		switch r := &after.requests[e.request]; {
		case r.phase == running:
			return line + "; the request is admitted"
		case r.phase == refused:
			return fmt.Sprintf("%s; the request is refused: %s", line, e.reason)
		}
		return line + "; it is decided again by the reply"
	case replyLost:
		return fmt.Sprintf("%s's %s %s, but its reply is lost", name, call, applied)
	case callLost:
		return fmt.Sprintf("%s's %s is lost", name, call)
	case callLate:
		return fmt.Sprintf("%s's %s has no reply, and may arrive later", name, call)
	case arrivesLate:
		return fmt.Sprintf("%s's late %s arrives, and %s", name, call, applied)
	case answers:
		return fmt.Sprintf("the model answers %s, which truly used %d; charged is: %s", name, e.used, e.charge)
	case settles:
		return fmt.Sprintf("%s's settlement %s", name, applied)
	case crashes:
		return fmt.Sprintf("%s's function crashes", name)
	case timePasses:
		return "time passes: it is " + moments[after.clock].Format("January 2, 15:04:05")
	case operates:
		return "the operator " + e.change.String()
	}
	return "the start"
}

// scene describes the item, and what is true.
func (w *world) scene(s *state) string {
	record := w.record(s.item)
	line := fmt.Sprintf("revision %d, limit %d", record.Revision, record.Budget.Limit)
	for _, name := range sortedKeys(record.Used) {
		line += fmt.Sprintf("; %s is %d", name, record.Used[name])
		if n := w.table.counters[name]; n != noCounter {
			line += fmt.Sprintf(", truly %d", s.truth[n])
		}
	}
	var holds []string
	for _, hold := range sortedKeys(record.Holds) {
		holds = append(holds, fmt.Sprintf("%s:%d", nameOf(hold), record.Holds[hold]))
	}
	return line + "; holds {" + strings.Join(holds, " ") + "}"
}

func sortedKeys(m map[string]int64) []string {
	var all []string
	for key := range m {
		all = append(all, key)
	}
	slices.Sort(all)
	return all
}
