// Package lru implements a map of limited size, which forgets the least recently used
// entry.
package lru

import (
	"container/list"
	"sync"
)

// Map is such a map. It is safe for concurrent use. Make it with [New].
type Map[K comparable, V any] struct {
	capacity int

	mutex   sync.Mutex
	entries map[K]*list.Element
	order   *list.List // of *entry[K, V], the most recently used first
}

type entry[K comparable, V any] struct {
	key   K
	value V
}

// New returns an empty map that has at most capacity entries.
func New[K comparable, V any](capacity int) *Map[K, V] {
	return &Map[K, V]{capacity: capacity, entries: map[K]*list.Element{}, order: list.New()}
}

// Get returns the value of a key, and whether there is one.
func (m *Map[K, V]) Get(key K) (value V, found bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	element, found := m.entries[key]
	if !found {
		return value, false
	}
	m.order.MoveToFront(element)
	return element.Value.(*entry[K, V]).value, true
}

// Put sets the value of a key, and reports whether it had one.
func (m *Map[K, V]) Put(key K, value V) (replaced bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if element, found := m.entries[key]; found {
		element.Value.(*entry[K, V]).value = value
		m.order.MoveToFront(element)
		return true
	}
	m.entries[key] = m.order.PushFront(&entry[K, V]{key, value})
	if len(m.entries) > m.capacity {
		m.drop(m.order.Back())
	}
	return false
}

// Remove removes a key, if it is there.
func (m *Map[K, V]) Remove(key K) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if element, found := m.entries[key]; found {
		m.drop(element)
	}
}

func (m *Map[K, V]) drop(element *list.Element) {
	delete(m.entries, m.order.Remove(element).(*entry[K, V]).key)
}
