package model

import (
	"fmt"
	"strings"
	"time"
)

// exploration is the outcome of walking every state that a world can reach.
type exploration struct {
	states   []state
	steps    int              // transitions, those to known states included
	depth    int              // of the state that is farthest from the start
	biggest  int              // number of keys in the largest keyring
	happened [accepts + 1]int // how often each kind of event did
	took     time.Duration
	parents  []uint32
	events   []event
	broken   *violation
	brokenAt uint32
}

// explore walks the states of a world breadth-first, so that the way to the first
// violation is a shortest one, and stops there.
func explore(w *world) *exploration {
	began := time.Now()
	x := &exploration{}
	known := make(map[state]struct{}, 1<<16)
	visit := func(s state, parent uint32, e event) {
		if _, ok := known[s]; ok {
			return
		}
		known[s] = struct{}{}
		x.states = append(x.states, s)
		x.parents = append(x.parents, parent)
		x.events = append(x.events, e)
		x.biggest = max(x.biggest, s.ring().len())
		if x.broken == nil {
			x.broken = w.violation(&s)
			x.brokenAt = uint32(len(x.states) - 1)
		}
	}
	for i, s := range w.initial() {
		w.normalise(&s)
		visit(s, uint32(i), event{})
	}
	end := len(x.states)
	for at := 0; at < len(x.states) && x.broken == nil; at++ {
		if at == end {
			x.depth++
			end = len(x.states)
		}
		s := x.states[at]
		w.next(&s, func(e event, next state) {
			x.happened[e.kind]++
			if e.kind == noRoom {
				return
			}
			x.steps++
			w.normalise(&next)
			visit(next, uint32(at), e)
		})
	}
	x.took = time.Since(began)
	return x
}

func (x *exploration) String() string {
	return fmt.Sprintf("%d states, %d steps between them, %d deep, at most %d keys in the keyring, %.1f s",
		len(x.states), x.steps, x.depth, x.biggest, x.took.Seconds())
}

// trace tells the way from the start to a state, one line for each event.
func (x *exploration) trace(w *world, to uint32) string {
	var path []uint32
	for at := to; ; at = x.parents[at] {
		path = append(path, at)
		if x.parents[at] == at {
			break
		}
	}
	tale := newTale(w, x.states[path[len(path)-1]])
	for i := len(path) - 2; i >= 0; i-- {
		tale.tell(x.events[path[i]], x.states[path[i]])
	}
	return strings.Join(tale.lines, "\n")
}
