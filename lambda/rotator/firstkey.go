package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/keystore/ssmstore"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
)

// listAttempts is how often create lists the keyring until the key that it added is listed.
const listAttempts = 10

// generatedKey is a key that was just made. The value redacts itself in logs.
type generatedKey struct {
	name  keyring.Name
	value keyring.Value
}

// LogValue implements [slog.LogValuer].
func (k generatedKey) LogValue() slog.Value { return slog.StringValue(string(k.name)) }

// create returns the name of the keyring's newest key, and makes one first if the keyring
// is empty. Two runs that overlap may make and return a key each: both are in the keyring,
// and rotation deletes the one that CloudFront does not get.
func (r *rotator) create(ctx context.Context, _ rotatorapi.Event) (any, error) {
	var name keyring.Name
	err := r.whenAllowed(ctx, func() (err error) {
		name, err = r.newestOrFirst(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return rotatorapi.CreateResult{Name: name}, nil
}

func (r *rotator) newestOrFirst(ctx context.Context) (keyring.Name, error) {
	newest, ok, err := r.newest(ctx)
	if err != nil || ok {
		return newest, err
	}
	key, err := r.newFirstKey()
	if err != nil {
		return "", err
	}
	// A name that exists is that of this very key, most likely: the response was lost and
	// the SDK retried.
	err = r.store.Add(ctx, key.name, key.value)
	if err != nil && !errors.Is(err, ssmstore.ErrExists) {
		return "", err
	}
	r.log.InfoContext(ctx, "added a key to the empty keyring", "key", key)
	return r.waitUntilListed(ctx, key.name)
}

// waitUntilListed waits until a listing has the key that was added, and returns the newest
// of the listing: the update of the stack lists the keyring next.
func (r *rotator) waitUntilListed(ctx context.Context, added keyring.Name) (keyring.Name, error) {
	for range listAttempts {
		newest, ok, err := r.newest(ctx)
		if err != nil || ok {
			return newest, err
		}
		if err := sleep(ctx, listBackoff); err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("the keyring is empty although key %s exists: run `pulumi up` again", added)
}

// newest returns the name of the keyring's newest key, and false when the keyring is empty.
func (r *rotator) newest(ctx context.Context) (keyring.Name, bool, error) {
	keys, err := r.readKeyring(ctx)
	if err != nil {
		return "", false, err
	}
	newest, ok := keys.Newest()
	return newest.Name, ok, nil
}

// newKey draws a key that is named after moment.
func (r *rotator) newKey(moment time.Time) (generatedKey, error) {
	var nonce [keyring.NonceSize]byte
	var value [keyring.ValueSize]byte
	for _, random := range [][]byte{nonce[:], value[:]} {
		if _, err := io.ReadFull(r.random, random); err != nil {
			return generatedKey{}, fmt.Errorf("draw random bytes for a key: %w", err)
		}
	}
	return generatedKey{keyring.NewName(moment, nonce), keyring.NewValue(value)}, nil
}

// newFirstKey draws a key that the first tick replaces.
func (r *rotator) newFirstKey() (generatedKey, error) {
	now := r.now()
	key, err := r.newKey(now)
	key.name = keyring.NewFirstName(now)
	return key, err
}

// delete empties the keyring, when the stack is destroyed. Parameters whose names are not
// those of keys stay.
func (r *rotator) delete(ctx context.Context, _ rotatorapi.Event) (any, error) {
	names, err := r.store.Names(ctx)
	if err != nil {
		return nil, err
	}
	count, err := r.store.Delete(ctx, names...)
	if err != nil {
		return nil, err
	}
	r.log.InfoContext(ctx, "emptied the keyring", "deleted", count)
	return rotatorapi.DeleteResult{Deleted: count}, nil
}
