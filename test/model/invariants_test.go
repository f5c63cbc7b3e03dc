package model

import (
	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// mostKeys is how many keys a keyring can have: each of two rotators may add one to a
// keyring that was not full when it looked.
const mostKeys = keyring.KeyLimit - 1 + 2

// violation is a state that must not be.
type violation struct {
	kind violationKind
	key  value
}

type violationKind string

const (
	refused        violationKind = "a request may be refused"
	refusedForLong violationKind = "a request may be refused, by an answer that API Gateway keeps"
	undead         violationKind = "a deleted key is accepted after the bound"
	overfull       violationKind = "the keyring is too large"
)

// violation returns what is wrong with a state.
func (w *world) violation(s *state) *violation {
	ring := s.ring()
	carried := (s.sent | s.flying) &^ s.revoked
	if lost := carried &^ ring; lost != 0 {
		v, _ := lost.newest()
		return &violation{refused, v}
	}
	if ring.len() > mostKeys {
		return &violation{kind: overfull}
	}
	if !w.watches {
		return w.tooYoung(s, carried)
	}
	if s.watched == noWatch {
		return nil
	}
	if carried.has(s.watched) && w.mayRefuse(s) {
		if s.door.kept == refusal {
			return &violation{refusedForLong, s.watched}
		}
		return &violation{refused, s.watched}
	}
	if s.door.gone > w.bound()+1 && w.mayAccept(s) {
		return &violation{undead, s.watched}
	}
	return nil
}

// tooYoung looks for a value that is carried although some authorizer may have read
// the keyring without its key and not be allowed to read it again. That is the worst
// which any number of authorizers can do, so that it stands for a closer look.
func (w *world) tooYoung(s *state, carried values) (found *violation) {
	carried.each(func(v value) {
		if s.keys[v] <= inRing+life(w.refetch) {
			found = &violation{refused, v}
		}
	})
	return found
}
