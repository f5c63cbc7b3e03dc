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

func TestNew(t *testing.T) {
	old, young := keyOf(time.Hour), keyOf(time.Minute)
	keyring := keyringOf(t, young, old)
	assert.Equal(t, []Name{old.Name, young.Name}, keyring.Names())
	assert.Equal(t, []Key{old, young}, keyring.Keys())
	assert.Equal(t, 2, keyring.Len())
	newest, ok := keyring.Newest()
	assert.True(t, ok)
	assert.Equal(t, young, newest)

	_, err := New(old, young, old)
	require.ErrorContains(t, err, string(old.Name))
	_, err = New(Key{Name: "k"})
	require.ErrorContains(t, err, "k has no value")
}

func TestKeysIsACopy(t *testing.T) {
	keyring := keyringOf(t, keyOf(time.Hour))
	keyring.Keys()[0].Name = "another"
	assert.NotEqual(t, Name("another"), keyring.Names()[0])
}

func TestAccepts(t *testing.T) {
	keys := []Key{keyOf(3 * time.Hour), keyOf(2 * time.Hour), keyOf(time.Hour)}
	keyring := keyringOf(t, keys...)
	for _, key := range keys {
		name, ok := keyring.Accepts(key.Value.Reveal())
		assert.True(t, ok)
		assert.Equal(t, key.Name, name)
	}
	good := keys[0].Value.Reveal()
	for _, bad := range []string{"", "x", good[:42], good + "A", good + " ", valueFrom(77).Reveal()} {
		name, ok := keyring.Accepts(bad)
		assert.False(t, ok)
		assert.Empty(t, name)
	}
}

func TestTheZeroKeyringAcceptsNothing(t *testing.T) {
	var keyring Keyring
	_, ok := keyring.Accepts("")
	assert.False(t, ok)
	_, ok = keyring.Newest()
	assert.False(t, ok)
}

// Each request of each viewer calls it.
func TestAcceptsAllocatesNothing(t *testing.T) {
	keys := []Key{keyOf(3 * time.Hour), keyOf(2 * time.Hour), keyOf(time.Hour)}
	keyring := keyringOf(t, keys...)
	presented := keys[1].Value.Reveal()
	assert.Zero(t, testing.AllocsPerRun(100, func() { keyring.Accepts(presented) }))
}

func BenchmarkAccepts(b *testing.B) {
	keys := []Key{keyOf(3 * time.Hour), keyOf(2 * time.Hour), keyOf(time.Hour)}
	keyring := keyringOf(b, keys...)
	presented := keys[1].Value.Reveal()
	for b.Loop() {
		keyring.Accepts(presented)
	}
}

func TestKeyringLogsNames(t *testing.T) {
	key := keyOf(time.Hour)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("seen", "keyring", keyringOf(t, key))
	assert.Contains(t, log.String(), `"keyring":["`+string(key.Name)+`"]`)
	assert.Equal(t, "["+string(key.Name)+"]", keyringOf(t, key).String())
}
