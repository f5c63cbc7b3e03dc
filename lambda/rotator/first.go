package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/aws/smithy-go"

	"github.com/gatehouse-iac/gatehouse/internal/distribution"
	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/keystore/ssmstore"
)

// deniedPatience is how long a run waits for IAM.
const deniedPatience = 30 * time.Second

// listTries is how often create looks for a key that it added and no listing shows yet.
const listTries = 10

// created is a key that was just made. Its own redaction keeps the value out of logs.
type created struct {
	name  keyring.Name
	value keyring.Value
}

// LogValue implements [slog.LogValuer].
func (c created) LogValue() slog.Value { return slog.StringValue(string(c.name)) }

// firstKey is the answer to create: it names a key that the keyring has. The value stays
// in Parameter Store, where the update of the stack reads it with a permission of its
// own.
type firstKey struct {
	Name keyring.Name `json:"name"`
}

// create names the newest key of the keyring, and makes it first if the keyring is empty. Two
// that overlap may make and name a key each: both are in the keyring, and rotation deletes
// the one that CloudFront does not get.
func (r *rotator) create(ctx context.Context, _ event) (any, error) {
	var name keyring.Name
	err := r.whenAllowed(ctx, func() (err error) {
		name, err = r.newestOrFirst(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return firstKey{name}, nil
}

func (r *rotator) newestOrFirst(ctx context.Context) (keyring.Name, error) {
	newest, ok, err := r.newest(ctx)
	if err != nil || ok {
		return newest, err
	}
	made, err := r.newFirstKey()
	if err != nil {
		return "", err
	}
	// A name that exists is that of this very key, most likely: the reply was lost and
	// the SDK tried again.
	err = r.store.Add(ctx, made.name, made.value)
	if err != nil && !errors.Is(err, ssmstore.ErrExists) {
		return "", err
	}
	r.log.InfoContext(ctx, "added a key to the empty keyring", "key", made)
	return r.listed(ctx, made.name)
}

// listed waits until a listing shows the key that was added, and returns the newest of
// the listing: the update of the stack lists the keyring next.
func (r *rotator) listed(ctx context.Context, added keyring.Name) (keyring.Name, error) {
	for range listTries {
		newest, ok, err := r.newest(ctx)
		if err != nil || ok {
			return newest, err
		}
		if err := sleep(ctx, listPause); err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("the keyring is empty although key %s exists: run `pulumi up` again", added)
}

// newest returns the name of the newest key of the keyring, and false when the keyring is
// empty.
func (r *rotator) newest(ctx context.Context) (keyring.Name, bool, error) {
	ring, err := r.readRing(ctx)
	if err != nil {
		return "", false, err
	}
	newest, ok := ring.Newest()
	return newest.Name, ok, nil
}

// newKey draws a key that is made at the moment.
func (r *rotator) newKey(moment time.Time) (created, error) {
	var nonce [keyring.NonceSize]byte
	var value [keyring.ValueSize]byte
	for _, random := range [][]byte{nonce[:], value[:]} {
		if _, err := io.ReadFull(r.random, random); err != nil {
			return created{}, fmt.Errorf("draw random bytes for a key: %w", err)
		}
	}
	return created{keyring.NewName(moment, nonce), keyring.NewValue(value)}, nil
}

// newFirstKey draws a key that the first tick replaces.
func (r *rotator) newFirstKey() (created, error) {
	now := r.now()
	made, err := r.newKey(now)
	made.name = keyring.NewFirstName(now)
	return made, err
}

// whenAllowed does something until IAM allows it, for a while. The first run of all,
// and the first tick, come right after the role and its policies were written, and IAM
// needs some seconds until these are known everywhere.
func (r *rotator) whenAllowed(ctx context.Context, do func() error) error {
	for pause, left := time.Second, deniedPatience; ; pause = min(2*pause, 8*time.Second) {
		err := do()
		if !isDenied(err) || left < pause {
			return err
		}
		r.log.WarnContext(ctx, "denied, which may be because the role is new: trying again", "error", err)
		left -= pause
		if sleep(ctx, pause) != nil {
			return err
		}
	}
}

// isDenied reports whether an AWS service refused a call for lack of a permission.
// Services have one of two codes for it.
func isDenied(err error) bool {
	if errors.Is(err, distribution.ErrDenied) {
		return true
	}
	var refused smithy.APIError
	if !errors.As(err, &refused) {
		return false
	}
	code := refused.ErrorCode()
	return code == "AccessDeniedException" || code == "AccessDenied"
}

// deleted is the answer to delete.
type deleted struct {
	Deleted int `json:"deleted"`
}

// delete empties the keyring, so that nothing is left of the stack that had it. It
// leaves alone what is no key by its name.
func (r *rotator) delete(ctx context.Context, _ event) (any, error) {
	names, err := r.store.Names(ctx)
	if err != nil {
		return nil, err
	}
	count, err := r.store.Delete(ctx, names...)
	if err != nil {
		return nil, err
	}
	r.log.InfoContext(ctx, "emptied the keyring", "deleted", count)
	return deleted{count}, nil
}
