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

func testRing(t testing.TB, numbers ...byte) keyring.Keyring {
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
	ring, empty := testRing(t, 1, 2), keyring.Keyring{}
	ago := func(d time.Duration) time.Time { return noon.Add(-d) }
	const s = time.Second

	for _, test := range []struct {
		title     string
		memory    memory
		presented string
		want      verdict
	}{
		{"known, just read", memory{ring, noon, noon, nil}, known, verdict{accepted, name, reasonInRing}},
		{"known, keyring still young", memory{ring, ago(60*s - 1), ago(60*s - 1), nil}, known, verdict{accepted, name, reasonInRing}},
		{"known, keyring too old", memory{ring, ago(60 * s), ago(60 * s), nil}, known, verdict{outcome: unread}},
		{"known, keyring young, a read failed since", memory{ring, ago(30 * s), ago(5 * s), errDown}, known, verdict{accepted, name, reasonInRing}},
		{"known, keyring too old, a read failed just now", memory{ring, ago(90 * s), ago(10*s - 1), errDown}, known, verdict{accepted, name, reasonFromMemory}},
		{"known, keyring too old, a read failed a while ago", memory{ring, ago(90 * s), ago(10 * s), errDown}, known, verdict{outcome: unread}},
		{"known, at the stale limit", memory{ring, ago(3600 * s), ago(5 * s), errDown}, known, verdict{outcome: unconfirmed, reason: reasonUnreadable}},
		{"known, keyring from a clock that was set back", memory{ring, noon.Add(1), noon.Add(1), nil}, known, verdict{outcome: unread}},

		{"unknown, just read", memory{ring, noon, noon, nil}, unknown, verdict{outcome: refused, reason: reasonNotInRing}},
		{"unknown, within the refetch period", memory{ring, ago(10*s - 1), ago(10*s - 1), nil}, unknown, verdict{outcome: refused, reason: reasonNotInRing}},
		{"unknown, after the refetch period", memory{ring, ago(10 * s), ago(10 * s), nil}, unknown, verdict{outcome: unread}},
		{"unknown, keyring young, a read failed just now", memory{ring, ago(12 * s), ago(1 * s), errDown}, unknown, verdict{outcome: unconfirmed, reason: reasonUnreadable}},
		{"unknown, keyring young, a read failed a while ago", memory{ring, ago(22 * s), ago(11 * s), errDown}, unknown, verdict{outcome: unread}},

		{"nothing read yet", memory{}, unknown, verdict{outcome: unread}},
		{"never read, failed just now", memory{tried: ago(1 * s), err: errDown}, unknown, verdict{outcome: unconfirmed, reason: reasonUnreadable}},
		{"empty keyring, just read", memory{empty, ago(1 * s), ago(1 * s), nil}, unknown, verdict{outcome: unconfirmed, reason: reasonEmpty}},
		{"empty keyring, after the refetch period", memory{empty, ago(10 * s), ago(10 * s), nil}, unknown, verdict{outcome: unread}},

		{"a guess of the wrong form needs no read", memory{}, "guess", verdict{outcome: refused, reason: reasonForm}},
		{"a guess of the wrong form when a read failed", memory{tried: noon, err: errDown}, "guess", verdict{outcome: refused, reason: reasonForm}},
		{"a guess of the wrong form before an empty keyring", memory{empty, noon, noon, nil}, "guess", verdict{outcome: refused, reason: reasonForm}},
		{"a guess of the wrong form, just read", memory{ring, noon, noon, nil}, "guess", verdict{outcome: refused, reason: reasonNotInRing}},
		{"a key with something after it", memory{ring, noon, noon, nil}, known + " ", verdict{outcome: refused, reason: reasonNotInRing}},
	} {
		t.Run(test.title, func(t *testing.T) {
			assert.Equal(t, test.want, test.memory.decide(noon, test.presented, testLimits))
		})
	}
}

// A read that took longer than the refetch period may lack a key that CloudFront
// sends by now.
func TestConcludeNeverRefusesByASlowRead(t *testing.T) {
	m := memory{ring: testRing(t, 1), read: noon.Add(-testLimits.refetch), tried: noon.Add(-testLimits.refetch)}
	assert.Equal(t, verdict{outcome: unconfirmed, reason: reasonSlow}, m.conclude(noon, testKey(9).Value.Reveal(), testLimits))
	assert.Equal(t, verdict{accepted, testKey(1).Name, reasonInRing}, m.conclude(noon, testKey(1).Value.Reveal(), testLimits))
}

func TestDecideDoesNotAllocate(t *testing.T) {
	m := memory{ring: testRing(t, 1, 2, 3), read: noon, tried: noon}
	for _, n := range []byte{2, 9} { // accepted, refused
		presented := testKey(n).Value.Reveal()
		assert.Zero(t, testing.AllocsPerRun(100, func() { m.decide(noon, presented, testLimits) }))
	}
}

func BenchmarkDecide(b *testing.B) {
	m := memory{ring: testRing(b, 1, 2, 3), read: noon, tried: noon}
	for name, presented := range map[string]string{"accepted": testKey(2).Value.Reveal(), "refused": testKey(9).Value.Reveal()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.decide(noon, presented, testLimits)
			}
		})
	}
}
