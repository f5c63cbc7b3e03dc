package main

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/keystore"
)

// readTimeout bounds a read of the keyring, its retries included, well below the 10
// seconds that API Gateway waits for an authorizer.
const readTimeout = 3 * time.Second

// keyringReader reads the keyring from Parameter Store.
type keyringReader interface {
	Read(ctx context.Context) (keystore.Contents, error)
}

// decider decides on presented values, and reads the keyring when [cachedKeyring.decide]
// requires it. It is safe for concurrent use; one read is under way at a time.
type decider struct {
	store  keyringReader
	limits limits
	now    func() time.Time
	log    *slog.Logger

	reading sync.Mutex
	cache   atomic.Pointer[cachedKeyring]
}

func newDecider(store keyringReader, limits limits, now func() time.Time, log *slog.Logger) *decider {
	d := &decider{store: store, limits: limits, now: now, log: log}
	d.cache.Store(&cachedKeyring{})
	return d
}

// decide returns the decision on the presented value, and if it is indeterminate, the
// error of the last read, if that failed.
func (d *decider) decide(ctx context.Context, presented string) (decision, error) {
	c := d.cache.Load()
	if got := c.decide(d.now(), presented, d.limits); got.outcome != needsRefresh {
		return got, c.err
	}
	d.reading.Lock()
	defer d.reading.Unlock()
	c = d.cache.Load() // another request may have read it meanwhile
	if got := c.decide(d.now(), presented, d.limits); got.outcome != needsRefresh {
		return got, c.err
	}
	c = d.refresh(ctx, c)
	d.cache.Store(c)
	return c.decideAfterRead(d.now(), presented, d.limits), c.err
}

// refresh reads the keyring and returns what to cache: the last keyring if that failed.
func (d *decider) refresh(ctx context.Context, last *cachedKeyring) *cachedKeyring {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	began := d.now()
	found, err := d.store.Read(ctx)
	if err != nil {
		d.log.WarnContext(ctx, "the keyring can't be read", "error", err)
		return &cachedKeyring{keys: last.keys, read: last.read, tried: began, err: err}
	}
	for _, skipped := range found.Skipped {
		d.log.WarnContext(ctx, "a parameter in the keyring's path is no key", "parameter", skipped.Parameter, "reason", skipped.Reason)
	}
	return &cachedKeyring{keys: found.Keyring, read: began, tried: began}
}
