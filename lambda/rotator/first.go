package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/gatehouse-iac/gatehouse/internal/keystore"
	"github.com/gatehouse-iac/gatehouse/internal/originkey"
)

// created is the answer to create: a key's name and, in clear, its value. It is for
// the distribution that is about to be made, and its own redaction keeps it out of
// logs.
type created struct {
	name  originkey.Name
	value originkey.Value
}

// MarshalJSON shows the value: this is where it leaves.
func (c created) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Name  originkey.Name `json:"name"`
		Value string         `json:"value"`
	}{c.name, c.value.Reveal()})
}

// LogValue implements [slog.LogValuer].
func (c created) LogValue() slog.Value { return slog.StringValue(string(c.name)) }

// create returns the newest key of the ring, and makes it first if the ring is
// empty. Two that overlap may make and return a key each: both are in the ring, and
// rotation deletes the one that CloudFront does not get.
func (r *rotator) create(ctx context.Context) (any, error) {
	newest, ok, err := r.newest(ctx)
	if err != nil {
		return nil, err
	}
	if ok {
		return newest, nil
	}
	made, err := r.newKey()
	if err != nil {
		return nil, err
	}
	err = r.store.Add(ctx, made.name, made.value)
	switch {
	case err == nil:
		r.log.InfoContext(ctx, "added a key to the empty ring", "key", made)
		return made, nil
	case !errors.Is(err, keystore.ErrExists):
		return nil, err
	}
	// Our own reply was lost and the SDK tried again, most likely. What is stored
	// counts, not what we hoped to store.
	newest, ok, err = r.newest(ctx)
	if err == nil && !ok {
		err = fmt.Errorf("the ring is empty although key %s exists: invoke create again", made.name)
	}
	if err != nil {
		return nil, err
	}
	return newest, nil
}

// newest returns the newest key of the ring, and false when the ring is empty.
func (r *rotator) newest(ctx context.Context) (created, bool, error) {
	found, err := r.store.Read(ctx)
	if err != nil {
		return created{}, false, err
	}
	for _, skipped := range found.Skipped {
		r.log.WarnContext(ctx, "a parameter in the ring's path is no key", "parameter", skipped.Parameter, "reason", skipped.Reason)
	}
	newest, ok := found.Ring.Newest()
	return created{newest.Name, newest.Value}, ok, nil
}

// newKey draws a key.
func (r *rotator) newKey() (created, error) {
	var nonce [originkey.NonceSize]byte
	var value [originkey.ValueSize]byte
	for _, random := range [][]byte{nonce[:], value[:]} {
		if _, err := io.ReadFull(r.random, random); err != nil {
			return created{}, fmt.Errorf("draw random bytes for a key: %w", err)
		}
	}
	return created{originkey.NewName(r.now(), nonce), originkey.NewValue(value)}, nil
}

// deleted is the answer to delete.
type deleted struct {
	Deleted int `json:"deleted"`
}

// delete empties the ring, so that nothing is left of the stack that had it. It
// leaves alone what is no key by its name.
func (r *rotator) delete(ctx context.Context) (any, error) {
	names, err := r.store.Names(ctx)
	if err != nil {
		return nil, err
	}
	count, err := r.store.Delete(ctx, names...)
	if err != nil {
		return nil, err
	}
	r.log.InfoContext(ctx, "emptied the ring", "deleted", count)
	return deleted{count}, nil
}
