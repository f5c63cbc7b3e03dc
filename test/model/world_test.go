package model

// world makes the states that follow from a state under some rules.
type world struct {
	rules
	choicesOf map[snapshot][]choice // decisions made before
}

func newWorld(r rules) *world {
	return &world{rules: r, choicesOf: map[snapshot][]choice{}}
}

// initial returns the states in which a story may begin: a key in use, and an empty
// keyring behind a header that is in none.
func (w *world) initial() []state {
	steady := state{
		keys:   [capacity]life{inRing + life(w.settleCap())},
		header: 0, stream: absent, quiet: w.graceCap(), full: w.drainCap() + 1, sent: only(0),
		watched: noWatch,
	}
	starts := []state{steady}
	if w.watches {
		watched := steady
		watched.watched, watched.authorizer = 0, authorizerState{has: true}
		starts = append(starts, watched)
	}
	if w.intruder {
		starts = append(starts, state{header: foreign, stream: absent, quiet: w.graceCap(), full: w.drainCap() + 1, watched: noWatch})
	}
	return starts
}

// next emits each state that one event leads to.
func (w *world) next(s *state, emit emitter) {
	for who := len(s.rotators) - 1; who >= 0; who-- { // what is begun first, for short stories
		w.rotate(s, uint8(who), emit)
	}
	w.lateCall(s, emit)
	w.environment(s, emit)
	w.authorizes(s, emit)
}

// environment emits what happens around the rotators.
func (w *world) environment(s *state, emit emitter) {
	if s.full == 0 {
		next := *s
		next.full = 1
		next.flying |= s.sent &^ s.configured()
		next.sent = s.configured()
		emit(event{kind: edgesDone}, next)
	}
	if w.ups {
		s.writable().each(func(v value) {
			for _, stream := range w.streamsOf(v) {
				next := *s
				next.configureBoth(v, stream)
				emit(event{kind: upWrites, key: v}, next)
			}
		})
	}
	if w.intruder {
		w.intrude(s, emit)
	}
	next := *s
	w.timePasses(&next)
	emit(event{kind: timePasses}, next)
}

// streamsOf returns what an `up` that writes a key may write for the REST API's origin: the
// same, or none, because that API is just turned off.
func (w *world) streamsOf(v value) []value {
	if w.two {
		return []value{v, absent}
	}
	return []value{absent}
}

// intrude emits what an intruder may do: put a foreign header in for one of the origins, or
// for both.
func (w *world) intrude(s *state, emit emitter) {
	next := *s
	next.configure(foreign)
	emit(event{kind: intrusion}, next)
	if s.stream == absent {
		return
	}
	next = *s
	next.configureBoth(foreign, s.stream)
	emit(event{kind: intrusion}, next)
	next = *s
	next.configureBoth(s.header, foreign)
	emit(event{kind: intrusion}, next)
}

// timePasses makes everything one unit of time older. Anything that must happen within
// a time has happened by then, or never does.
func (w *world) timePasses(s *state) {
	for i, l := range s.keys {
		switch {
		case l == goneNow:
			s.keys[i] = gone
		case l.accepted():
			s.keys[i] = min(l+1, inRing+life(w.settleCap()))
		}
	}
	s.quiet = min(s.quiet+1, w.graceCap())
	s.flying = 0
	if s.full > 0 {
		s.full = min(s.full+1, w.drainCap()+1)
	}
	copy(s.chosen[:], s.chosen[1:])
	s.chosen[longestUp] = 0
	if w.lateClock {
		for i := range s.rotators {
			s.rotators[i].age(w)
		}
	}
	w.ageDoor(s)
}

// Ages are counted up to where they make no difference any more.
func (w *world) settleCap() uint8 {
	return max(w.settle, ours().settle, w.refetch+1, w.upSettle+w.upMargin)
}
func (w *world) graceCap() uint8 { return max(w.grace, ours().grace, w.upTakes+1) }
func (w *world) drainCap() uint8 { return max(w.drain, ours().drain) }
