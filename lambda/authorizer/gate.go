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

// ringReader reads the keyring from Parameter Store.
type ringReader interface {
	Read(ctx context.Context) (keystore.Contents, error)
}

// gate decides on presented values: it carries out what [memory.decide] asks for.
// It is safe for concurrent use; one read of the keyring is under way at a time.
type gate struct {
	ring   ringReader
	limits limits
	now    func() time.Time
	log    *slog.Logger

	reading  sync.Mutex
	memories atomic.Pointer[memory]
}

func newGate(ring ringReader, limits limits, now func() time.Time, log *slog.Logger) *gate {
	g := &gate{ring: ring, limits: limits, now: now, log: log}
	g.memories.Store(&memory{})
	return g
}

// judge returns the verdict on the presented value, and if it is unconfirmed, the
// error of the last read, if that failed.
func (g *gate) judge(ctx context.Context, presented string) (verdict, error) {
	m := g.memories.Load()
	if v := m.decide(g.now(), presented, g.limits); v.outcome != unread {
		return v, m.err
	}
	g.reading.Lock()
	defer g.reading.Unlock()
	m = g.memories.Load() // another request may have read it meanwhile
	if v := m.decide(g.now(), presented, g.limits); v.outcome != unread {
		return v, m.err
	}
	m = g.readRing(ctx, m)
	g.memories.Store(m)
	return m.conclude(g.now(), presented, g.limits), m.err
}

// readRing returns what is known after a read of the keyring, whether it succeeded or
// not, when last was known before.
func (g *gate) readRing(ctx context.Context, last *memory) *memory {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	began := g.now()
	found, err := g.ring.Read(ctx)
	if err != nil {
		g.log.WarnContext(ctx, "the keyring can't be read", "error", err)
		return &memory{ring: last.ring, read: last.read, tried: began, err: err}
	}
	for _, skipped := range found.Skipped {
		g.log.WarnContext(ctx, "a parameter in the keyring's path is no key", "parameter", skipped.Parameter, "reason", skipped.Reason)
	}
	return &memory{ring: found.Keyring, read: began, tried: began}
}
