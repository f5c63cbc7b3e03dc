package budget_test

import (
	"os"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestProtocolHolds walks every state that the protocol can get into. Everything at
// once has too many states for each run of the tests, so that each world leaves
// something out; GATEHOUSE_EXPLORE=all adds some that leave out less.
func TestProtocolHolds(t *testing.T) {
	var states, ran atomic.Int64
	var happened [operates + 1]atomic.Int64
	worlds := []struct {
		name  string
		rules rules
		big   bool
	}{
		{name: "nothing fails", rules: ours().but(func(r *rules) {
			r.crashes, r.losses, r.changes, r.ahead, r.prompt = 0, 0, 0, false, true
		})},
		{name: "nothing fails, but the operator changes things", rules: ours().but(func(r *rules) {
			r.crashes, r.losses, r.ahead, r.prompt, r.moments = 0, 0, false, true, 3
			r.kinds = []change{lower, otherUnit}
		})},
		{name: "crashes", rules: ours().but(func(r *rules) {
			r.crashes, r.losses, r.changes, r.ahead = 2, 0, 0, false
		})},
		{name: "clocks that differ", rules: ours().but(func(r *rules) {
			r.crashes, r.losses, r.changes, r.moments = 0, 0, 0, 3
		})},
		{name: "lost calls", rules: ours().but(func(r *rules) {
			r.crashes, r.losses, r.changes, r.requests, r.late = 0, 3, 0, 2, false
		})},
		{name: "late calls", rules: ours().but(func(r *rules) {
			r.crashes, r.losses, r.changes, r.requests, r.ahead = 0, 2, 0, 2, false
		})},
		{name: "changes", rules: ours().but(func(r *rules) {
			r.crashes, r.losses, r.changes, r.requests, r.ahead, r.moments = 0, 1, 1, 2, false, 3
		})},
		{name: "clocks that differ, until all holds have expired", big: true, rules: ours().but(func(r *rules) {
			r.crashes, r.losses, r.changes = 0, 0, 0
		})},
		{name: "everything but clocks that differ; two requests", big: true, rules: ours().but(func(r *rules) {
			r.requests, r.ahead = 2, false
		})},
		{name: "crashes and lost calls; three requests", big: true, rules: ours().but(func(r *rules) {
			r.changes, r.ahead = 0, false
		})},
		{name: "changes; three requests", big: true, rules: ours().but(func(r *rules) {
			r.crashes, r.losses, r.ahead, r.moments, r.kinds = 0, 0, false, 3, []change{takeKey, lower, recreate}
		})},
		{name: "costs above the hold", rules: ours().but(func(r *rules) {
			r.excess, r.changes, r.requests, r.ahead = 1, 0, 2, false
		})},
	}
	const bigWorlds = 4
	for _, world := range worlds {
		t.Run(world.name, func(t *testing.T) {
			if world.big && os.Getenv("GATEHOUSE_EXPLORE") != "all" {
				t.Skip("set GATEHOUSE_EXPLORE=all")
			}
			t.Parallel()
			w := newWorld(world.rules)
			x := explore(w)
			t.Log(x)
			if x.broken != nil {
				t.Fatalf("%s\n%s", x.broken, x.trace(w, x.brokenAt))
			}
			ran.Add(1)
			states.Add(int64(len(x.states)))
			for kind, times := range x.happened {
				happened[kind].Add(int64(times))
			}
		})
	}
	t.Cleanup(func() {
		if t.Failed() {
			return
		}
		t.Logf("%d states in all, and none in which a promise is broken", states.Load())
		if ran.Load() < int64(len(worlds)-bigWorlds) {
			return // only some of them were asked for
		}
		assert.GreaterOrEqual(t, states.Load(), int64(200_000))
		for kind := begins; kind <= operates; kind++ {
			assert.NotZero(t, happened[kind].Load(), "no event of kind %d", kind)
		}
	})
}
