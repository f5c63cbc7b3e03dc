package model

import (
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// look is what a rotator saw, in the model's terms.
type look struct {
	ring   [capacity]life // unnamed: not seen
	header value
	quiet  uint8
	full   uint8
}

// choice is what a rotator may do after a look: the call that it makes next. The key
// to add comes after the newest that was seen.
type choice struct {
	kind    callKind
	key     value
	keys    values
	revokes bool
}

// eachView visits the keyring in every way in which it can show itself now: what came
// or went this very moment may show or not.
func (w *world) eachView(s *state, r rotator, visit func([capacity]life)) {
	if w.ringFirst {
		var ring [capacity]life
		r.ring.each(func(v value) { ring[v] = max(s.keys[v], inRing) })
		visit(ring)
		return
	}
	var sure [capacity]life
	var unsure values
	for v, l := range s.keys {
		switch {
		case l == inRing && w.lag:
			unsure |= only(value(v))
		case l == goneNow && w.lag:
			unsure |= only(value(v))
		case l.accepted():
			sure[v] = l
		}
	}
	for shown := unsure; ; shown = (shown - 1) & unsure {
		ring := sure
		shown.each(func(v value) {
			ring[v] = inRing
			if s.keys[v] == goneNow {
				ring[v] += life(w.settleCap())
			}
		})
		visit(ring)
		if shown == 0 {
			return
		}
	}
}

// choices asks the real decision, for every request that somebody may make.
func (w *world) choices(l look) []choice {
	if known, ok := w.looks[l]; ok {
		return known
	}
	seen := w.observation(l)
	requests := []keyring.Request{{}, keyring.RotateNow(seen)}
	if w.revokes {
		for _, name := range seen.Keyring.Names() {
			requests = append(requests, keyring.Request{Kind: keyring.Revoke, Through: name})
		}
	}
	var all []choice
	distinct := map[choice]bool{}
	for _, request := range requests {
		c := w.choice(seen, request)
		if !distinct[c] {
			distinct[c] = true
			all = append(all, c)
		}
	}
	w.looks[l] = all
	return all
}

func (w *world) choice(seen keyring.Observation, request keyring.Request) choice {
	step := w.decide(seen, w.settings(), request)
	switch step.Action {
	case keyring.Add:
		c := choice{kind: addCall}
		if newest, ok := seen.Keyring.Newest(); ok {
			c.key = number(newest.Name) + 1
		}
		return c
	case keyring.Publish:
		return choice{kind: checkCall, key: number(step.Key.Name)}
	case keyring.Prune:
		c := choice{kind: pruneCall, revokes: request.Kind == keyring.Revoke && w.decide(seen, w.settings(), keyring.Request{}).Action != keyring.Prune}
		for _, name := range step.Names {
			c.keys |= only(number(name))
		}
		return c
	}
	return choice{}
}

func (w *world) settings() keyring.Times {
	return keyring.Times{
		Interval: 1000 * unit, // what the interval does, a request to rotate does at any moment
		Settle:   time.Duration(w.settle) * unit,
		Grace:    time.Duration(w.grace) * unit,
		Drain:    time.Duration(w.drain) * unit,
	}
}

// observation puts a look into the terms of the real decision.
func (w *world) observation(l look) keyring.Observation {
	seen := keyring.Observation{
		Now:      noon,
		Header:   keyring.HeaderValue("foreign"),
		Modified: ago(l.quiet),
	}
	if l.header < foreign {
		seen.Header = realKeys[l.header].Value
	}
	if l.full > 0 {
		seen.DeployedSince = ago(l.full - 1)
	}
	var keys []keyring.Key
	for v, l := range l.ring {
		if l.accepted() {
			key := realKeys[v]
			key.Created = ago(uint8(l - inRing))
			keys = append(keys, key)
		}
	}
	ring, err := keyring.New(keys...)
	if err != nil {
		panic(err)
	}
	seen.Keyring = ring
	return seen
}

var (
	noon     = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	realKeys = makeKeys()
	numbers  = numberKeys()
)

func ago(units uint8) time.Time { return noon.Add(-time.Duration(units) * unit) }

func makeKeys() (keys [capacity]keyring.Key) {
	for i := range keys {
		keys[i].Name = keyring.NewName(noon.Add(time.Duration(i)*time.Second), [keyring.NonceSize]byte{1})
		keys[i].Value = keyring.NewValue([keyring.ValueSize]byte{byte(i)})
	}
	return keys
}

func numberKeys() map[keyring.Name]value {
	numbers := map[keyring.Name]value{}
	for i, key := range realKeys {
		numbers[key.Name] = value(i)
	}
	return numbers
}

func number(name keyring.Name) value { return numbers[name] }
