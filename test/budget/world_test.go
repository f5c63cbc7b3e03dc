package budget_test

import (
	"fmt"

	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/price"
)

// world makes the states that follow from a state under some rules.
type world struct {
	rules
	table     *table
	writes    []write
	ids       map[string]id
	decisions map[decisionKey]id
	endings   map[endingKey]id
	verdicts  map[[2]id]verdict
	changesOf map[changeKey]id
	free      map[id]bool // whether the places of expired holds are, by item
}

// decisionKey has the inputs of a decision. 0 is a decision against the request.
type decisionKey struct {
	known     id
	request   uint8
	now, held uint8
}

// endingKey has the inputs of a settlement.
type endingKey struct {
	reservation, latest id
	charge              budget.Charge
	now                 uint8
}

// changeKey is an item and an operator's change.
type changeKey struct {
	item   id
	change change
}

type verdict struct {
	budget.Verdict
	reason budget.Reason
}

func newWorld(r rules) *world {
	return &world{
		rules: r, table: newTable(), writes: make([]write, 1), ids: map[string]id{}, decisions: map[decisionKey]id{},
		endings: map[endingKey]id{}, verdicts: map[[2]id]verdict{}, changesOf: map[changeKey]id{}, free: map[id]bool{},
	}
}

// initial returns the state in which a story begins: a new client.
func (w *world) initial() state {
	s := state{item: w.table.number(client.NewItem(clientName, w.policy()))}
	for i := w.rules.requests; i < mostRequests; i++ {
		s.requests[i].phase = refused
	}
	return s
}

// number returns the number of a write, by its text.
func (w *world) number(made write) id {
	text := fmt.Sprintf("%d %d %+v %+v %s", made.request, made.held, made.reservation, made.settlement, textOf(made.update))
	if n, known := w.ids[text]; known {
		return n
	}
	n := id(len(w.writes))
	if n == 0 {
		panic("budget: too many writes")
	}
	w.writes = append(w.writes, made)
	w.ids[text] = n
	return n
}

func textOf(u dynamo.Update) string {
	values := map[string]string{}
	for name, value := range u.Values {
		n, _ := value.Int()
		values[name] = fmt.Sprint(n)
	}
	return fmt.Sprint(u.Update, u.Condition, u.Names, values)
}

func (w *world) record(n id) *client.Record { return &w.table.items[n].record }

// decide returns the reservation of a request by a known record, or 0 if it is refused.
func (w *world) decide(known id, request int, now, held uint8) id {
	key := decisionKey{known, uint8(request), now, held}
	if n, done := w.decisions[key]; done {
		return n
	}
	amount := amounts[request]
	reservation, refusal := budget.Decide(*w.record(known), budget.Ask{
		Now: moments[now], HoldID: holdID(request, held), Key: keys[request], Model: "any",
		Most: budget.Use{Cost: price.Amount(amount), Tokens: amount},
	})
	var n id
	if refusal == nil {
		n = w.reserveWrite(write{request: request, held: held, reservation: reservation}, known)
	}
	w.decisions[key] = n
	return n
}

// reserveWrite returns the number of a reservation's write.
func (w *world) reserveWrite(made write, known id) id {
	made.counter = w.table.counters[made.reservation.Counter]
	made.update = w.reserve(made.reservation, *w.record(known))
	return w.number(made)
}

// settlement returns the number of a settlement's write.
func (w *world) settlement(reservation, latest id, charge budget.Charge, now uint8) id {
	key := endingKey{reservation, latest, charge, now}
	if n, done := w.endings[key]; done {
		return n
	}
	of := w.writes[reservation]
	used := amounts[of.request] + w.excess
	ending := of.reservation.Settle(budget.Outcome{
		Charge: charge, Use: budget.Use{Cost: price.Amount(used), Tokens: used},
	}, *w.record(latest), moments[now])
	of.settlement, of.reservation = &ending, budget.Reservation{}
	of.update = w.settle(ending, moments[now])
	n := w.number(of)
	w.endings[key] = n
	return n
}

// conclude returns the verdict about a write that was not applied, by the item.
func (w *world) conclude(at, item id) verdict {
	key := [2]id{at, item}
	if v, done := w.verdicts[key]; done {
		return v
	}
	concluded, refusal := w.writes[at].reservation.Conclude(budget.Reply{Record: w.record(item)})
	v := verdict{Verdict: concluded}
	if refusal != nil {
		v.reason = refusal.Reason
	}
	w.verdicts[key] = v
	return v
}

// next emits each state that one event leads to.
func (w *world) next(s *state, emit emitter) {
	for i := range s.requests {
		switch s.requests[i].phase {
		case idle:
			w.begin(s, i, emit)
		case sending:
			w.send(s, i, emit)
		case running:
			w.answer(s, i, emit)
		case settling, leaving:
			w.end(s, i, emit)
		}
		if r := s.requests[i]; r.underway() && s.crashes < w.crashes {
			next := *s
			next.crashes++
			next.requests[i].phase = crashed
			emit(event{kind: crashes, request: uint8(i)}, next, nil)
		}
	}
	for i, at := range s.late {
		if at == 0 || i > 0 && at == s.late[0] {
			continue
		}
		next := *s
		next.late[i] = 0
		applied, broken := w.deliver(&next, at, false)
		of := &w.writes[at]
		emit(event{kind: arrivesLate, request: uint8(of.request), applied: applied, settles: of.settlement != nil}, next, broken)
	}
	w.operate(s, emit)
	w.tick(s, emit)
}

// tick emits the next moment.
func (w *world) tick(s *state, emit emitter) {
	if s.clock+1 == w.moments {
		return
	}
	next := *s
	next.clock++
	for i := range s.requests {
		r := &s.requests[i]
		since := moments[next.clock].Sub(moments[r.asked])
		if w.prompt && r.underway() && since > holdLife || r.phase == sending && since > longestReserve {
			return
		}
	}
	if w.reset && moments[next.clock].Day() != moments[s.clock].Day() {
		next.item = w.withoutCounter(s.item)
	}
	emit(event{kind: timePasses}, next, nil)
}
