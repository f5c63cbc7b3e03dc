package keystore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/keystore"
	"github.com/gatehouse-iac/gatehouse/internal/keystore/keystoretest"
	"github.com/gatehouse-iac/gatehouse/internal/originkey"
)

const (
	path   = "/gatehouse/test/origin-key"
	kmsKey = "arn:aws:kms:us-east-1:123456789012:key/1234"
)

var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// key returns the n-th key, made n seconds after noon.
func key(n byte) originkey.Key {
	made := noon.Add(time.Duration(n) * time.Second)
	return originkey.Key{
		Name:    originkey.NewName(made, [originkey.NonceSize]byte{n}),
		Value:   originkey.NewValue([originkey.ValueSize]byte{n}),
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

func TestReadReturnsTheRingOverAllPages(t *testing.T) {
	for _, count := range []byte{0, 1, 10, 11, 25} {
		for _, pageSize := range []int{1, 3, 10} {
			fake := fakeWith(count)
			fake.PageSize = pageSize
			found, err := keystore.NewReader(fake, path).Read(t.Context())
			require.NoError(t, err)
			assert.Empty(t, found.Skipped)
			require.Equal(t, int(count), found.Ring.Len(), "page size %d", pageSize)
			for n, got := range found.Ring.Keys() {
				want := key(byte(n))
				require.Equal(t, want.Name, got.Name)
				require.Equal(t, want.Created, got.Created)
				require.True(t, want.Value.Equal(got.Value), "the value of key %d", n)
			}
		}
	}
}

func TestReadSkipsWhatIsNoKeyAndNamesIt(t *testing.T) {
	fake := fakeWith(1)
	misplaced := key(2).Value.Reveal()
	malformed := path + "/" + string(key(3).Name)
	fake.Set(path+"/note", misplaced, noon)
	fake.Set(malformed, "not-a-value", noon)
	fake.Set(path+"/deeper/"+string(key(4).Name), misplaced, noon)
	fake.Set(path+"-elsewhere/"+string(key(5).Name), misplaced, noon)

	found, err := keystore.NewReader(fake, path).Read(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, found.Ring.Len())
	require.Len(t, found.Skipped, 2)
	assert.Equal(t, malformed, found.Skipped[0].Parameter)
	assert.Contains(t, found.Skipped[0].Reason, "origin key value: want")
	assert.NotContains(t, found.Skipped[0].Reason, "not-a-value")
	assert.Equal(t, path+"/note", found.Skipped[1].Parameter)
	assert.Contains(t, found.Skipped[1].Reason, "origin key name")
	assert.NotContains(t, fmt.Sprint(found.Skipped), misplaced)
}

func TestReadFailsAsAWhole(t *testing.T) {
	fake := fakeWith(25)
	fake.Before = func(_ context.Context, operation string) error {
		if fake.Calls(operation) > 2 {
			return &types.InternalServerError{}
		}
		return nil
	}
	found, err := keystore.NewReader(fake, path).Read(t.Context())
	require.ErrorContains(t, err, "read the origin keys below "+path)
	var internal *types.InternalServerError
	require.ErrorAs(t, err, &internal)
	assert.Zero(t, found.Ring.Len(), "half a ring would refuse good requests")
}

// Parameter Store says nothing of the permission that is missing when KMS refuses.
func TestARefusalByKMSNamesThePermission(t *testing.T) {
	fake := fakeWith(1)
	fake.Before = func(context.Context, string) error {
		return &smithy.GenericAPIError{
			Code:    "AccessDeniedException",
			Message: "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
		}
	}
	store := keystore.NewStore(fake, path, "arn:aws:kms:us-east-1:123456789012:key/1234")
	_, err := store.Read(t.Context())
	require.ErrorContains(t, err, "allow the role kms:Decrypt")
	err = store.Add(t.Context(), originkey.NewName(time.Now(), [originkey.NonceSize]byte{1}), originkey.NewValue([originkey.ValueSize]byte{1}))
	require.ErrorContains(t, err, "allow the role kms:Encrypt")
	var refused smithy.APIError
	require.ErrorAs(t, err, &refused)
}

func TestReadRefusesAnAnswerWithoutDates(t *testing.T) {
	_, err := keystore.NewReader(undated{fakeWith(1)}, path).Read(t.Context())
	require.ErrorContains(t, err, "without its date of modification")
}

type undated struct{ *keystoretest.Fake }

func (u undated) GetParametersByPath(ctx context.Context, in *ssm.GetParametersByPathInput, _ ...func(*ssm.Options)) (*ssm.GetParametersByPathOutput, error) {
	out, err := u.Fake.GetParametersByPath(ctx, in)
	for i := range out.Parameters {
		out.Parameters[i].LastModifiedDate = nil
	}
	return out, err
}

func TestNamesDecryptsNothingAndKnowsMalformedKeys(t *testing.T) {
	fake := fakeWith(12)
	fake.Set(path+"/"+string(key(12).Name), "not-a-value", noon)
	fake.Set(path+"/note", "no key", noon)
	names, err := keystore.NewReader(fake, path).Names(t.Context())
	require.NoError(t, err)
	require.Len(t, names, 13)
	assert.Equal(t, key(0).Name, names[0])
	assert.Equal(t, key(12).Name, names[12])

	fake.Before = func(context.Context, string) error { return errors.New("gone") }
	_, err = keystore.NewReader(fake, path).Names(t.Context())
	assert.EqualError(t, err, "list the origin keys below "+path+": gone")
}

func TestAddCreatesAndNeverOverwrites(t *testing.T) {
	fake := fakeWith(0)
	store := keystore.NewStore(fake, path, kmsKey)
	added := key(0)
	require.NoError(t, store.Add(t.Context(), added.Name, added.Value))
	assert.Equal(t, kmsKey, fake.KeyID(path+"/"+string(added.Name)))

	err := store.Add(t.Context(), added.Name, key(1).Value)
	require.ErrorIs(t, err, keystore.ErrExists)
	assert.ErrorContains(t, err, path+"/"+string(added.Name))

	found, err := store.Read(t.Context())
	require.NoError(t, err)
	newest, ok := found.Ring.Newest()
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
	err := keystore.NewStore(fake, path, kmsKey).Add(t.Context(), key(0).Name, key(0).Value)
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
	store := keystore.NewStore(fake, path, kmsKey)
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
	store := keystore.NewStore(fake, path, kmsKey)
	names, err := store.Names(t.Context())
	require.NoError(t, err)
	deleted, err := store.Delete(t.Context(), names...)
	require.ErrorContains(t, err, "slow down")
	assert.ErrorContains(t, err, string(names[10]))
	assert.Equal(t, 10, deleted)
	assert.Len(t, fake.Names(), 15)
}

func TestIsPath(t *testing.T) {
	for _, good := range []string{"/gatehouse/dev/origin-key", "/a", "/A.b_c-9", strings.Repeat("/a", 14)} {
		assert.True(t, keystore.IsPath(good), good)
	}
	for _, bad := range []string{"", "/", "a", "a/b", "/a/", "//a", "/a//b", "/a b", "/a*", "/é", strings.Repeat("/a", 15)} {
		assert.False(t, keystore.IsPath(bad), bad)
	}
}
