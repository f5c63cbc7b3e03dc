package model

// rotator is one run of the rotator, or none: the zero rotator may start one at any
// moment. Every snapshot and every call is an event of its own, so that anything can
// happen in between.
type rotator struct {
	observed bool   // at the distribution
	seen     value  // its header
	quiet    uint8  // for how long it was unchanged then
	full     uint8  // for how long every edge had it then; see state
	ring     values // what ringFirst saw before that
	call     call   // the call that follows from its snapshot
}

// call is a call to AWS that changes something.
type call struct {
	kind  callKind
	fresh bool // the distribution still has the ETag that was seen
	key   value
	keys  values
}

type callKind uint8

const (
	noCall callKind = iota
	addCall
	checkCall // asks the API directly whether it accepts the key
	publishCall
	pruneCall
	overwriteCall // the reference's: the one value becomes another
)

// rotate emits what one rotator may do next.
func (w *world) rotate(s *state, who uint8, emit emitter) {
	r := &s.rotators[who]
	if *r != (rotator{}) {
		next := *s
		next.rotators[who] = rotator{}
		emit(event{kind: crash, who: who}, next)
	}
	switch {
	case r.call.kind != noCall:
		w.carryOut(s, who, emit)
	case w.reference:
		w.coin(s, who, 0, emit)
	case w.ringFirst && r.ring == 0:
		if ring := s.ring(); ring != 0 {
			next := *s
			next.rotators[who].ring = ring
			emit(event{kind: ringRead, who: who}, next)
		}
	case !r.observed:
		next := *s
		w.observe(&next, who)
		emit(event{kind: observes, who: who, key: next.rotators[who].seen}, next)
	default:
		w.choose(s, who, emit)
	}
}

// observe reads the distribution. The clock was read just before, so what is known of
// times stays as it is now, however long the rotator then sleeps. A rotator knows of
// a deployment since when it observed; some rotator may have observed it as soon as it was.
func (w *world) observe(s *state, who uint8) {
	r := &s.rotators[who]
	r.observed, r.seen, r.quiet, r.full = true, s.read(), s.quiet, s.full
	if w.oneOrigin {
		r.seen = s.header
	}
	r.call = call{fresh: true}
}

// age makes a snapshot that was timed by a late clock seem older than it was.
func (r *rotator) age(w *world) {
	if !r.observed {
		return
	}
	r.quiet = min(r.quiet+1, w.graceCap())
	if r.full > 0 {
		r.full = min(r.full+1, w.drainCap()+1)
	}
}

// choose reads the keyring, in every version that may be listed at this moment, and
// decides, for every request that there may be.
func (w *world) choose(s *state, who uint8, emit emitter) {
	r := s.rotators[who]
	w.eachView(s, r, func(ring [capacity]life) {
		for _, c := range w.choices(snapshot{ring, r.seen, r.quiet, r.full}) {
			next := *s
			n := &next.rotators[who]
			*n = rotator{}
			n.call = call{kind: c.kind, key: c.key, keys: c.keys, fresh: r.call.fresh}
			if c.kind == checkCall && (c.key != s.watched || w.earlyCheck) {
				n.call.kind = publishCall // it passes, or the rotator might as well have crashed
			}
			if c.kind == addCall {
				n.call = call{}
				w.coin(&next, who, c.key, emit)
				continue
			}
			if c.revokes && !w.strict {
				next.revoked |= c.keys
			}
			emit(event{kind: decides, who: who, key: c.key}, next)
		}
	})
}

// coin names a key. The name is newer than every key that the rotator saw. Of those
// that it did not see, another rotator's clock may have named some later ones.
func (w *world) coin(s *state, who uint8, after value, emit emitter) {
	last := value(s.named())
	if last == w.names {
		emit(event{kind: noRoom}, state{})
		return
	}
	kind := addCall
	if w.reference {
		kind, after = publishCall, last
	}
	for at := after; at <= last; at++ {
		next := *s
		next.insert(at)
		next.rotators[who].call = call{kind: kind, key: at, fresh: true}
		emit(event{kind: coins, who: who, key: at}, next)
		if w.watches && next.watched == noWatch {
			next.watched, next.authorizer = at, authorizerState{}
			emit(event{kind: coins, who: who, key: at}, next)
		}
	}
}

// carryOut makes a rotator's call. It may take effect, or do so and be repeated at
// any later time because its response was lost. A call that takes effect only later is
// one that is not made yet; one that fails is as good as a crash before it.
func (w *world) carryOut(s *state, who uint8, emit emitter) {
	c := s.rotators[who].call
	next := *s
	next.rotators[who].call = call{}
	if c.kind == checkCall {
		w.check(&next, who, c, emit)
		return
	}
	if w.third && s.late.kind == noCall && s.rotators[1-who] != (rotator{}) {
		other := next
		other.late = c
		w.observe(&other, who)
		emit(event{kind: callHangs, who: who, key: other.rotators[who].seen}, other)
	}
	if !w.effect(&next, c) {
		emit(event{kind: callRefused, who: who}, next)
		return
	}
	done, again := next, next
	switch {
	case w.reference && c.kind == publishCall:
		done.rotators[who].call = call{kind: overwriteCall, key: c.key}
	case w.earlyCheck && c.kind == addCall:
		done.rotators[who].call = call{kind: checkCall, key: c.key}
	}
	emit(event{kind: callDone, who: who}, done)
	c.fresh = c.fresh && c.kind != publishCall
	again.rotators[who].call = c
	emit(event{kind: callRepeats, who: who}, again)
}

// lateCall emits what may become of a call that its caller gave up.
func (w *world) lateCall(s *state, emit emitter) {
	if s.late.kind == noCall {
		return
	}
	next := *s
	next.late = call{}
	emit(event{kind: lateVanishes}, next)
	if w.effect(&next, s.late) {
		emit(event{kind: lateDone}, next)
	}
}

// effect does what a call does, and reports whether it is accepted.
func (w *world) effect(s *state, c call) bool {
	switch c.kind {
	case addCall:
		if s.keys[c.key].accepted() {
			return false
		}
		s.keys[c.key] = inRing
	case publishCall:
		if !c.fresh && !w.noIfMatch {
			return false
		}
		if w.oneOrigin {
			s.configureBoth(c.key, s.stream)
		} else {
			s.configure(c.key)
		}
	case pruneCall:
		s.drop(c.keys)
	case overwriteCall:
		s.drop(s.ring() &^ only(c.key))
		s.keys[c.key] = inRing
	}
	return true
}

// drop deletes keys from the keyring.
func (s *state) drop(keys values) {
	(keys & s.ring()).each(func(v value) { s.keys[v] = goneNow })
}
