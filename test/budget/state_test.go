package budget_test

const (
	mostRequests = 3
	mostLate     = 2
	mostCounters = 7 // of days and months of dollars and days of tokens two each; the first is none
	noCounter    = 0
	mostTries    = 3
	mostAgain    = 2
)

// id is the number of an item, a record, a reservation or a settlement in its list. 0 is
// none.
type id uint16

// phase is the progress of a request.
type phase uint8

const (
	idle     phase = iota
	sending        // its reserve is about to be sent, for the first time or again
	running        // admitted, the model computes
	settling       // its settlement is about to be sent
	leaving        // the same, of a request that was not admitted since no reply came
	refused        // the end, without a hold
	settled        // the end, with a settlement
	crashed        // the end, with what it held
	unknown        // the end: its settlement was not applied, for all that is known
)

// state has the parts of a moment that matter. It is comparable and small.
type state struct {
	item     id
	memory   [2]id // records that the copies remember
	late     [mostLate]id
	requests [mostRequests]request
	truth    [mostCounters]int8 // what was truly used, by the counter that held it
	owed     [mostCounters]int8 // what calls without replies may have been charged, beside that
	clock    uint8
	crashes  uint8 // so far
	losses   uint8
	changes  uint8
}

// request is one of a client's requests, with what only an observer knows of it.
type request struct {
	write   id // the reservation; the settlement when there is one
	latest  id // the record by the reply that admitted it
	phase   phase
	copy    uint8
	asked   uint8 // the moment of its decision
	tries   uint8 // so far, of this call
	again   uint8 // decisions after the first
	counter uint8 // that has its hold; noCounter if none has
	excess  int8  // of its true use above its hold, until it is settled
	done    bool  // its settlement was applied
	admit   bool  // it was admitted
}

func (r *request) ended() bool { return r.phase >= refused }

// underway reports whether something happens with the request by itself.
func (r *request) underway() bool { return r.phase != idle && !r.ended() }

// atRest reports whether nothing happens by itself any more.
func (s *state) atRest() bool {
	for i := range s.requests {
		if s.requests[i].underway() {
			return false
		}
	}
	return s.late == [mostLate]id{}
}

// normalise gives states that differ in nothing that matters the same form: copies have
// no names, and what has no effect any more is dropped.
func (w *world) normalise(s *state) {
	begins := false // whether any request may still begin
	for i := range s.requests {
		begins = begins || s.requests[i].phase == idle
	}
	if !begins {
		s.memory = [2]id{}
	}
	for i := range s.requests {
		r := &s.requests[i]
		if !begins {
			r.copy = 0
		}
		if r.ended() {
			s.blank(r, w.isLate(s, i))
		}
	}
	if s.late[0] < s.late[1] {
		s.late[0], s.late[1] = s.late[1], s.late[0]
	}
	if begins && (s.memory[0] < s.memory[1] || s.memory[0] == s.memory[1] && s.firstCopy() == 1) {
		s.swapCopies()
	}
}

// firstCopy returns the copy that has the first request which is underway.
func (s *state) firstCopy() uint8 {
	for i := range s.requests {
		if s.requests[i].underway() {
			return s.requests[i].copy
		}
	}
	return 0
}

func (s *state) swapCopies() {
	s.memory[0], s.memory[1] = s.memory[1], s.memory[0]
	for i := range s.requests {
		if r := &s.requests[i]; r.underway() {
			r.copy = 1 - r.copy
		}
	}
}

// isLate reports whether a call of a request may still arrive.
func (w *world) isLate(s *state, request int) bool {
	for _, at := range s.late {
		if at != 0 && w.writes[at].request == request {
			return true
		}
	}
	return false
}

// blank drops what doesn't matter of a request that has ended. late is set if a call of
// it may still arrive.
func (s *state) blank(r *request, late bool) {
	r.write, r.latest, r.copy, r.tries, r.again = 0, 0, 0, 0, 0
	if r.admit && !s.mayJoin(r.asked) {
		r.admit = false
	}
	if !r.admit {
		r.asked = 0
	}
	if r.phase == crashed || r.phase == unknown {
		return
	}
	r.done = false
	if r.excess == 0 && !late {
		r.counter = noCounter
	}
}

// mayJoin reports whether another request may be admitted in a moment's minute.
func (s *state) mayJoin(moment uint8) bool {
	for i := range s.requests {
		r := &s.requests[i]
		if r.phase == idle && moment >= s.clock || r.phase == sending && r.asked == moment {
			return true
		}
	}
	return false
}
