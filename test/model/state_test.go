package model

import "math/bits"

// capacity is how many keys a state has room for. Names that nothing refers to any
// more are dropped, so the number of rotations has no bound.
const capacity = 7

// longestUp is the most units of time that an `up` takes in any world.
const longestUp = 2

// A value is what a header carries: that of a key, by the order of the keys' names,
// or a foreign one.
type value uint8

const (
	foreign value = capacity
	absent  value = noWatch + 1 // an origin that the distribution does not have
)

// values is a set of keys' values.
type values uint8

// only returns the set of one value, which is empty if that is foreign.
func only(v value) values              { return 1 << v &^ (1 << foreign) }
func (s values) has(v value) bool      { return s>>v&1 == 1 }
func (s values) len() int              { return bits.OnesCount8(uint8(s)) }
func (s values) below(v value) values  { return s & (only(v) - 1) }
func (s values) newest() (value, bool) { return value(bits.Len8(uint8(s)) - 1), s != 0 }
func (s values) each(visit func(value)) {
	for ; s != 0; s &= s - 1 {
		visit(value(bits.TrailingZeros8(uint8(s))))
	}
}

// life is what became of a key.
type life uint8

const (
	unnamed   life = iota
	named          // a rotator is about to add it
	gone           // not in the keyring any more
	goneNow        // since this very moment: some readers may still see it
	inRing         // since this very moment: some readers may not see it yet
	inRingFor      // and the following: for 1, 2, … units of time
)

func (l life) accepted() bool { return l >= inRing }

// state is one state of everything that takes part. It is small and comparable, so
// that a set of millions fits in memory.
type state struct {
	keys [capacity]life

	// The distribution.
	header value  // what its configuration says at the HTTP API's origin
	stream value  // and at the REST API's; absent if there is none
	quiet  uint8  // units of time since it was changed, up to where it makes no difference
	full   uint8  // 0: some edge may lack it; else 1 + units of time since every edge has it
	sent   values // the keys that some edge may send
	flying values // the keys that a request on its way may carry besides

	// chosen are the keys that an `up` has chosen from the keyring and may still write
	// into the distribution: within this unit of time and as many more as the index
	// says. A key is in the last set that it belongs to alone.
	chosen [longestUp + 1]values

	rotators [2]rotator
	late     call // of a third one, which makes this call and ends

	revoked values // keys of which requests may be rejected

	// The authorizer, as the one watched key's value meets it.
	watched    value // noWatch if none is
	authorizer authorizerState
}

const noWatch value = foreign + 1

func (s *state) ring() (set values) {
	for v, l := range s.keys {
		if l.accepted() {
			set |= only(value(v))
		}
	}
	return set
}

// surelyInRing returns the keys that every reader sees.
func (s *state) surelyInRing() (set values) {
	for v, l := range s.keys {
		if l > inRing {
			set |= only(value(v))
		}
	}
	return set
}

// named returns the number of keys that have a name.
func (s *state) named() (n int) {
	for n < capacity && s.keys[n] != unnamed {
		n++
	}
	return n
}

// read returns the header as the rotator reads it: that of both origins, and a foreign one
// if they differ, since no key is known to be sent to both.
func (s *state) read() value {
	if s.stream == absent || s.stream == s.header {
		return s.header
	}
	return foreign
}

// configured returns the keys that the configuration sends, to either origin.
func (s *state) configured() values { return only(s.header) | only(s.stream) }

// configure changes the header of every origin that the distribution has.
func (s *state) configure(v value) {
	stream := v
	if s.stream == absent {
		stream = absent
	}
	s.configureBoth(v, stream)
}

// configureBoth changes the distribution's configuration.
func (s *state) configureBoth(header, stream value) {
	s.header, s.stream, s.quiet, s.full = header, stream, 0, 0
	s.sent |= s.configured()
	for i := range s.rotators {
		s.rotators[i].call.fresh = false
	}
	s.late.fresh = false
}

// insert makes room for the name of a key between others.
func (s *state) insert(at value) {
	copy(s.keys[at+1:], s.keys[at:capacity-1])
	s.keys[at] = named
	s.renumber(func(v value) value {
		if v >= at && v < capacity-1 {
			return v + 1
		}
		return v
	}, func(set values) values {
		return set.below(at) | set&^(only(at)-1)<<1
	})
}

// remove drops the name of a key. A rotator that still has it as a header that it
// saw might as well have seen a foreign one: neither is in the keyring, ever.
func (s *state) remove(at value) {
	copy(s.keys[at:], s.keys[at+1:])
	s.keys[capacity-1] = unnamed
	s.renumber(func(v value) value {
		switch {
		case v == at:
			return foreign
		case v > at && v < foreign:
			return v - 1
		}
		return v
	}, func(set values) values {
		return set.below(at) | set>>1&^(only(at)-1)
	})
}

func (s *state) renumber(one func(value) value, many func(values) values) {
	s.header, s.stream, s.watched = one(s.header), one(s.stream), one(s.watched)
	s.sent, s.flying, s.revoked = many(s.sent), many(s.flying), many(s.revoked)
	for left := range s.chosen {
		s.chosen[left] = many(s.chosen[left])
	}
	for i := range s.rotators {
		r := &s.rotators[i]
		r.seen, r.ring, r.call.key, r.call.keys = one(r.seen), many(r.ring), one(r.call.key), many(r.call.keys)
	}
	s.late.key, s.late.keys = one(s.late.key), many(s.late.keys)
}
