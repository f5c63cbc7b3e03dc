package budget_test

import (
	"maps"
	"math"

	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

// oneCounter is the counter of a protocol that resets it at a window's end.
const oneCounter = "u$o"

// withOneCounter makes a write use the one counter instead of its window's.
func withOneCounter(u dynamo.Update) dynamo.Update {
	u.Names = maps.Clone(u.Names)
	u.Names["#u"] = oneCounter
	return u
}

// withoutCounter returns the item with the one counter reset.
func (w *world) withoutCounter(n id) id {
	item := maps.Clone(w.table.items[n].item)
	item[oneCounter] = dynamo.Number(0)
	return w.table.number(item)
}

// attribute returns the attribute that has a window's counter.
func (w *world) attribute(counter string) string {
	if w.reset {
		return oneCounter
	}
	return counter
}

// used returns what a counter has. The one counter has that of the window at present.
func (w *world) used(s *state, item *itemFacts, n int) int64 {
	if !w.reset {
		return item.used[n]
	}
	if uint8(n) == w.table.counters[item.record.Budget.Counter(moments[s.clock])] {
		return item.record.Used[oneCounter]
	}
	return math.MaxInt64 / 2
}
