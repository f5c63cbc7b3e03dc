package checkout

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
)

// Lock waits until no other process changes the sandbox of this checkout. Closing the
// file releases the lock; the system does so however the process ends.
func (l Layout) Lock(ctx context.Context, say func(string, ...any)) (*os.File, error) {
	lock, err := os.OpenFile(l.Local("lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for said := false; ; said = true {
		err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return lock, err
		}
		if !said {
			say("another command uses the sandbox of this checkout: waiting until it ends")
		}
		select {
		case <-ctx.Done():
			lock.Close()
			return nil, context.Cause(ctx)
		case <-time.After(200 * time.Millisecond):
		}
	}
}
