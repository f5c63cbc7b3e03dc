package build

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
)

func TestCompileLimits(t *testing.T) {
	const gib = 1 << 30
	for _, test := range []struct {
		processors int
		memory     uint64
		want       limits
	}{
		{1, 64 * gib, limits{1, 1}},
		{2, 0, limits{1, 1}},
		{2, 4 * gib, limits{1, 1}},
		{2, 12*gib - 1, limits{1, 1}},
		{2, 12 * gib, limits{1, 2}},
		{2, 64 * gib, limits{1, 2}},
		{4, 16 * gib, limits{1, 2}},
		{8, 16 * gib, limits{2, 2}},
		{8, 32 * gib, limits{2, 3}},
		{16, 8 * gib, limits{1, 1}},
		{16, 64 * gib, limits{4, 5}},
	} {
		if got := compileLimits(test.processors, test.memory); got != test.want {
			t.Errorf("%d processors, %d GiB: got %v, want %v", test.processors, test.memory/gib, got, test.want)
		}
	}
}

// taker takes turns under names, and notes the order in which it got them.
type taker struct {
	t     *testing.T
	turns turns
	got   []string
	taken map[string]*turn
	ctx   context.Context
}

func newTaker(t *testing.T, l limits) *taker {
	return &taker{t: t, turns: turns{limits: l}, taken: map[string]*turn{}, ctx: t.Context()}
}

func (k *taker) take(name string, priority Priority) {
	go func() {
		one, err := k.turns.take(k.ctx, priority, func() {})
		if err != nil {
			return
		}
		k.turns.mu.Lock()
		defer k.turns.mu.Unlock()
		k.got, k.taken[name] = append(k.got, name), one
	}()
	synctest.Wait()
}

func (k *taker) want(names ...string) {
	k.t.Helper()
	synctest.Wait()
	k.turns.mu.Lock()
	defer k.turns.mu.Unlock()
	if !slices.Equal(k.got, names) {
		k.t.Errorf("got turns: %v, want %v", k.got, names)
	}
}

func TestTurnsGoByPriority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTaker(t, limits{1, 1})
		k.take("first", 0)
		k.take("low", 0)
		k.take("high", 2)
		k.take("high too", 2)
		k.want("first")
		k.taken["first"].ends() // makes no room: one at once is the most
		k.want("first")
		k.taken["first"].end()
		k.want("first", "high")
		k.taken["high"].end()
		k.want("first", "high", "high too")
		k.taken["high too"].end()
		k.want("first", "high", "high too", "low")
		k.taken["low"].end()
	})
}

func TestTheNextTurnBeginsWhileAnotherEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTaker(t, limits{1, 2})
		for _, name := range []string{"a", "b", "c"} {
			k.take(name, 0)
		}
		k.want("a")
		k.taken["a"].ends()
		k.want("a", "b")
		k.taken["b"].ends() // two at once are the most
		k.want("a", "b")
		k.taken["a"].end()
		k.want("a", "b", "c")
		k.taken["b"].end()
		k.taken["c"].end()
	})
}

func TestTheEndOfWaitingLosesNoTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTaker(t, limits{1, 1})
		k.take("a", 0)
		ctx, cancel := context.WithCancelCause(t.Context())
		stopped, waited := errors.New("stopped"), false
		ended := make(chan error)
		go func() {
			_, err := k.turns.take(ctx, 9, func() { waited = true })
			ended <- err
		}()
		synctest.Wait()
		k.take("b", 0)
		cancel(stopped)
		if err := <-ended; !errors.Is(err, stopped) || !waited {
			t.Errorf("got %v, waited: %v", err, waited)
		}
		k.taken["a"].end()
		k.want("a", "b")
		k.taken["b"].end()
	})
}
