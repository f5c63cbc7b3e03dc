package strictjson

// arena allocates the children of arrays and objects many at a time.
type arena[T any] struct {
	open []T // children of the arrays or objects that the parser is in
	room []T // where children are kept once their array or object is complete
}

// take returns the open children from an index on as a slice of its own, or nil if there
// are none.
func (a *arena[T]) take(from int) []T {
	count := len(a.open) - from
	if count == 0 {
		return nil
	}
	if count > cap(a.room)-len(a.room) {
		a.room = make([]T, 0, max(count, nextSize(cap(a.room))))
	}
	start := len(a.room)
	a.room = append(a.room, a.open[from:]...)
	a.open = a.open[:from]
	return a.room[start:len(a.room):len(a.room)]
}

const smallest, largest = 16, 1024

// nextSize returns how many to allocate at a time after a number of them was too few.
func nextSize(size int) int {
	return min(max(smallest, 2*size), largest)
}
