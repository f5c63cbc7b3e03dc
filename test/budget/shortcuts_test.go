package budget_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestShortcutsHideNothing explores small worlds without merging states that lead to
// the same, and finds each of them, merged, among those that are explored otherwise.
func TestShortcutsHideNothing(t *testing.T) {
	small := ours().but(nothingHappens)
	for name, r := range map[string]rules{
		"three requests": small.but(func(r *rules) { r.moments = 2 }),
		"crashes":        small.but(func(r *rules) { r.requests, r.crashes, r.moments, r.prompt = 2, 1, all, false }),
		"lost calls":     small.but(func(r *rules) { r.requests, r.losses, r.late = 2, 2, true }),
		"changes":        small.but(func(r *rules) { r.requests, r.losses, r.changes, r.moments = 2, 1, 1, 2 }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(r) // one, so that items have the same numbers
			merged := map[state]bool{}
			for _, s := range explore(w).states {
				merged[s] = true
			}
			w.plain = true
			x := explore(w)
			require.Nil(t, x.broken)
			for at, s := range x.states {
				w.normalise(&s)
				if !merged[s] {
					t.Fatalf("missing %+v\n%s", s, x.trace(w, uint32(at)))
				}
			}
			t.Logf("%d states are merged into %d", len(x.states), len(merged))
		})
	}
}
