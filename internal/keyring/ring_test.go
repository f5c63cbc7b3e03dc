package keyring_test

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	. "github.com/gatehouse-iac/gatehouse/internal/keyring"
)

func TestNewRing(t *testing.T) {
	old, young := keyOf(time.Hour), keyOf(time.Minute)
	ring := ringOf(t, young, old)
	assert.Equal(t, []Name{old.Name, young.Name}, ring.Names())
	assert.Equal(t, []Key{old, young}, ring.Keys())
	assert.Equal(t, 2, ring.Len())
	newest, ok := ring.Newest()
	assert.True(t, ok)
	assert.Equal(t, young, newest)

	_, err := NewRing(old, young, old)
	require.ErrorContains(t, err, string(old.Name))
	_, err = NewRing(Key{Name: "k"})
	require.ErrorContains(t, err, "k has no value")
}

func TestRingKeysIsACopy(t *testing.T) {
	ring := ringOf(t, keyOf(time.Hour))
	ring.Keys()[0].Name = "another"
	assert.NotEqual(t, Name("another"), ring.Names()[0])
}

func TestRingAccepts(t *testing.T) {
	keys := []Key{keyOf(3 * time.Hour), keyOf(2 * time.Hour), keyOf(time.Hour)}
	ring := ringOf(t, keys...)
	for _, key := range keys {
		name, ok := ring.Accepts(key.Value.Reveal())
		assert.True(t, ok)
		assert.Equal(t, key.Name, name)
	}
	good := keys[0].Value.Reveal()
	for _, bad := range []string{"", "x", good[:42], good + "A", good + " ", valueFrom(77).Reveal()} {
		name, ok := ring.Accepts(bad)
		assert.False(t, ok)
		assert.Empty(t, name)
	}
}

func TestZeroRingAcceptsNothing(t *testing.T) {
	var ring Ring
	_, ok := ring.Accepts("")
	assert.False(t, ok)
	_, ok = ring.Newest()
	assert.False(t, ok)
}

// Each request of each viewer comes by here.
func TestAcceptsAllocatesNothing(t *testing.T) {
	keys := []Key{keyOf(3 * time.Hour), keyOf(2 * time.Hour), keyOf(time.Hour)}
	ring := ringOf(t, keys...)
	presented := keys[1].Value.Reveal()
	assert.Zero(t, testing.AllocsPerRun(100, func() { ring.Accepts(presented) }))
}

func BenchmarkAccepts(b *testing.B) {
	keys := []Key{keyOf(3 * time.Hour), keyOf(2 * time.Hour), keyOf(time.Hour)}
	ring := ringOf(b, keys...)
	presented := keys[1].Value.Reveal()
	for b.Loop() {
		ring.Accepts(presented)
	}
}

func TestRingLogsNames(t *testing.T) {
	key := keyOf(time.Hour)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("seen", "ring", ringOf(t, key))
	assert.Contains(t, log.String(), `"ring":["`+string(key.Name)+`"]`)
	assert.Equal(t, "["+string(key.Name)+"]", ringOf(t, key).String())
}
