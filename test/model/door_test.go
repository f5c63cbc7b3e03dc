package model

// door is the front door as one value meets it: an authorizer with its memory, and
// API Gateway with the answer that it keeps for this value. There may be any number
// of authorizers; since they never meet, one that may do whatever one of them can
// stands for all.
type door struct {
	has     bool  // the authorizer's memory has the key
	age     uint8 // of that memory: units of time since it was read
	kept    kept
	keptAge uint8
	gone    uint8 // 0: the key is in the keyring or was never; else 1 + units of time since
}

// kept is the answer that API Gateway keeps.
type kept uint8

const (
	nothing kept = iota
	acceptance
	refusal
)

// mayAccept reports whether the watched value may be accepted if it is presented.
func (w *world) mayAccept(s *state) bool {
	d := s.door
	if d.kept != nothing {
		return d.kept == acceptance
	}
	trusted := w.memory
	if w.outages {
		trusted = max(trusted, w.stale)
	}
	return s.keys[s.watched] >= goneNow || d.has && d.age <= trusted
}

// mayRefuse reports whether the watched value may be refused if it is presented. An
// acceptance that API Gateway keeps is of no help: it may be another's, or expire.
func (w *world) mayRefuse(s *state) bool {
	d := s.door
	trusted := w.refetch
	if w.noRefetch {
		trusted = w.memory
	}
	return d.kept == refusal ||
		!s.keys[s.watched].accepted() ||
		!d.has && d.age <= trusted ||
		!d.has && w.refuseBlind && w.outages
}

// frontDoor emits what the authorizer and API Gateway may do.
func (w *world) frontDoor(s *state, emit emitter) {
	if s.watched == noWatch {
		return
	}
	l := s.keys[s.watched]
	if l >= goneNow {
		next := *s
		next.door.has, next.door.age = true, 0
		emit(event{kind: fetches, key: s.watched}, next)
	}
	if l <= inRing {
		next := *s
		next.door.has, next.door.age = false, 0
		emit(event{kind: misses, key: s.watched}, next)
	}
	if s.door.kept == nothing && (l < inRing || w.plain) && l != named && w.mayAccept(s) {
		next := *s
		next.door.kept, next.door.keptAge = acceptance, 0
		emit(event{kind: accepts, key: s.watched}, next)
	}
}

// check has a rotator present a key to the API, directly, before it publishes it. A
// refusal makes it stop, and API Gateway keeps it.
func (w *world) check(s *state, who uint8, c call, emit emitter) {
	watched := s.watched == c.key
	if !w.earlyCheck && (!watched || w.mayAccept(s)) {
		next := *s
		next.rotators[who].call = call{kind: publishCall, key: c.key, fresh: c.fresh}
		emit(event{kind: checkPasses, who: who, key: c.key}, next)
	}
	next := *s
	if watched && w.mayRefuse(s) {
		next.door.kept, next.door.keptAge = refusal, 0
	}
	emit(event{kind: checkFails, who: who, key: c.key}, next)
}

// watch notes when the watched key leaves the keyring, and stops watching when nothing
// more can be learned: when the key is dead, or never came to be.
func (w *world) watch(s *state) {
	if s.watched == noWatch {
		return
	}
	switch l := s.keys[s.watched]; {
	case l.accepted():
		s.door.gone = 0
		w.mergeDoors(s)
		return
	case l != named && s.door.gone == 0:
		s.door.gone = 1
	}
	w.mergeDoors(s)
	if l := s.keys[s.watched]; l != goneNow && !s.unborn().has(s.watched) && (l == named || !w.mayAccept(s)) {
		s.watched = noWatch
	}
}

// mergeDoors merges front doors of which one can do all that the other can, or that do
// the same. While the key is in the keyring, an authorizer may read it again at any
// moment, so it makes no difference how old a memory is that has the key, and it is
// worth no more if API Gateway keeps an acceptance as well. A memory without the key
// counts only while it keeps the authorizer from reading again.
func (w *world) mergeDoors(s *state) {
	if w.plain {
		return
	}
	d := &s.door
	memory := w.refetch
	if w.noRefetch {
		memory = w.memory
	}
	waits := !d.has && (d.age <= memory || w.refuseBlind)
	switch {
	case s.keys[s.watched].accepted() && !waits:
		d.has, d.age = true, 0
	case !d.has && !waits:
		d.age = memory + 1
	}
}

func (w *world) ageDoor(s *state) {
	if s.watched == noWatch {
		return
	}
	d := &s.door
	d.age = min(d.age+1, max(w.memory, w.stale, w.refetch)+1)
	if d.kept != nothing {
		if d.keptAge++; d.keptAge > w.cache {
			d.kept, d.keptAge = nothing, 0
		}
	}
	if d.gone > 0 {
		d.gone = min(d.gone+1, w.bound()+2)
	}
}
