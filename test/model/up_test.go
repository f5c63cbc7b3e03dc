package model

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// letUpsChoose notes each key that an `up` may choose from the keyring at this moment. It may
// do so in every state, and what it chose is only ever one more thing that it may
// write, so that the choice needs no event of its own.
func (w *world) letUpsChoose(s *state) {
	if !w.ups {
		return
	}
	last := w.upTakes
	s.chosen[last] |= w.choosable(s)
	for left := range s.chosen {
		for _, longer := range s.chosen[left+1:] {
			s.chosen[left] &^= longer
		}
	}
}

// writable are the keys that an `up` may write now.
func (s *state) writable() (set values) {
	for _, keys := range s.chosen {
		set |= keys
	}
	return set
}

// choosable are the keys that an `up` which reads the keyring now may choose: the newest
// that it takes for settled, or the only one. What came or went this very moment it
// may see or not.
//
// A keyring without a settled key is that of a stack which is being made, and has no
// distribution yet that an `up` could change, or its keys were deleted by hand.
func (w *world) choosable(s *state) (set values) {
	if s.oldestAge() < w.settle {
		return 0
	}
	w.eachView(s, rotator{}, func(ring [capacity]life) {
		for v, l := range s.keys {
			if l == goneNow && ring[v].accepted() { // its name says that it is old
				ring[v] = inRing + life(w.settleCap())
			}
		}
		for margin := range w.upMargin + 1 {
			if v, ok := chosenFrom(ring, inRing+life(w.upSettle+margin)); ok {
				set |= only(v)
			}
		}
	})
	return set
}

// chosenFrom returns the newest key of a keyring that has lived for long enough, or else
// the only one.
func chosenFrom(ring [capacity]life, enough life) (chosen value, ok bool) {
	count := 0
	for v := capacity - 1; v >= 0; v-- {
		if ring[v] >= enough {
			return value(v), true
		}
		if ring[v].accepted() {
			chosen = value(v)
			count++
		}
	}
	return chosen, count == 1
}

// oldestAge is how many units of time the key has been in the keyring that is in it for
// longest.
func (s *state) oldestAge() (age uint8) {
	for _, l := range s.keys {
		if l.accepted() {
			age = max(age, uint8(l-inRing))
		}
	}
	return age
}

// TestUpsChooseAsTheProgramDoes compares the model's choice with the program's, in
// every keyring of up to four keys whose names tell their ages.
func TestUpsChooseAsTheProgramDoes(t *testing.T) {
	const settle, margin = 1, 1
	settings := keyring.Times{Settle: settle * unit, Grace: 5 * margin * unit}
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	rings := 0
	for ages := range 5 * 5 * 5 * 5 { // 4: no key
		var ring [capacity]life
		var keys []keyring.Key
		last := 4
		for v := range 4 {
			age := ages % 5
			ages /= 5
			if age == 4 || age > last {
				continue
			}
			last = age
			ring[v] = inRing + life(age)
			keys = append(keys, keyring.Key{
				Name:  keyring.NewName(now.Add(-time.Duration(age)*unit), [keyring.NonceSize]byte{byte(v + 1)}),
				Value: keyring.NewValue([keyring.ValueSize]byte{byte(v + 1)}),
			})
		}
		built, err := keyring.New(keys...)
		require.NoError(t, err)
		want, err := keyring.ForUpdate(built, now, settings)
		v, ok := chosenFrom(ring, inRing+settle+margin)
		require.Equal(t, err == nil, ok, "%v: %v", ring, err)
		if ok {
			assert.True(t, want.Value.Equal(keyring.NewValue([keyring.ValueSize]byte{byte(v + 1)})), "%v", ring)
		}
		rings++
	}
	assert.Equal(t, 625, rings)
}
