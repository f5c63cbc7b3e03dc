package clientstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
)

var digest = credential.New([credential.RandomSize]byte{1}).Digest()

func TestResolveReturnsWhatTheItemSays(t *testing.T) {
	dynamotest.OnEach(t, func(t *testing.T, table dynamotest.API) {
		store := clientstore.Store{Table: table}
		for _, expires := range []time.Time{{}, time.Unix(noon.Unix(), 0)} {
			identity := clientstore.Identity{Client: name, ID: digest.ID(), Expires: expires}
			put := &dynamo.Put{Item: clientstore.KeyItem(digest, identity, noon)}
			require.NoError(t, table.TransactWrite(t.Context(), []dynamo.Write{{Put: put}}))
			resolved, found, err := store.Resolve(t.Context(), digest)
			require.NoError(t, err)
			assert.True(t, found)
			assert.Equal(t, identity, resolved)
		}
		other := credential.New([credential.RandomSize]byte{2}).Digest()
		_, found, err := store.Resolve(t.Context(), other)
		require.NoError(t, err)
		assert.False(t, found)
	})
}

func TestKeyItemIsStable(t *testing.T) {
	identity := clientstore.Identity{Client: name, ID: digest.ID(), Expires: noon}
	assert.Equal(t, dynamo.Item{
		"pk": dynamo.String("K#" + digest.String()), "sk": dynamo.String("K"), "c": dynamo.String(name),
		"id": dynamo.String(digest.ID()), "exp": dynamo.Number(noon.Unix()), "at": dynamo.Number(noon.Unix() - 1),
	}, clientstore.KeyItem(digest, identity, noon.Add(-time.Second)))
}

func TestDamagedCredentialsAreErrors(t *testing.T) {
	for attribute, value := range map[string]dynamo.Value{
		"c": dynamo.String("no client"), "id": dynamo.String("aaaaaaaa"), "exp": dynamo.String("tomorrow"),
	} {
		table := dynamotest.New()
		item := clientstore.KeyItem(digest, clientstore.Identity{Client: name, ID: digest.ID()}, noon)
		item[attribute] = value
		table.Put(item)
		_, found, err := clientstore.Store{Table: table}.Resolve(t.Context(), digest)
		require.ErrorContains(t, err, "attribute "+attribute)
		require.ErrorContains(t, err, digest.ID())
		assert.NotContains(t, err.Error(), digest.String())
		assert.False(t, found)
	}
}

// wrong returns the same item for every key.
type wrong struct {
	clientstore.Table
	item dynamo.Item
}

func (w wrong) GetItem(context.Context, dynamo.Item) (dynamo.Item, error) { return w.item, nil }

func TestAnotherCredentialsItemIsRefused(t *testing.T) {
	other := credential.New([credential.RandomSize]byte{2}).Digest()
	item := clientstore.KeyItem(other, clientstore.Identity{Client: name, ID: digest.ID()}, noon)
	_, found, err := clientstore.Store{Table: wrong{item: item}}.Resolve(t.Context(), digest)
	require.ErrorContains(t, err, "another credential")
	assert.False(t, found)
}

func TestAnErrorIsNoUnknownCredential(t *testing.T) {
	down := errors.New("down")
	table := dynamotest.New()
	table.Before = func(string) error { return down }
	_, _, err := clientstore.Store{Table: table}.Resolve(t.Context(), digest)
	require.ErrorIs(t, err, down)
	assert.NotContains(t, err.Error(), digest.String())
}
