package admit

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMemoryForgetsTheLeastRecentlyUsed(t *testing.T) {
	m := newMemory[string, int](2)
	m.put("a", 1)
	m.put("b", 2)
	m.get("a")
	m.put("c", 3)
	_, found := m.get("b")
	assert.False(t, found)
	for key, want := range map[string]int{"a": 1, "c": 3} {
		value, found := m.get(key)
		assert.True(t, found)
		assert.Equal(t, want, value)
	}
	m.put("a", 4)
	m.remove("c")
	m.remove("never there")
	value, _ := m.get("a")
	assert.Equal(t, 4, value)
	assert.Len(t, m.entries, 1)
	assert.Equal(t, 1, m.order.Len())
}
