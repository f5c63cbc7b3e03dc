package budget_test

import (
	"fmt"
	"strings"
	"time"
)

// exploration is the outcome of walking every state that a world can reach.
type exploration struct {
	states   []state
	parents  []uint32
	events   []event
	steps    int // transitions, those to known states included
	depth    int // of the state that is farthest from the start
	happened [operates + 1]int
	took     time.Duration
	broken   *violation
	brokenAt uint32
}

// explore walks the states of a world breadth-first, so that the way to the first
// violation is a shortest one, and stops there.
func explore(w *world) *exploration {
	began := time.Now()
	x := &exploration{}
	known := make(map[state]struct{}, 1<<16)
	visit := func(s state, parent uint32, e event, broken *violation) {
		if _, ok := known[s]; ok && broken == nil {
			return
		}
		known[s] = struct{}{}
		x.states = append(x.states, s)
		x.parents = append(x.parents, parent)
		x.events = append(x.events, e)
		if broken == nil {
			broken = w.violation(&s)
		}
		if x.broken == nil && broken != nil {
			x.broken, x.brokenAt = broken, uint32(len(x.states)-1)
		}
	}
	visit(w.initial(), 0, event{}, nil)
	end := len(x.states)
	for at := 0; at < len(x.states) && x.broken == nil; at++ {
		if at == end {
			x.depth++
			end = len(x.states)
		}
		s := x.states[at]
		w.next(&s, func(e event, next state, broken *violation) {
			x.happened[e.kind]++
			x.steps++
			if !w.plain {
				w.normalise(&next)
			}
			visit(next, uint32(at), e, broken)
		})
	}
	x.took = time.Since(began)
	return x
}

func (x *exploration) String() string {
	return fmt.Sprintf("%d states, %d steps between them, %d deep, %.1f s", len(x.states), x.steps, x.depth, x.took.Seconds())
}

// path returns the states on a shortest way from the start to a state.
func (x *exploration) path(to uint32) []uint32 {
	path := []uint32{to}
	for at := to; at != 0; {
		at = x.parents[at]
		path = append([]uint32{at}, path...)
	}
	return path
}

// trace tells the way from the start to a state, one line for each event.
func (x *exploration) trace(w *world, to uint32) string {
	var lines []string
	scene := ""
	for n, at := range x.path(to) {
		s := &x.states[at]
		if n > 0 {
			lines = append(lines, fmt.Sprintf("%3d. %s", n, w.describe(x.events[at], s)))
		}
		if now := w.scene(s); now != scene {
			lines = append(lines, "     | "+now)
			scene = now
		}
	}
	return strings.Join(lines, "\n")
}
