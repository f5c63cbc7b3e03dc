// Package memory observes how much memory a command's processes have, servers that go on
// after it included.
package memory

import (
	"os"
	"sync"
	"time"
)

// Peak has the most memory, in bytes, that the processes of one command had.
type Peak struct {
	All     int64 // all at one moment, shared pages counted once
	Largest int64 // one process
}

// interval is the time between two observations.
const interval = time.Second

// Watch runs f and returns the memory of the processes that it started. Without Linux's
// /proc it is not known, and 0.
func Watch(f func() error) (Peak, error) {
	w, done := watcher{root: os.Getpid(), known: map[instance]bool{}}, make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			w.observe()
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	})
	err := f()
	close(done)
	watching.Wait()
	return w.peak, err
}

// watcher observes the processes below one. It remembers them, so that servers count which
// go on when the program that started them has ended.
type watcher struct {
	root  int
	known map[instance]bool
	peak  Peak
}

func (w *watcher) observe() {
	var all int64
	for _, pid := range w.below(processes()) {
		one := memoryOf(pid)
		all += one
		w.peak.Largest = max(w.peak.Largest, one)
	}
	w.peak.All = max(w.peak.All, all)
}

// below returns the numbers of the processes below the root, and below those that once were.
func (w *watcher) below(all []process) (pids []int) {
	children, found := map[int][]process{}, []process(nil)
	for _, p := range all {
		children[p.parent] = append(children[p.parent], p)
		if p.parent == w.root || w.known[p.instance] {
			found = append(found, p)
		}
	}
	counted := map[int]bool{}
	for len(found) > 0 {
		p := found[0]
		found = found[1:]
		if counted[p.pid] {
			continue
		}
		counted[p.pid], w.known[p.instance] = true, true
		pids = append(pids, p.pid)
		found = append(found, children[p.pid]...)
	}
	return pids
}
