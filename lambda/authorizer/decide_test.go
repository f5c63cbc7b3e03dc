package main

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

var (
	testLimits = limits{ttl: time.Minute, refetch: 10 * time.Second, stale: time.Hour}
	noon       = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	errDown    = errors.New("no connection to Parameter Store")
)

func testKey(n byte) keyring.Key {
	return keyring.Key{
		Name:    keyring.NewName(noon.Add(time.Duration(n)*time.Second), [keyring.NonceSize]byte{n}),
		Value:   keyring.NewValue([keyring.ValueSize]byte{n}),
		Created: noon,
	}
}

func testKeyring(t testing.TB, numbers ...byte) keyring.Keyring {
	keys := make([]keyring.Key, len(numbers))
	for i, n := range numbers {
		keys[i] = testKey(n)
	}
	ring, err := keyring.New(keys...)
	require.NoError(t, err)
	return ring
}

func TestDecide(t *testing.T) {
	known, unknown := testKey(1).Value.Reveal(), testKey(9).Value.Reveal()
	name := testKey(1).Name
	keys, empty := testKeyring(t, 1, 2), keyring.Keyring{}
	ago := func(d time.Duration) time.Time { return noon.Add(-d) }
	const s = time.Second

	for _, test := range []struct {
		title     string
		cached    cachedKeyring
		presented string
		want      decision
	}{
		{"known, just read", cachedKeyring{keys, noon, noon, nil}, known, decision{accepted, name, reasonInKeyring}},
		{"known, keyring still young", cachedKeyring{keys, ago(60*s - 1), ago(60*s - 1), nil}, known, decision{accepted, name, reasonInKeyring}},
		{"known, keyring too old", cachedKeyring{keys, ago(60 * s), ago(60 * s), nil}, known, decision{outcome: needsRefresh}},
		{"known, keyring young, a read failed since", cachedKeyring{keys, ago(30 * s), ago(5 * s), errDown}, known, decision{accepted, name, reasonInKeyring}},
		{"known, keyring too old, a read failed just now", cachedKeyring{keys, ago(90 * s), ago(10*s - 1), errDown}, known, decision{accepted, name, reasonFromCache}},
		{"known, keyring too old, a read failed a while ago", cachedKeyring{keys, ago(90 * s), ago(10 * s), errDown}, known, decision{outcome: needsRefresh}},
		{"known, at the stale limit", cachedKeyring{keys, ago(3600 * s), ago(5 * s), errDown}, known, decision{outcome: indeterminate, reason: reasonUnreadable}},
		{"known, keyring from a clock that was set back", cachedKeyring{keys, noon.Add(1), noon.Add(1), nil}, known, decision{outcome: needsRefresh}},

		{"unknown, just read", cachedKeyring{keys, noon, noon, nil}, unknown, decision{outcome: rejected, reason: reasonNotInKeyring}},
		{"unknown, within the refetch period", cachedKeyring{keys, ago(10*s - 1), ago(10*s - 1), nil}, unknown, decision{outcome: rejected, reason: reasonNotInKeyring}},
		{"unknown, after the refetch period", cachedKeyring{keys, ago(10 * s), ago(10 * s), nil}, unknown, decision{outcome: needsRefresh}},
		{"unknown, keyring young, a read failed just now", cachedKeyring{keys, ago(12 * s), ago(1 * s), errDown}, unknown, decision{outcome: indeterminate, reason: reasonUnreadable}},
		{"unknown, keyring young, a read failed a while ago", cachedKeyring{keys, ago(22 * s), ago(11 * s), errDown}, unknown, decision{outcome: needsRefresh}},

		{"nothing read yet", cachedKeyring{}, unknown, decision{outcome: needsRefresh}},
		{"never read, failed just now", cachedKeyring{tried: ago(1 * s), err: errDown}, unknown, decision{outcome: indeterminate, reason: reasonUnreadable}},
		{"empty keyring, just read", cachedKeyring{empty, ago(1 * s), ago(1 * s), nil}, unknown, decision{outcome: indeterminate, reason: reasonEmpty}},
		{"empty keyring, after the refetch period", cachedKeyring{empty, ago(10 * s), ago(10 * s), nil}, unknown, decision{outcome: needsRefresh}},

		{"a guess of the wrong form needs no read", cachedKeyring{}, "guess", decision{outcome: rejected, reason: reasonForm}},
		{"a guess of the wrong form when a read failed", cachedKeyring{tried: noon, err: errDown}, "guess", decision{outcome: rejected, reason: reasonForm}},
		{"a guess of the wrong form before an empty keyring", cachedKeyring{empty, noon, noon, nil}, "guess", decision{outcome: rejected, reason: reasonForm}},
		{"a guess of the wrong form, just read", cachedKeyring{keys, noon, noon, nil}, "guess", decision{outcome: rejected, reason: reasonNotInKeyring}},
		{"a key with something after it", cachedKeyring{keys, noon, noon, nil}, known + " ", decision{outcome: rejected, reason: reasonNotInKeyring}},
	} {
		t.Run(test.title, func(t *testing.T) {
			assert.Equal(t, test.want, test.cached.decide(noon, test.presented, testLimits))
		})
	}
}

// A read that took longer than the refetch period may lack a key that CloudFront
// sends by now.
func TestDecideAfterReadNeverRejectsByASlowRead(t *testing.T) {
	m := cachedKeyring{keys: testKeyring(t, 1), read: noon.Add(-testLimits.refetch), tried: noon.Add(-testLimits.refetch)}
	assert.Equal(t, decision{outcome: indeterminate, reason: reasonSlow}, m.decideAfterRead(noon, testKey(9).Value.Reveal(), testLimits))
	assert.Equal(t, decision{accepted, testKey(1).Name, reasonInKeyring}, m.decideAfterRead(noon, testKey(1).Value.Reveal(), testLimits))
}

func TestDecideDoesNotAllocate(t *testing.T) {
	m := cachedKeyring{keys: testKeyring(t, 1, 2, 3), read: noon, tried: noon}
	for _, n := range []byte{2, 9} { // accepted, rejected
		presented := testKey(n).Value.Reveal()
		assert.Zero(t, testing.AllocsPerRun(100, func() { m.decide(noon, presented, testLimits) }))
	}
}

func BenchmarkDecide(b *testing.B) {
	m := cachedKeyring{keys: testKeyring(b, 1, 2, 3), read: noon, tried: noon}
	for name, presented := range map[string]string{"accepted": testKey(2).Value.Reveal(), "rejected": testKey(9).Value.Reveal()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.decide(noon, presented, testLimits)
			}
		})
	}
}
