package lru

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMapForgetsTheLeastRecentlyUsed(t *testing.T) {
	m := New[string, int](2)
	assert.False(t, m.Put("a", 1))
	m.Put("b", 2)
	m.Get("a")
	m.Put("c", 3)
	_, found := m.Get("b")
	assert.False(t, found)
	for key, want := range map[string]int{"a": 1, "c": 3} {
		value, found := m.Get(key)
		assert.True(t, found)
		assert.Equal(t, want, value)
	}
	assert.True(t, m.Put("a", 4))
	m.Remove("c")
	m.Remove("never there")
	value, _ := m.Get("a")
	assert.Equal(t, 4, value)
	assert.Len(t, m.entries, 1)
	assert.Equal(t, 1, m.order.Len())
}
