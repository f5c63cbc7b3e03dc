package model

// changes says how the same thing is called after normalising.
type changes struct {
	removed values // names that were forgotten, by their old numbers
	swapped bool   // the rotators changed places
}

// normalise gives states that differ in nothing that matters the same form. What a
// call can't do any more is dropped, names that nothing refers to are dropped, and
// of two rotators it does not matter which is which.
func (w *world) normalise(s *state) (did changes) {
	w.tidy(s, &s.late)
	for i := range s.rotators {
		w.tidy(s, &s.rotators[i].call)
		w.coarsen(&s.rotators[i])
		if w.idle(s, &s.rotators[i]) {
			s.rotators[i] = rotator{call: s.late}
			s.late = call{}
		}
	}
	w.watch(s)
	w.letUpsChoose(s)
	used := s.used()
	for v := value(s.named()); v > 0; v-- {
		if at := v - 1; !used.has(at) {
			s.remove(at)
			did.removed |= only(at)
		}
	}
	s.blank()
	if less(&s.rotators[1], &s.rotators[0]) {
		s.rotators[0], s.rotators[1] = s.rotators[1], s.rotators[0]
		did.swapped = true
	}
	return did
}

// tidy drops a call that can have no effect.
func (w *world) tidy(s *state, c *call) {
	switch c.kind {
	case pruneCall:
		if c.keys&(s.ring()|s.unborn()) == 0 {
			*c = call{}
		}
	case publishCall:
		if !c.fresh && !w.noIfMatch {
			*c = call{}
		}
	case checkCall:
		if !c.fresh && !w.noIfMatch && c.key != s.watched {
			*c = call{}
		}
	}
}

// coarsen makes the same of times that lead to the same decisions: all that matters
// is whether older keys are done with and, to a revocation, whether every edge has
// the configuration.
func (w *world) coarsen(r *rotator) {
	switch {
	case w.plain || w.lateClock || !r.observed:
	case r.quiet >= w.grace && r.full > w.drain:
		r.quiet, r.full = w.graceCap(), w.drainCap()+1
	case w.revokes:
		r.quiet, r.full = 0, min(r.full, 1)
	default:
		r.quiet, r.full = 0, 0
	}
}

// idle reports whether a rotator is none, or might as well be: when the distribution
// is another than it saw, all that is left to do is to prune what is older than the
// key that it saw, or to add a key if that is still the newest.
func (w *world) idle(s *state, r *rotator) bool {
	if *r == (rotator{}) {
		return true
	}
	if w.plain || w.lateClock || w.ringFirst || w.noIfMatch || !r.observed || r.call.fresh {
		return false
	}
	ring := s.ring()
	if ring == 0 || r.full > 0 && r.seen != foreign && (ring|s.unborn()).below(r.seen) != 0 {
		return false
	}
	return r.seen == foreign || s.surelyInRing()&^(only(r.seen+1)-1) != 0
}

// unborn returns the keys that some call is still about to add.
func (s *state) unborn() (set values) {
	for _, c := range []call{s.rotators[0].call, s.rotators[1].call, s.late} {
		if c.kind == addCall || c.kind == overwriteCall {
			set |= only(c.key)
		}
	}
	return set
}

// used returns the keys that something refers to.
func (s *state) used() values {
	set := s.sent | s.flying | s.writable() | s.configured() | s.unborn()
	for v, l := range s.keys {
		if l >= goneNow {
			set |= only(value(v))
		}
	}
	for _, c := range []call{s.rotators[0].call, s.rotators[1].call, s.late} {
		if c.kind == checkCall || c.kind == publishCall {
			set |= only(c.key)
		}
	}
	if s.watched != noWatch {
		set |= only(s.watched)
	}
	return set
}

// blank clears what has no meaning at present.
func (s *state) blank() {
	if s.watched == noWatch {
		s.authorizer = authorizerState{}
	}
	for i := range s.rotators {
		r := &s.rotators[i]
		if !r.observed {
			r.seen, r.quiet, r.full = 0, 0, 0
		}
		r.call.blank(r.observed)
	}
	s.late.blank(false)
}

func (c *call) blank(observed bool) {
	switch c.kind {
	case noCall:
		*c = call{fresh: c.fresh && observed}
	case addCall, overwriteCall:
		c.keys, c.fresh = 0, false
	case checkCall, publishCall:
		c.keys = 0
	case pruneCall:
		c.key, c.fresh = 0, false
	}
}

// less orders rotators, in any way.
func less(a, b *rotator) bool { return a.bits() < b.bits() }

func (r *rotator) bits() (n uint64) {
	for _, field := range [...]uint8{
		truth(r.observed), uint8(r.seen), r.quiet, r.full, uint8(r.ring),
	} {
		n = n<<7 | uint64(field)
	}
	n = n<<3 | uint64(r.call.kind)
	n = n<<1 | uint64(truth(r.call.fresh))
	n = n<<3 | uint64(r.call.key)
	return n<<7 | uint64(r.call.keys)
}

func truth(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}
