package budget_test

import "github.com/gatehouse-iac/gatehouse/internal/budget"

// begin emits the ways in which a request is decided: by any copy's record, and by any
// clock. A refusal by a remembered record is confirmed by a read.
func (w *world) begin(s *state, i int, emit emitter) {
	for c := range s.memory {
		if c > 0 && s.memory[c] == s.memory[0] && !w.plain {
			continue
		}
		for now := s.clock; now <= s.clock+1 && now < w.moments; now++ {
			if now > s.clock && !w.ahead {
				break
			}
			next := *s
			w.decideFirst(&next, i, uint8(c), now)
			emit(event{kind: begins, request: uint8(i), ahead: now > s.clock}, next, nil)
		}
	}
}

func (w *world) decideFirst(s *state, i int, c, now uint8) {
	r := &s.requests[i]
	r.copy, r.asked = c, now
	if s.memory[c] == 0 || w.readFirst {
		s.memory[c] = w.table.record(s.item)
	}
	at := w.decide(s.memory[c], i, now, now)
	if at == 0 {
		s.memory[c] = w.table.record(s.item)
		at = w.decide(s.memory[c], i, now, now)
	}
	if at == 0 || w.readFirst && w.conclude(at, s.item).Verdict == budget.Refused {
		r.phase = refused
		return
	}
	r.phase, r.write = sending, at
}

// send emits what becomes of one try of a reserve.
func (w *world) send(s *state, i int, emit emitter) {
	next := *s
	applied, broken := w.deliver(&next, s.requests[i].write, true)
	lost := next
	reason := w.reply(&next, i, applied)
	emit(event{kind: replies, request: uint8(i), applied: applied, reason: reason}, next, broken)
	w.loseCalls(s, &lost, i, applied, broken, emit, func(s *state) {
		r := &s.requests[i]
		if r.tries == mostTries && w.onMemory {
			r.admitted(w.table.record(s.item))
			return
		}
		if r.tries == mostTries {
			w.leave(s, r)
			return
		}
		if w.newID {
			made := w.writes[r.write]
			made.reservation.HoldID += "+"
			r.write = w.reserveWrite(made, w.table.record(s.item))
		}
	})
}

// loseCalls emits the ways in which a call has no reply: it was applied as in done, it is
// lost, or it arrives later.
func (w *world) loseCalls(s, done *state, i int, applied bool, broken *violation, emit emitter, then func(*state)) {
	if s.losses == w.losses {
		return
	}
	settles := w.writes[s.requests[i].write].settlement != nil
	lose := func(kind eventKind, next state, broken *violation) {
		next.losses++
		next.requests[i].tries++
		then(&next)
		emit(event{kind: kind, request: uint8(i), applied: applied, settles: settles}, next, broken)
	}
	if *done != *s {
		lose(replyLost, *done, broken)
	}
	lose(callLost, *s, nil)
	if w.late {
		for slot := range s.late {
			if s.late[slot] == 0 {
				next := *s
				next.late[slot] = s.requests[i].write
				lose(callLate, next, nil)
				return
			}
		}
	}
}

// leave ends a request that had no reply: it asks no model, and settles with nothing.
func (w *world) leave(s *state, r *request) {
	r.phase, r.tries = leaving, 0
	r.write = w.settlement(r.write, w.table.record(s.item), budget.ChargedNothing, s.clock)
}

// reply concludes a reply to a reserve.
func (w *world) reply(s *state, i int, applied bool) budget.Reason {
	r := &s.requests[i]
	latest := w.table.record(s.item)
	s.memory[r.copy] = latest
	v := verdict{Verdict: budget.Admitted}
	if !applied {
		v = w.conclude(r.write, s.item)
	}
	switch v.Verdict {
	case budget.Admitted:
		r.admitted(latest)
	case budget.Refused:
		if !w.clamp || v.reason != budget.BudgetInUse && v.reason != budget.BudgetSpent || !w.shrink(s, r) {
			r.refuse()
		}
	case budget.Again:
		w.decideAgain(s, i)
	}
	return v.reason
}

func (r *request) admitted(latest id) {
	r.phase, r.latest, r.tries, r.again, r.admit = running, latest, 0, 0, true
}

func (w *world) decideAgain(s *state, i int) {
	r := &s.requests[i]
	made := w.writes[r.write]
	if r.again == mostAgain {
		w.leave(s, r)
		return
	}
	r.again++
	r.tries = 0
	r.write = w.decide(s.memory[r.copy], i, r.asked, made.held)
	if r.write == 0 {
		r.refuse()
	}
}

// refuse ends a request that is refused. It may have had a hold: by a write whose reply
// was lost, and which expired.
func (r *request) refuse() {
	r.phase = leaving
	r.finish()
}

// shrink makes a reservation fit into what is left.
func (w *world) shrink(s *state, r *request) bool {
	made, known := w.writes[r.write], w.record(s.item)
	used := known.Used[made.reservation.Counter]
	if used >= known.Budget.Limit {
		return false
	}
	made.reservation.Amount, made.reservation.Room = known.Budget.Limit-used, used
	r.write = w.reserveWrite(made, s.memory[r.copy])
	return true
}

// answer emits the ways in which the model answers.
func (w *world) answer(s *state, i int, emit emitter) {
	for _, charge := range []budget.Charge{budget.ChargedUse, budget.ChargedNothing, budget.ChargedHold} {
		next := *s
		r := &next.requests[i]
		used := int64(0)
		switch charge {
		case budget.ChargedUse:
			used = amounts[i] + w.excess
		case budget.ChargedHold:
			used = amounts[i]
		}
		if r.counter != noCounter {
			next.truth[r.counter] += int8(used)
			r.excess = int8(max(0, used-amounts[i]))
		}
		r.phase = settling
		r.write = w.settlement(r.write, r.latest, charge, s.clock)
		r.latest = 0
		emit(event{kind: answers, request: uint8(i), charge: charge, used: uint8(used)}, next, nil)
	}
}

// end emits what becomes of one try of a settlement.
func (w *world) end(s *state, i int, emit emitter) {
	next := *s
	applied, broken := w.deliver(&next, s.requests[i].write, true)
	lost := next
	next.requests[i].finish()
	emit(event{kind: settles, request: uint8(i), applied: applied}, next, broken)
	w.loseCalls(s, &lost, i, applied, broken, emit, func(s *state) {
		if r := &s.requests[i]; r.tries == mostTries {
			r.finish()
		}
	})
}

// finish ends a request after its settlement.
func (r *request) finish() {
	switch {
	case r.phase == leaving && (r.done || r.counter == noCounter):
		r.phase = refused
	case r.done:
		r.phase = settled
	default:
		r.phase = unknown
	}
}
