package admit

import (
	"container/list"
	"sync"
)

// memory is a map of limited size, which forgets the least recently used entry. It is safe
// for concurrent use.
type memory[K comparable, V any] struct {
	capacity int

	mutex   sync.Mutex
	entries map[K]*list.Element
	order   *list.List // of entry[K, V], the most recently used first
}

type entry[K comparable, V any] struct {
	key   K
	value V
}

func newMemory[K comparable, V any](capacity int) *memory[K, V] {
	return &memory[K, V]{capacity: capacity, entries: map[K]*list.Element{}, order: list.New()}
}

func (m *memory[K, V]) get(key K) (value V, found bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	element, found := m.entries[key]
	if !found {
		return value, false
	}
	m.order.MoveToFront(element)
	return element.Value.(*entry[K, V]).value, true
}

func (m *memory[K, V]) put(key K, value V) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if element, found := m.entries[key]; found {
		element.Value.(*entry[K, V]).value = value
		m.order.MoveToFront(element)
		return
	}
	m.entries[key] = m.order.PushFront(&entry[K, V]{key, value})
	if len(m.entries) > m.capacity {
		m.drop(m.order.Back())
	}
}

func (m *memory[K, V]) remove(key K) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if element, found := m.entries[key]; found {
		m.drop(element)
	}
}

func (m *memory[K, V]) drop(element *list.Element) {
	delete(m.entries, m.order.Remove(element).(*entry[K, V]).key)
}
