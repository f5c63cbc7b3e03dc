package admission

import (
	"container/list"
	"sync"
)

// lru remembers the values that were used last. It is safe for concurrent use.
type lru[K comparable, V any] struct {
	mu      sync.Mutex
	limit   int
	entries map[K]*list.Element
	order   *list.List // of entries, the last used first
}

type entry[K comparable, V any] struct {
	key   K
	value V
}

func newLRU[K comparable, V any](limit int) *lru[K, V] {
	return &lru[K, V]{limit: limit, entries: map[K]*list.Element{}, order: list.New()}
}

func (l *lru[K, V]) get(key K) (value V, found bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	element, found := l.entries[key]
	if !found {
		return value, false
	}
	l.order.MoveToFront(element)
	return element.Value.(*entry[K, V]).value, true
}

// put remembers a value, and reports whether the key had one.
func (l *lru[K, V]) put(key K, value V) (replaced bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if element, found := l.entries[key]; found {
		element.Value.(*entry[K, V]).value = value
		l.order.MoveToFront(element)
		return true
	}
	l.entries[key] = l.order.PushFront(&entry[K, V]{key, value})
	if l.order.Len() > l.limit {
		last := l.order.Remove(l.order.Back()).(*entry[K, V])
		delete(l.entries, last.key)
	}
	return false
}

func (l *lru[K, V]) remove(key K) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if element, found := l.entries[key]; found {
		l.order.Remove(element)
		delete(l.entries, key)
	}
}
