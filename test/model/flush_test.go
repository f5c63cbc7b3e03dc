package model

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// apis is the number of APIs. Each caches authorizations by itself.
const apis = 2

// flushState is the end of a revocation: the key has just left the keyring.
//
// Of all authorizers, the one that read the keyring right before that can do all that any
// other can. It serves both APIs.
type flushState struct {
	gone uint8       // units of time since the key left the keyring
	kept [apis]uint8 // 0: the API caches no acceptance of the key; else 1 + units of time since
	run  flushRun
	done bool // a run has said so
}

// flushRun is a run of the rotator, or none: the zero run may begin at any moment.
type flushRun struct {
	phase   flushPhase
	next    uint8 // the API to flush next
	failed  bool  // a flush did not work
	waiting uint8 // units of time left
}

type flushPhase uint8

const (
	noRun flushPhase = iota
	firstFlushes
	waits
	secondFlushes
)

// flushRules are the end of a revocation, and what a weaker one would do.
type flushRules struct {
	memory, cache uint8 // as in [rules]

	once      bool // there is no second time
	hasty     bool // the second time follows at once
	oneAPI    bool // only the first API's cache is flushed
	careless  bool // done, though a flush did not work
	remembers bool // a run after a killed one goes on where that was, without waiting
}

// next returns the states that one event leads to.
func (r flushRules) next(s flushState) (all []flushState) {
	emit := func(change func(*flushState)) {
		next := s
		change(&next)
		all = append(all, next)
	}
	emit(r.timePasses)
	for api := range apis {
		if s.gone <= r.memory && s.kept[api] == 0 {
			emit(func(next *flushState) { next.kept[api] = 1 })
		}
	}
	switch s.run.phase {
	case noRun:
		if !s.done {
			emit(func(next *flushState) { next.run = flushRun{phase: firstFlushes} })
		}
		return all
	case waits:
		if s.run.waiting == 0 {
			emit(func(next *flushState) { next.run.phase = secondFlushes })
		}
	default:
		api := s.run.next
		emit(func(next *flushState) { next.kept[api] = 0; r.proceed(next) })                         // it works
		emit(func(next *flushState) { next.kept[api] = 0; next.run.failed = true; r.proceed(next) }) // its response is lost
		emit(func(next *flushState) { next.run.failed = true; r.proceed(next) })                     // it is refused
	}
	emit(func(next *flushState) { next.run = flushRun{} }) // the run is killed
	if r.remembers && s.run.phase != firstFlushes {
		emit(func(next *flushState) { next.run.phase, next.run.waiting = secondFlushes, 0 })
	}
	return all
}

// proceed goes on after a flush.
func (r flushRules) proceed(s *flushState) {
	last := uint8(apis - 1)
	if r.oneAPI {
		last = 0
	}
	if s.run.next < last {
		s.run.next++
		return
	}
	s.run.next = 0
	switch {
	case s.run.failed && !r.careless:
		s.run = flushRun{} // it returns the error
	case s.run.phase == secondFlushes || r.once:
		s.run, s.done = flushRun{}, true
	case r.hasty:
		s.run.phase = secondFlushes
	default:
		// What takes less than a unit happens at the same moment as its beginning.
		s.run.phase, s.run.waiting = waits, r.memory+1
	}
}

func (r flushRules) timePasses(s *flushState) {
	s.gone = min(s.gone+1, r.memory+1)
	for api, kept := range s.kept {
		if kept > 0 {
			s.kept[api] = (kept + 1) % (r.cache + 2) // it expires
		}
	}
	s.run.waiting -= min(s.run.waiting, 1)
}

// mayAccept reports whether an API may accept the key, now or later.
func (r flushRules) mayAccept(s flushState) bool {
	return s.gone <= r.memory || s.kept != [apis]uint8{}
}

// explore returns the number of states, and one in which a run has said that it is done
// although an API may accept the key.
func (r flushRules) explore() (count int, broken *flushState) {
	start := flushState{kept: [apis]uint8{1, 1}}
	known := map[flushState]bool{start: true}
	for queue := []flushState{start}; len(queue) > 0; queue = queue[1:] {
		for _, next := range r.next(queue[0]) {
			if next.done && r.mayAccept(next) {
				return len(known), &next
			}
			if !known[next] {
				known[next] = true
				queue = append(queue, next)
			}
		}
	}
	return len(known), nil
}

// TestARevocationIsDoneWhenNoAPIAcceptsTheKey walks every state that the flushes of two
// caches can get into: each may be refused or lose its response, the run may be killed
// before and after each and while it waits, and authorizers may have their decisions cached
// again in between.
func TestARevocationIsDoneWhenNoAPIAcceptsTheKey(t *testing.T) {
	for _, times := range []flushRules{{memory: 0, cache: 1}, {memory: 1, cache: 1}, {memory: 1, cache: 3}, {memory: 2, cache: 2}, {memory: 3, cache: 5}} {
		count, broken := times.explore()
		require.Nil(t, broken, "%+v", broken)
		require.Greater(t, count, 50)
		t.Logf("%d states", count)
		if times.cache < times.memory+2 {
			continue // what the second time waits for is as long as the caches last
		}
		for name, weaken := range map[string]func(*flushRules){
			"flushing once":                    func(r *flushRules) { r.once = true },
			"flushing twice at once":           func(r *flushRules) { r.hasty = true },
			"flushing one of two caches":       func(r *flushRules) { r.oneAPI = true },
			"done though a flush was refused":  func(r *flushRules) { r.careless = true },
			"going on without the first flush": func(r *flushRules) { r.remembers = true },
		} {
			weaker := times
			weaken(&weaker)
			_, broken := weaker.explore()
			assert.NotNil(t, broken, "%s holds: %+v", name, times)
		}
	}
}
