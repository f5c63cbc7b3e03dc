package model

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
	var states atomic.Int64
	var happened [accepts + 1]atomic.Int64
	worlds := []struct {
		name     string
		rules    rules
		complete bool // no state wants for a name: this is any number of keys
		big      bool
	}{
		{
			name: "two rotators, ups and an intruder; any number of keys",
			rules: ours().but(func(r *rules) {
				r.names, r.watches, r.third, r.lag = 7, false, false, false
			}),
			complete: true,
		},
		{
			name:  "the authorizer in detail; three keys",
			rules: ours().but(func(r *rules) { r.third = false }),
		},
		{
			name:  "everything; two keys",
			rules: ours().but(func(r *rules) { r.names = 2 }),
		},
		{
			name: "Parameter Store always answers; two keys",
			rules: ours().but(func(r *rules) {
				r.names, r.outages = 2, false
			}),
		},
		{
			name: "two origins, and ups that add and remove one; two keys",
			rules: ours().but(func(r *rules) {
				r.names, r.two, r.watches, r.third = 2, true, false, false
			}),
		},
		{
			name: "two origins and revocations; two keys",
			rules: ours().but(func(r *rules) {
				r.names, r.two, r.revokes, r.watches, r.third, r.lag = 2, true, true, false, false, false
			}),
		},
		{
			name:  "revocations; two keys",
			rules: ours().but(func(r *rules) { r.names, r.revokes, r.third = 2, true, false }),
		},
		{
			name: "revocations; three keys",
			rules: ours().but(func(r *rules) {
				r.revokes, r.ups, r.intruder, r.third = true, false, false, false
			}),
		},
		{
			name:  "everything; three keys",
			rules: ours(),
			big:   true,
		},
		{
			name: "two origins, and the authorizer in detail; three keys",
			rules: ours().but(func(r *rules) {
				r.two, r.third = true, false
			}),
			big: true,
		},
		{
			name:  "everything but a close model of the authorizer; four keys",
			rules: ours().but(func(r *rules) { r.names, r.watches = 4, false }),
			big:   true,
		},
		{
			name:  "everything and revocations; two keys",
			rules: ours().but(func(r *rules) { r.names, r.revokes = 2, true }),
			big:   true,
		},
		{
			name: "longer times; three keys",
			rules: ours().but(func(r *rules) {
				r.refetch, r.settle, r.upSettle, r.upTakes, r.grace, r.drain = 1, 2, 2, 2, 3, 2
				r.memory, r.stale, r.cache = 2, 3, 2
				r.third = false
			}),
			big: true,
		},
	}
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
				t.Fatalf("%s\n%s", x.broken.kind, x.trace(w, x.brokenAt))
			}
			if world.complete {
				assert.Zero(t, x.happened[noRoom])
				assert.Equal(t, mostKeys, x.biggest)
				assert.Greater(t, len(x.states), 100_000)
			}
			assertLive(t, w, x)
			states.Add(int64(len(x.states)))
			for kind, times := range x.happened {
				happened[kind].Add(int64(times))
			}
		})
	}
	t.Cleanup(func() {
		t.Logf("%d states in all, and none in which a request may be rejected", states.Load())
		for kind := range happened {
			if eventKind(kind) != ringRead { // which only a weaker protocol does first
				assert.NotZero(t, happened[kind].Load(), "no event of kind %d", kind)
			}
		}
	})
}

// assertLive fails if ticks alone do not lead back to a steady state soon.
func assertLive(t *testing.T, w *world, x *exploration) {
	t.Helper()
	live := liveness{w, map[state]int{}}
	most := 0
	for at, s := range x.states {
		n := live.ticks(s)
		if n > mostTicks {
			t.Fatalf("%d ticks do not lead to a steady state\n%s", n, x.trace(w, uint32(at)))
		}
		most = max(most, n)
	}
	t.Logf("from any of them, at most %d ticks lead to a steady state", most)
	assert.Equal(t, mostTicks, most)
}
