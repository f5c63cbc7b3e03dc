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
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/keystore"
	"github.com/gatehouse-iac/gatehouse/internal/keystore/keystoretest"
	"github.com/gatehouse-iac/gatehouse/internal/keystore/ssmstore"
)

const path = "/gatehouse/test/origin-key"

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

func TestReadReturnsTheRingOverAllPages(t *testing.T) {
	for _, count := range []byte{0, 1, 10, 11, 25} {
		for _, pageSize := range []int{1, 3, 10} {
			fake := fakeWith(count)
			fake.PageSize = pageSize
			found, err := keystore.NewReader(ssmstore.NewLister(fake), path).Read(t.Context())
			require.NoError(t, err)
			assert.Empty(t, found.Skipped)
			require.Equal(t, int(count), found.Keyring.Len(), "page size %d", pageSize)
			for n, got := range found.Keyring.Keys() {
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

	found, err := keystore.NewReader(ssmstore.NewLister(fake), path).Read(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, found.Keyring.Len())
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
	found, err := keystore.NewReader(ssmstore.NewLister(fake), path).Read(t.Context())
	require.ErrorContains(t, err, "read the origin keys below "+path)
	var internal *types.InternalServerError
	require.ErrorAs(t, err, &internal)
	assert.Zero(t, found.Keyring.Len(), "half a keyring would reject valid requests")
}

func TestReadRejectsAResponseWithoutDates(t *testing.T) {
	_, err := keystore.NewReader(ssmstore.NewLister(undated{fakeWith(1)}), path).Read(t.Context())
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
	names, err := keystore.NewReader(ssmstore.NewLister(fake), path).Names(t.Context())
	require.NoError(t, err)
	require.Len(t, names, 13)
	assert.Equal(t, key(0).Name, names[0])
	assert.Equal(t, key(12).Name, names[12])

	fake.Before = func(context.Context, string) error { return errors.New("gone") }
	_, err = keystore.NewReader(ssmstore.NewLister(fake), path).Names(t.Context())
	assert.EqualError(t, err, "list the origin keys below "+path+": gone")
}

func TestIsPath(t *testing.T) {
	for _, good := range []string{"/gatehouse/dev/origin-key", "/a", "/A.b_c-9", strings.Repeat("/a", 14)} {
		assert.True(t, keystore.IsPath(good), good)
	}
	for _, bad := range []string{"", "/", "a", "a/b", "/a/", "//a", "/a//b", "/a b", "/a*", "/é", strings.Repeat("/a", 15)} {
		assert.False(t, keystore.IsPath(bad), bad)
	}
}
