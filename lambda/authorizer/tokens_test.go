package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/admit"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
	"github.com/gatehouse-iac/gatehouse/internal/token"
	"github.com/gatehouse-iac/gatehouse/internal/token/tokentest"
)

func TestDecisionsAboutTokens(t *testing.T) {
	issuer := &tokentest.Issuer{URL: "https://login.example.com", Audience: "gatehouse"}
	key := issuer.AddKey(t, tokentest.RSA)
	keys, err := token.ParseKeySet(issuer.KeySet())
	require.NoError(t, err)
	accepted := token.Issuer{Name: "corp", URL: issuer.URL, Audience: issuer.Audience}
	subject := clientstore.Subject{Issuer: "corp", Claim: clientstore.SubClaim, Value: "alice"}
	valid := issuer.Token(t, key, noon, map[string]any{"sub": "alice"})
	admitted := fmt.Sprintf(`{"isAuthorized":true,"context":{"originKey":"%s","client":"acme","key":"%s"}}`, testKey(1).Name, subject.ID())
	for _, test := range []struct {
		title  string
		text   string
		read   time.Time // of the keys
		policy func(*client.Policy)
		want   string // "" for an error
		reason string
		user   string
	}{
		{title: "admitted", want: admitted, reason: reasonAdmitted, user: "alice"},
		{title: "audience", text: issuer.Token(t, key, noon, map[string]any{"sub": "alice", "aud": "other"}), want: refused, reason: token.WrongAudience.Error()},
		{title: "another subject", text: issuer.Token(t, key, noon, map[string]any{"sub": "bob"}), want: refused, reason: admit.UnknownSubject.Error()},
		{title: "malformed", text: "eyJ.a.b", want: refused, reason: token.Malformed.Error()},
		{title: "old keys", read: noon.Add(-25 * time.Hour), reason: reasonTable},
		{title: "taken off its client", policy: func(p *client.Policy) { p.Keys = nil }, want: refused, reason: "refused: invalid_key", user: "alice"},
	} {
		t.Run(test.title, func(t *testing.T) {
			s := newClientSetup(t, func(p *client.Policy) {
				p.Keys = []string{subject.ID()}
				if test.policy != nil {
					test.policy(p)
				}
			})
			s.clients.tokens = admit.NewTokens(clientstore.Store{Table: s.table}, []token.Issuer{accepted})
			published := accepted
			published.Keys = keys
			if test.read.IsZero() {
				test.read = noon
			}
			write, err := clientstore.PublishedKeys{Issuer: published, At: test.read}.Put()
			require.NoError(t, err)
			s.table.Put(write.Put.Item)
			s.table.Put(subject.Item("acme"))
			if test.text == "" {
				test.text = valid
			}
			event := clientPayload(t, testKey(1).Value.Reveal(), test.text)
			if test.want == "" {
				_, err := s.Invoke(t.Context(), event)
				require.ErrorIs(t, err, admit.ErrKeysUnavailable)
				require.ErrorContains(t, err, test.reason)
				assert.NotContains(t, err.Error(), test.text)
				return
			}
			answer, line := s.invoke(t, event)
			assert.JSONEq(t, test.want, answer)
			assert.Contains(t, line["reason"], test.reason)
			if test.user != "" {
				assert.Equal(t, test.user, line["user"])
			}
			assert.Equal(t, test.want == admitted, s.table.Calls(dynamotest.UpdateItem) == 1)
		})
	}
}
