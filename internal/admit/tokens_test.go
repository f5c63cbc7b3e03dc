package admit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/admit"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
	"github.com/gatehouse-iac/gatehouse/internal/token"
	"github.com/gatehouse-iac/gatehouse/internal/token/tokentest"
)

// identityProvider is an issuer whose keys are in a table.
type identityProvider struct {
	tokentest.Issuer
	table *dynamotest.Table
	reads int
	t     *testing.T
}

func newIdentityProvider(t *testing.T) *identityProvider {
	i := &identityProvider{Issuer: tokentest.Issuer{URL: "https://login.example.com", Audience: "gatehouse"}, table: dynamotest.New(), t: t}
	i.table.Before = func(operation string) error {
		if operation == dynamotest.GetItem {
			i.reads++
		}
		return nil
	}
	return i
}

func (i *identityProvider) accepted() []token.Issuer {
	return []token.Issuer{{Name: "corp", URL: i.URL, Audience: i.Audience}}
}

// publish stores the issuer's keys, as its tick does.
func (i *identityProvider) publish(at time.Time) {
	keys, err := token.ParseKeySet(i.KeySet())
	require.NoError(i.t, err)
	issuer := i.accepted()[0]
	issuer.Keys = keys
	write, err := clientstore.PublishedKeys{Issuer: issuer, At: at}.Put()
	require.NoError(i.t, err)
	i.table.Put(write.Put.Item)
}

// assign makes a client of a subject.
func (i *identityProvider) assign(claim, value, client string) clientstore.Subject {
	subject := clientstore.Subject{Issuer: "corp", Claim: claim, Value: value}
	i.table.Put(subject.Item(client))
	return subject
}

func (i *identityProvider) tokens() *admit.Tokens {
	return admit.NewTokens(clientstore.Store{Table: i.table}, i.accepted())
}

func TestTokensAreOfTheirFirstSubject(t *testing.T) {
	i := newIdentityProvider(t)
	key := i.AddKey(t, tokentest.P256)
	i.publish(noon)
	text := i.Token(t, key, noon, map[string]any{"client_id": "a", "azp": "b", "sub": "c"})
	for n, row := range []struct{ claim, value, client string }{
		{"*", "*", "all"}, {"sub", "c", "of-sub"}, {"azp", "b", "of-azp"}, {"client_id", "a", "of-client-id"},
	} {
		subject := i.assign(row.claim, row.value, row.client)
		holder, err := i.tokens().Identify(t.Context(), text, noon)
		require.NoError(t, err)
		want := clientstore.Identity{Client: row.client, ID: subject.ID(), Expires: noon.Add(time.Hour).Local()}
		assert.Equal(t, admit.Holder{Identity: want, User: "c"}, holder, "row %d", n)
	}
}

func TestTokensOfNoClient(t *testing.T) {
	i := newIdentityProvider(t)
	key := i.AddKey(t, tokentest.RSA)
	i.publish(noon)
	i.assign("sub", "another", "acme")
	i.assign("sub", "*", "acme") // is no subject of all tokens
	tokens := i.tokens()
	text := i.Token(t, key, noon, map[string]any{"sub": "x", "azp": "another"})
	for range 3 {
		_, err := tokens.Identify(t.Context(), text, noon)
		assert.Equal(t, admit.UnknownSubject, err)
	}
	assert.Equal(t, 1+3, i.reads, "the keys, and each possible subject once")
	i.assign("sub", "x", "acme")
	_, err := tokens.Identify(t.Context(), text, noon.Add(10*time.Second-1))
	assert.Equal(t, admit.UnknownSubject, err)
	holder, err := tokens.Identify(t.Context(), text, noon.Add(10*time.Second))
	require.NoError(t, err)
	assert.Equal(t, "acme", holder.Client)
}

func TestSubjectsCanChangeHands(t *testing.T) {
	i := newIdentityProvider(t)
	key := i.AddKey(t, tokentest.Ed25519)
	i.publish(noon)
	i.assign("azp", "billing", "acme")
	tokens := i.tokens()
	text := i.Token(t, key, noon, map[string]any{"azp": "billing"})
	identify := func(at time.Time) string {
		holder, err := tokens.Identify(t.Context(), text, at)
		require.NoError(t, err)
		return holder.Client
	}
	assert.Equal(t, "acme", identify(noon))
	i.assign("azp", "billing", "other")
	assert.Equal(t, "acme", identify(noon.Add(time.Minute-1)), "whose policy lacks the subject now")
	assert.Equal(t, "other", identify(noon.Add(time.Minute)))
}

