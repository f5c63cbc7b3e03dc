package e2etest

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
)

// restores has what tests have changed and not restored yet. `go test` runs no cleanup when it
// is interrupted, and a fault that stays in force outlives the test: on an interrupt, what is
// left is restored before the process ends.
type restores struct {
	once sync.Once
	mu   sync.Mutex
	left []*pending
}

type pending struct {
	what    string
	restore func(context.Context) error
}

var interrupted restores

// add notes a change, and returns its restore for the end of the test.
func (r *restores) add(what string, restore func(context.Context) error) func(context.Context) error {
	one := &pending{what, restore}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left = append(r.left, one)
	return func(ctx context.Context) error {
		r.mu.Lock()
		at := slices.Index(r.left, one)
		if at >= 0 {
			r.left = slices.Delete(r.left, at, at+1)
		}
		r.mu.Unlock()
		if at < 0 {
			return nil // an interrupt has restored it
		}
		return restore(ctx)
	}
}

// all restores what is left, the latest first.
func (r *restores) all(ctx context.Context, say func(format string, args ...any)) {
	for {
		r.mu.Lock()
		if len(r.left) == 0 {
			r.mu.Unlock()
			return
		}
		last := r.left[len(r.left)-1]
		r.left = r.left[:len(r.left)-1]
		r.mu.Unlock()
		say("interrupted: %s", last.what)
		if err := last.restore(ctx); err != nil {
			say("%s: %v", last.what, err)
		}
	}
}

// watch restores what is left on the first interrupt; a second one ends the process at once.
func (r *restores) watch() {
	r.once.Do(func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		context.AfterFunc(ctx, func() {
			stop()
			r.all(context.Background(), func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) })
			os.Exit(130)
		})
	})
}
