package main

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/keystore"
)

// clock is a clock that tests set.
type clock struct{ time time.Time }

func (c *clock) now() time.Time          { return c.time }
func (c *clock) advance(d time.Duration) { c.time = c.time.Add(d) }

// readerFunc is a ringReader.
type readerFunc func(ctx context.Context) (keystore.Contents, error)

func (f readerFunc) Read(ctx context.Context) (keystore.Contents, error) { return f(ctx) }

// world is Parameter Store as an authorizer sees it, with its history.
type world struct {
	t     *testing.T
	clock clock
	down  bool

	added   map[byte]time.Time // of each key that was ever in the keyring
	removed map[byte]time.Time // of each key that is no more
	reads   []time.Time

	last   []byte // the keys of the last read that succeeded
	lastAt time.Time
}

func (w *world) Read(context.Context) (keystore.Contents, error) {
	w.reads = append(w.reads, w.clock.time)
	if w.down {
		return keystore.Contents{}, errDown
	}
	var present []byte
	for n := range w.added {
		if w.present(n) {
			present = append(present, n)
		}
	}
	w.last, w.lastAt = present, w.clock.time
	return keystore.Contents{Keyring: testRing(w.t, present...)}, nil
}

func (w *world) present(n byte) bool {
	_, added := w.added[n]
	_, removed := w.removed[n]
	return added && !removed
}

// size returns how many keys the keyring has.
func (w *world) size() int { return len(w.added) - len(w.removed) }

// TestGateKeepsItsPromises plays random histories of keys, requests, outages and
// waits, and checks after each request what an authorizer promises.
func TestGateKeepsItsPromises(t *testing.T) {
	outcomes := map[outcome]int{}
	for seed := range uint64(2000) {
		random := rand.New(rand.NewPCG(seed, 1))
		w := &world{t: t, clock: clock{noon}, added: map[byte]time.Time{}, removed: map[byte]time.Time{}}
		gate := newGate(w, testLimits, w.clock.now, slog.New(slog.DiscardHandler))
		next := byte(1)
		lastDown := time.Time{} // when an outage, or an empty keyring, was last seen
		for range 80 {
			switch random.IntN(10) {
			case 0:
				w.added[next] = w.clock.time
				next++
			case 1:
				if n := 1 + byte(random.IntN(int(next))); w.present(n) {
					w.removed[n] = w.clock.time
				}
			case 2:
				w.down = !w.down
			case 3, 4, 5:
				w.clock.advance([]time.Duration{1, testLimits.refetch, testLimits.ttl, testLimits.stale}[random.IntN(4)])
			case 6:
				w.clock.advance(time.Duration(random.Int64N(int64(15 * time.Second))))
			default:
				if w.down || w.size() == 0 {
					lastDown = w.clock.time
				}
				n := byte(random.IntN(int(next) + 1)) // keys 0 and next have never been in the keyring
				v, err := gate.judge(t.Context(), testKey(n).Value.Reveal())
				outcomes[v.outcome]++
				w.check(t, seed, n, v, err, lastDown)
			}
		}
		for i := 1; i < len(w.reads); i++ {
			require.GreaterOrEqual(t, w.reads[i].Sub(w.reads[i-1]), testLimits.refetch, "seed %d: two reads within the refetch period", seed)
		}
	}
	for _, o := range []outcome{accepted, refused, unconfirmed} {
		assert.Greater(t, outcomes[o], 1000, "the histories hardly lead to %v", o)
	}
}