func TestKeysAreRotated(t *testing.T) {
	for _, kinds := range [][2]tokentest.Kind{{tokentest.RSA, tokentest.P256}, {tokentest.P256, tokentest.RSA}} {
		i := newIdentityProvider(t)
		old := i.AddKey(t, kinds[0])
		i.publish(noon)
		i.assign("*", "*", "acme")
		tokens := i.tokens()
		identify := func(key tokentest.Key, at time.Time) error {
			_, err := tokens.Identify(t.Context(), i.Token(t, key, noon), at)
			return err
		}
		require.NoError(t, identify(old, noon))

		fresh := i.AddKey(t, kinds[1])
		assert.Equal(t, token.UnknownKey, identify(fresh, noon.Add(time.Second)), "before the tick")
		i.publish(noon.Add(time.Second))
		assert.Equal(t, token.UnknownKey, identify(fresh, noon.Add(2*time.Second)), "the keys were read less than 10 seconds ago")
		require.NoError(t, identify(fresh, noon.Add(10*time.Second)))
		require.NoError(t, identify(old, noon.Add(10*time.Second)), "both are published")

		i.RemoveKey(old)
		i.publish(noon.Add(20 * time.Second))
		require.NoError(t, identify(old, noon.Add(69*time.Second)), "remembered for a minute")
		assert.Equal(t, token.UnknownKey, identify(old, noon.Add(70*time.Second)))
		require.NoError(t, identify(fresh, noon.Add(70*time.Second)))
	}
}

func TestUnknownKeysCauseFewReads(t *testing.T) {
	i := newIdentityProvider(t)
	i.AddKey(t, tokentest.P256)
	stranger := &tokentest.Issuer{URL: i.URL, Audience: i.Audience}
	key := stranger.AddKey(t, tokentest.P256)
	i.publish(noon)
	tokens := i.tokens()
	for n := range 100 {
		text := stranger.Token(t, key, noon, tokentest.WithHeader(map[string]any{"kid": fmt.Sprint("guess-", n)}))
		_, err := tokens.Identify(t.Context(), text, noon.Add(time.Duration(n)*100*time.Millisecond))
		require.Equal(t, token.UnknownKey, err)
	}
	assert.Equal(t, 1, i.reads)
}

// That keys are missing is no fault of the token: it is never refused for it.
func TestKeysThatAreNotThere(t *testing.T) {
	i := newIdentityProvider(t)
	key := i.AddKey(t, tokentest.P256)
	i.assign("*", "*", "acme")
	text := i.Token(t, key, noon)
	tokens := i.tokens()
	identify := func() error {
		_, err := tokens.Identify(t.Context(), text, noon)
		return err
	}
	require.ErrorIs(t, identify(), admit.ErrKeysUnavailable, "before the first tick")
	i.publish(noon.Add(-24 * time.Hour))
	require.NoError(t, identify(), "read again at once, without keys")
	i.publish(noon.Add(-24*time.Hour - time.Second))
	tokens = i.tokens()
	require.ErrorIs(t, identify(), admit.ErrKeysUnavailable, "too old")
	i.publish(noon)
	require.NoError(t, identify(), "read again at once")

	moved := i.accepted()
	moved[0].URL += "/moved"
	i.publish(noon)
	tokens = admit.NewTokens(clientstore.Store{Table: i.table}, moved)
	text = i.Token(t, key, noon, map[string]any{"iss": moved[0].URL})
	require.ErrorIs(t, identify(), admit.ErrKeysUnavailable, "the keys of the issuer before the settings changed")
}

func TestATableThatIsAwayIsNoReason(t *testing.T) {
	i := newIdentityProvider(t)
	key := i.AddKey(t, tokentest.P256)
	i.publish(noon)
	i.assign("*", "*", "acme")
	tokens := i.tokens()
	text := i.Token(t, key, noon)
	i.table.Before = func(string) error { return errDown }
	_, err := tokens.Identify(t.Context(), text, noon)
	require.ErrorIs(t, err, errDown)
	i.table.Before = nil
	_, err = tokens.Identify(t.Context(), text, noon)
	require.NoError(t, err)
	i.table.Before = func(string) error { return errDown }
	_, err = tokens.Identify(t.Context(), text, noon.Add(59*time.Second))
	require.NoError(t, err, "remembered")
	_, err = tokens.Identify(t.Context(), text, noon.Add(time.Minute))
	require.ErrorIs(t, err, errDown)
	var reason token.Reason
	assert.NotErrorAs(t, err, &reason)
}

func TestTokensOfOthersReadNothing(t *testing.T) {
	i := newIdentityProvider(t)
	key := i.AddKey(t, tokentest.P256)
	tokens := i.tokens()
	_, err := tokens.Identify(t.Context(), i.Token(t, key, noon, map[string]any{"iss": "https://other.example.com"}), noon)
	assert.Equal(t, token.UnknownIssuer, err)
	_, err = tokens.Identify(t.Context(), "eyJ.eyJ.", noon)
	assert.Equal(t, token.Malformed, err)
	assert.Zero(t, i.reads)
}

func TestNoIssuers(t *testing.T) {
	tokens := admit.NewTokens(clientstore.Store{}, nil)
	assert.Nil(t, tokens)
	assert.False(t, tokens.Accepts("eyJ.eyJ.eyJ"))
}
