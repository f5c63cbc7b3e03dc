package build

import (
	"context"
	"slices"
	"sync"
)

// limits has how many commands run at once.
type limits struct {
	always int // at any time
	ending int // while each that runs does its last
}

// turnMemory is the memory that must be available for each command that compiles.
const turnMemory = 6 << 30

// compileLimits returns how many commands compile at once. One keeps all processors busy
// until its last packages and the linker, which leave processors idle; the next one begins
// then. Begun earlier, it would compile packages that both have a second time. Many
// processors are more than one command can use. The memory is that which is available, 0 if unknown.
func compileLimits(processors int, memory uint64) limits {
	most := max(1, int(memory/turnMemory))
	always := max(1, processors/4)
	ending := always
	if processors > 1 {
		ending++
	}
	return limits{min(always, most), min(ending, most)}
}

// turns gives turns to commands: to those of a higher priority first, and among equals
// in the order in which they came.
type turns struct {
	limits

	mu      sync.Mutex
	running []*turn
	waiting []*turn
}

// turn is the turn of a command.
type turn struct {
	turns    *turns
	priority Priority
	ending   bool
	given    chan struct{}
}

// take waits for a turn. It calls waits first if it doesn't get one at once.
func (t *turns) take(ctx context.Context, priority Priority, waits func()) (*turn, error) {
	mine := &turn{turns: t, priority: priority, given: make(chan struct{})}
	t.mu.Lock()
	t.waiting = append(t.waiting, mine)
	t.give()
	t.mu.Unlock()
	select {
	case <-mine.given:
		return mine, nil
	default:
		waits()
	}
	select {
	case <-mine.given:
		return mine, nil
	case <-ctx.Done():
		mine.end()
		return nil, context.Cause(ctx)
	}
}

// ends lets the next command run beside this one, which does its last.
func (m *turn) ends() {
	m.turns.mu.Lock()
	defer m.turns.mu.Unlock()
	m.ending = true
	m.turns.give()
}

// end ends the turn, or the waiting for it.
func (m *turn) end() {
	t := m.turns
	t.mu.Lock()
	defer t.mu.Unlock()
	same := func(other *turn) bool { return other == m }
	t.running, t.waiting = slices.DeleteFunc(t.running, same), slices.DeleteFunc(t.waiting, same)
	t.give()
}

// give gives the turns that are free.
func (t *turns) give() {
	for len(t.waiting) > 0 && t.free() {
		next := 0
		for i, one := range t.waiting {
			if one.priority > t.waiting[next].priority {
				next = i
			}
		}
		t.running = append(t.running, t.waiting[next])
		close(t.waiting[next].given)
		t.waiting = slices.Delete(t.waiting, next, next+1)
	}
}

func (t *turns) free() bool {
	if len(t.running) < t.always {
		return true
	}
	return len(t.running) < t.limits.ending && !slices.ContainsFunc(t.running, func(one *turn) bool { return !one.ending })
}
