package ssmstore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/keystore/keystoretest"
	"github.com/gatehouse-iac/gatehouse/internal/keystore/ssmstore"
)

const (
	path   = "/gatehouse/test/origin-key"
	kmsKey = "arn:aws:kms:us-east-1:123456789012:key/1234"
)

var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// key returns the n-th key, made n seconds after noon.
func key(n byte) keyring.Key {
	made := noon.Add(time.Duration(n) * time.Second)
	return keyring.Key{
		Name:    keyring.NewName(made, [keyring.NonceSize]byte{n}),
		Value:   keyring.NewValue([keyring.ValueSize]byte{n}),
		Created: made,
	}
}

func fakeWith(count byte) *keystoretest.Fake {
	fake := &keystoretest.Fake{Now: func() time.Time { return noon }}
	for n := range count {
		fake.SetKey(path, key(n))
	}
	return fake
}

// Parameter Store does not name the missing permission in an error of KMS.
func TestAnErrorOfKMSNamesThePermission(t *testing.T) {
	fake := fakeWith(1)
	fake.Before = func(context.Context, string) error {
		return &smithy.GenericAPIError{
			Code:    "AccessDeniedException",
			Message: "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
		}
	}
	store := ssmstore.New(fake, path, "arn:aws:kms:us-east-1:123456789012:key/1234")
	_, err := store.Read(t.Context())
	require.ErrorContains(t, err, "allow the role kms:Decrypt")
	err = store.Add(t.Context(), keyring.NewName(time.Now(), [keyring.NonceSize]byte{1}), keyring.NewValue([keyring.ValueSize]byte{1}))
	require.ErrorContains(t, err, "allow the role kms:Encrypt")
	var apiError smithy.APIError
	require.ErrorAs(t, err, &apiError)
}

func TestAddCreatesAndNeverOverwrites(t *testing.T) {
	fake := fakeWith(0)
	store := ssmstore.New(fake, path, kmsKey)
	added := key(0)
	require.NoError(t, store.Add(t.Context(), added.Name, added.Value))
	assert.Equal(t, kmsKey, fake.KeyID(path+"/"+string(added.Name)))

	err := store.Add(t.Context(), added.Name, key(1).Value)
	require.ErrorIs(t, err, ssmstore.ErrExists)
	assert.ErrorContains(t, err, path+"/"+string(added.Name))

	found, err := store.Read(t.Context())
	require.NoError(t, err)
	newest, ok := found.Keyring.Newest()
	require.True(t, ok)
	assert.True(t, newest.Value.Equal(added.Value), "the first value stays")
	assert.Equal(t, noon, newest.Created)
}

func TestAddNeverShowsTheValue(t *testing.T) {
	secret := key(0).Value.Reveal()
	fake := fakeWith(0)
	fake.Before = func(context.Context, string) error {
		return fmt.Errorf("ValidationException: value '%s' failed to satisfy constraint", secret)
	}
	err := ssmstore.New(fake, path, kmsKey).Add(t.Context(), key(0).Name, key(0).Value)
	require.ErrorContains(t, err, "value '[redacted]' failed")
	for err != nil {
		assert.NotContains(t, err.Error(), secret)
		assert.NotContains(t, fmt.Sprintf("%#v", err), secret)
		err = errors.Unwrap(err)
	}
}

func TestDeleteInBatchesAndTwice(t *testing.T) {
	fake := fakeWith(25)
	fake.Set(path+"/note", "no key", noon)
	store := ssmstore.New(fake, path, kmsKey)
	names, err := store.Names(t.Context())
	require.NoError(t, err)

	deleted, err := store.Delete(t.Context(), names...)
	require.NoError(t, err)
	assert.Equal(t, 25, deleted)
	assert.Equal(t, 3, fake.Calls("DeleteParameters"))
	assert.Equal(t, []string{path + "/note"}, fake.Names())

	deleted, err = store.Delete(t.Context(), names...)
	require.NoError(t, err, "gone is what was asked for")
	assert.Zero(t, deleted)

	deleted, err = store.Delete(t.Context())
	require.NoError(t, err)
	assert.Zero(t, deleted)
}

func TestDeleteSaysHowFarItCame(t *testing.T) {
	fake := fakeWith(25)
	fake.Before = func(_ context.Context, operation string) error {
		if fake.Calls(operation) == 2 && operation == "DeleteParameters" {
			return errors.New("slow down")
		}
		return nil
	}
	store := ssmstore.New(fake, path, kmsKey)
	names, err := store.Names(t.Context())
	require.NoError(t, err)
	deleted, err := store.Delete(t.Context(), names...)
	require.ErrorContains(t, err, "slow down")
	assert.ErrorContains(t, err, string(names[10]))
	assert.Equal(t, 10, deleted)
	assert.Len(t, fake.Names(), 15)
}
