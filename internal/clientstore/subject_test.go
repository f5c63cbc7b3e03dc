package clientstore_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
	"github.com/gatehouse-iac/gatehouse/internal/token"
	"github.com/gatehouse-iac/gatehouse/internal/token/tokentest"
)

var subject = clientstore.Subject{Issuer: "corp", Claim: clientstore.AzpClaim, Value: "billing"}

func TestSubjectItemIsStable(t *testing.T) {
	assert.Equal(t, dynamo.Item{
		"pk": dynamo.String("J#" + subject.Digest().String()), "sk": dynamo.String("J"),
		"c": dynamo.String(name), "id": dynamo.String(subject.ID()),
	}, subject.Item(name))
	assert.Equal(t, "CzwgnMNSfbo8_1XsbHph-Ez55TA32oQGonUuvTjE2G4", subject.Digest().String())
}

func TestResolveSubject(t *testing.T) {
	dynamotest.OnEach(t, func(t *testing.T, table dynamotest.API) {
		store := clientstore.Store{Table: table}
		require.NoError(t, table.TransactWrite(t.Context(), []dynamo.Write{{Put: &dynamo.Put{Item: subject.Item(name)}}}))
		identity, found, err := store.ResolveSubject(t.Context(), subject)
		require.NoError(t, err)
		assert.True(t, found)
		assert.Equal(t, clientstore.Identity{Client: name, ID: subject.ID()}, identity)
		for _, other := range []clientstore.Subject{
			{Issuer: "corp2", Claim: subject.Claim, Value: subject.Value},
			{Issuer: subject.Issuer, Claim: clientstore.SubClaim, Value: subject.Value},
			{Issuer: subject.Issuer, Claim: subject.Claim, Value: "billing2"},
		} {
			_, found, err = store.ResolveSubject(t.Context(), other)
			require.NoError(t, err)
			assert.False(t, found, other)
		}
	})
}

func TestDamagedSubjectsAreErrors(t *testing.T) {
	for attribute, value := range map[string]dynamo.Value{"c": dynamo.String("no client"), "id": dynamo.String("aaaaaaaa")} {
		table := dynamotest.New()
		item := subject.Item(name)
		item[attribute] = value
		table.Put(item)
		_, found, err := clientstore.Store{Table: table}.ResolveSubject(t.Context(), subject)
		require.ErrorContains(t, err, "attribute "+attribute)
		assert.NotContains(t, err.Error(), subject.Value)
		assert.False(t, found)
	}
}

func TestPublishedKeys(t *testing.T) {
	issuer := &tokentest.Issuer{URL: "https://login.example.com", Audience: "gatehouse"}
	issuer.AddKey(t, tokentest.P256)
	issuer.AddKey(t, tokentest.Ed25519)
	keys, err := token.ParseKeySet(issuer.KeySet())
	require.NoError(t, err)
	published := clientstore.PublishedKeys{
		Issuer: token.Issuer{Name: "corp", URL: issuer.URL, Audience: issuer.Audience, Keys: keys}, At: noon.Local(),
	}
	dynamotest.OnEach(t, func(t *testing.T, table dynamotest.API) {
		store := clientstore.Store{Table: table}
		_, found, err := store.PublishedKeys(t.Context(), "corp")
		require.NoError(t, err)
		assert.False(t, found)
		write, err := published.Put()
		require.NoError(t, err)
		require.NoError(t, table.TransactWrite(t.Context(), []dynamo.Write{write}))
		read, found, err := store.PublishedKeys(t.Context(), "corp")
		require.NoError(t, err)
		assert.True(t, found)
		assert.Equal(t, published, read)
	})
	write, err := published.Put()
	require.NoError(t, err)
	for _, attribute := range []string{"jwks", "at"} {
		table := dynamotest.New()
		item := dynamo.Item{}
		for name, value := range write.Put.Item {
			if name != attribute {
				item[name] = value
			}
		}
		table.Put(item)
		_, _, err := clientstore.Store{Table: table}.PublishedKeys(t.Context(), "corp")
		require.ErrorContains(t, err, "attribute "+attribute)
	}
}
