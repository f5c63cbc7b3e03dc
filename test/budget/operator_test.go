package budget_test

import (
	"slices"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

// change is an act of the operator.
type change uint8

const (
	takeKey change = iota
	lower
	suspend
	otherPeriod
	otherUnit
	recreate
)

func everyChange() []change {
	return []change{takeKey, lower, suspend, otherPeriod, otherUnit, recreate}
}

func (c change) String() string {
	return [...]string{
		"takes the first key off", "lowers the limits", "suspends the client", "changes the budget's period", "changes the budget's unit",
		"deletes the client, and creates it again without the first key",
	}[c]
}

// firstRevision is that of the client at the start, and laterRevision that of a client
// which is created afterwards.
const (
	firstRevision = 1
	laterRevision = 100
)

func (r rules) policy() client.Policy {
	return client.Policy{
		Revision: firstRevision, Enabled: true, Keys: []string{"first", "second"},
		Budget:    client.Budget{Limit: r.limit, Unit: client.Dollars, Period: client.Day},
		PerMinute: r.perMin, AtOnce: r.atOnce,
	}
}

// changed returns the item after an operator's change, and whether it makes a difference.
func (w *world) changed(n id, c change) (id, bool) {
	key := changeKey{n, c}
	if after, done := w.changesOf[key]; done {
		return after, after != n
	}
	after := w.change(n, c)
	w.changesOf[key] = after
	return after, after != n
}

// change returns the item after an operator's change, or the same.
func (w *world) change(n id, c change) id {
	record := w.table.items[n].record
	p := record.Policy
	p.Revision++
	switch c {
	case takeKey:
		if !p.Has("first") {
			return n
		}
		p.Keys = slices.DeleteFunc(slices.Clone(p.Keys), func(key string) bool { return key == "first" })
	case lower:
		p.Budget.Limit, p.AtOnce, p.PerMinute = p.Budget.Limit-2, 1, 1
	case suspend:
		if !p.Enabled {
			return n
		}
		p.Enabled = false
	case otherPeriod:
		if p.Budget.Period == client.Month || p.Budget.Unit == client.Tokens {
			return n
		}
		p.Budget.Period = client.Month
	case otherUnit:
		if p.Budget.Period == client.Month || p.Budget.Unit == client.Tokens {
			return n
		}
		p.Budget.Unit = client.Tokens
	case recreate:
		p = w.policy()
		p.Keys = []string{"second"}
		if !w.sameStart {
			p.Revision = max(record.Revision, laterRevision) + 1
		}
		return w.table.number(client.NewItem(clientName, p))
	}
	item := dynamo.Item{}
	for name, value := range w.table.items[n].item {
		if !slices.Contains(client.PolicyAttributes(), name) {
			item[name] = value
		}
	}
	for name, value := range p.Attributes() {
		item[name] = value
	}
	return w.table.number(item)
}

// operate emits the operator's changes, each of which is one write.
func (w *world) operate(s *state, emit emitter) {
	if s.changes == w.changes {
		return
	}
	for _, c := range w.kinds {
		item, different := w.changed(s.item, c)
		if !different {
			continue
		}
		next := *s
		next.item = item
		next.changes++
		if c == recreate {
			next.forget()
		}
		emit(event{kind: operates, change: c}, next, nil)
	}
}

// forget drops what was used of a client that is deleted: it is no longer promised about.
func (s *state) forget() {
	s.truth, s.owed = [mostCounters]int8{}, [mostCounters]int8{}
	for i := range s.requests {
		r := &s.requests[i]
		r.counter, r.excess, r.done, r.admit = noCounter, 0, false, false
		if r.phase == crashed || r.phase == unknown {
			r.phase = refused
		}
	}
}
