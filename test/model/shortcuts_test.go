package model

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestShortcutsHideNothing explores small worlds without merging states that lead to
// the same, and finds each of them, merged, among those that are explored otherwise.
func TestShortcutsHideNothing(t *testing.T) {
	small := ours().but(func(r *rules) { r.names, r.watches, r.third = 2, false, false })
	for name, r := range map[string]rules{
		"rotations":   small,
		"three keys":  small.but(func(r *rules) { r.names, r.ups, r.intruder = 3, false, false }),
		"two origins": small.but(func(r *rules) { r.two = true }),
		"revocations": small.but(func(r *rules) { r.intruder, r.revokes = false, true }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			short, plain := newWorld(r), newWorld(r.but(makePlain))
			merged := map[state]bool{}
			for _, s := range explore(short).states {
				merged[s] = true
			}
			x := explore(plain)
			require.Nil(t, x.broken)
			for at, s := range x.states {
				short.normalise(&s)
				if !merged[s] {
					t.Fatalf("missing %+v\n%s", s, x.trace(plain, uint32(at)))
				}
			}
			t.Logf("%d states are merged into %d", len(x.states), len(merged))
		})
	}

	// Of authorizers, those that can do less are left out as well.
	t.Run("authorizer", func(t *testing.T) {
		t.Parallel()
		x := explore(newWorld(ours().but(makePlain).but(func(r *rules) {
			r.names, r.third, r.ups, r.intruder = 2, false, false, false
		})))
		require.Nil(t, x.broken)
		t.Log(x)
	})
}

func makePlain(r *rules) { r.plain = true }