func (w *world) check(t *testing.T, seed uint64, n byte, v verdict, err error, lastDown time.Time) {
	now := w.clock.time
	added, ever := w.added[n]
	removed, gone := w.removed[n]
	switch v.outcome {
	case accepted:
		require.True(t, ever, "seed %d: a value that was never a key was accepted", seed)
		require.Equal(t, testKey(n).Name, v.key, "seed %d", seed)
		if gone {
			require.Less(t, now.Sub(removed), testLimits.stale, "seed %d: a deleted key was accepted past the stale limit", seed)
			if now.Sub(lastDown) > testLimits.stale {
				require.Less(t, now.Sub(removed), testLimits.ttl, "seed %d: a deleted key was accepted past the TTL, without an outage", seed)
			}
		}
	case refused:
		inRing := ever && !gone && now.Sub(added) >= testLimits.refetch
		require.False(t, inRing, "seed %d: a key that was in the keyring for the refetch period was refused", seed)
		require.NotEmpty(t, w.last, "seed %d: an empty keyring refused", seed)
	case unconfirmed:
		remembered := slices.Contains(w.last, n) && now.Sub(w.lastAt) < testLimits.stale
		require.False(t, remembered, "seed %d: a key that is remembered was not accepted", seed)
		require.False(t, now.Sub(lastDown) > testLimits.refetch, "seed %d: an error long after the outage: %v, %v", seed, v, err)
	default:
		require.Fail(t, "no answer", "seed %d: %v", seed, v.outcome)
	}
}

func TestOneReadAtATimeServesAllWhoWait(t *testing.T) {
	const requests = 50
	var looks, reads atomic.Int32
	clock := func() time.Time { looks.Add(1); return noon }
	allWait := func() bool { return looks.Load() == requests+2 } // one look each; two more by the one who reads
	reader := readerFunc(func(context.Context) (keystore.Contents, error) {
		if reads.Add(1) == 1 {
			assert.Eventually(t, allWait, 10*time.Second, time.Millisecond)
		}
		return keystore.Contents{Keyring: testRing(t, 1)}, nil
	})
	gate := newGate(reader, testLimits, clock, slog.New(slog.DiscardHandler))

	var wg sync.WaitGroup
	for i := range requests {
		wg.Go(func() {
			v, err := gate.judge(t.Context(), testKey(byte(1+i%2)).Value.Reveal())
			assert.NoError(t, err)
			assert.Equal(t, []outcome{accepted, refused}[i%2], v.outcome)
		})
	}
	wg.Wait()
	assert.Equal(t, int32(1), reads.Load())
}

func TestAKnownKeyDoesNotWaitForARead(t *testing.T) {
	w := &world{t: t, clock: clock{noon}, added: map[byte]time.Time{1: noon}}
	gate := newGate(w, testLimits, w.clock.now, slog.New(slog.DiscardHandler))
	_, err := gate.judge(t.Context(), testKey(1).Value.Reveal())
	require.NoError(t, err)

	gate.reading.Lock() // as if a read for another request were under way
	defer gate.reading.Unlock()
	v, err := gate.judge(t.Context(), testKey(1).Value.Reveal())
	require.NoError(t, err)
	assert.Equal(t, accepted, v.outcome)
}

func TestAReadIsBoundedInTime(t *testing.T) {
	reader := readerFunc(func(ctx context.Context) (keystore.Contents, error) {
		deadline, ok := ctx.Deadline()
		assert.True(t, ok)
		assert.LessOrEqual(t, time.Until(deadline), readTimeout)
		return keystore.Contents{}, ctx.Err()
	})
	gate := newGate(reader, testLimits, wallClock, slog.New(slog.DiscardHandler))
	v, err := gate.judge(t.Context(), testKey(1).Value.Reveal())
	require.NoError(t, err)
	assert.Equal(t, verdict{outcome: unconfirmed, reason: reasonEmpty}, v)
}

func TestWallClockHasNoMonotonicReading(t *testing.T) {
	assert.NotContains(t, wallClock().String(), "m=")
}

var _ ringReader = keystore.Reader{}

func BenchmarkGate(b *testing.B) {
	ring := testRing(b, 1, 2, 3)
	reader := readerFunc(func(context.Context) (keystore.Contents, error) {
		return keystore.Contents{Keyring: ring}, nil
	})
	gate := newGate(reader, testLimits, wallClock, slog.New(slog.DiscardHandler))
	presented := testKey(2).Value.Reveal()
	b.ReportAllocs()
	for b.Loop() {
		if v, _ := gate.judge(b.Context(), presented); v.outcome != accepted {
			b.Fatal(v)
		}
	}
}
