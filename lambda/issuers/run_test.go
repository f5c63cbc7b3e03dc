package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/admit"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
	"github.com/gatehouse-iac/gatehouse/internal/token"
	"github.com/gatehouse-iac/gatehouse/internal/token/tokentest"
)

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// world has a reader, its table, and the issuers that it reads.
type world struct {
	*reader
	table   *dynamotest.Table
	log     bytes.Buffer
	time    time.Time
	waited  time.Duration
	servers map[string]*tokentest.Issuer
}

func newWorld() *world {
	w := &world{table: dynamotest.New(), time: noon, servers: map[string]*tokentest.Issuer{}}
	w.reader = &reader{
		table: w.table, http: newHTTPClient(), now: func() time.Time { return w.time }, log: slog.New(slog.NewJSONHandler(&w.log, nil)),
		sleep: func(_ context.Context, d time.Duration) error { w.waited += d; return nil },
	}
	return w
}

// serve starts an issuer, whose responses wrap may change, and adds it to the reader's.
func (w *world) serve(t *testing.T, name string, wrap func(http.Handler) http.Handler) *tokentest.Issuer {
	t.Helper()
	issuer := &tokentest.Issuer{Audience: "gatehouse"}
	var handler http.Handler = issuer
	if wrap != nil {
		handler = wrap(issuer)
	}
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	roots := w.http.Transport.(*http.Transport).TLSClientConfig
	if roots.RootCAs == nil {
		roots.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	}
	issuer.URL = server.URL
	w.servers[name] = issuer
	w.issuers = append(w.issuers, token.Issuer{Name: name, URL: server.URL, Audience: issuer.Audience})
	return issuer
}

func (w *world) stored(t *testing.T, name string) (clientstore.PublishedKeys, bool) {
	t.Helper()
	keys, found, err := clientstore.Store{Table: w.table}.PublishedKeys(t.Context(), name)
	require.NoError(t, err)
	return keys, found
}

func TestKeysAreStored(t *testing.T) {
	w := newWorld()
	for _, name := range []string{"corp", "ci"} {
		w.serve(t, name, nil).AddKey(t, tokentest.P256)
	}
	w.servers["ci"].AddKey(t, tokentest.RSA)
	read, err := w.run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, summary{map[string]int{"corp": 1, "ci": 2}}, read)
	for name, server := range w.servers {
		keys, found := w.stored(t, name)
		assert.True(t, found)
		assert.Equal(t, server.URL, keys.Issuer.URL)
		assert.True(t, noon.Equal(keys.At))
	}
}

// Tokens are verified by the keys of the last tick, from their first to their last day.
func TestTokensFollowTheKeysOfTheirIssuer(t *testing.T) {
	for _, kinds := range [][2]tokentest.Kind{{tokentest.RSA, tokentest.P256}, {tokentest.P256, tokentest.Ed25519}} {
		w := newWorld()
		server := w.serve(t, "corp", nil)
		w.table.Put(clientstore.Subject{Issuer: "corp", Claim: clientstore.AnyClaim, Value: clientstore.AnyValue}.Item("acme"))
		tokens := admit.NewTokens(clientstore.Store{Table: w.table}, w.issuers)
		identify := func(key tokentest.Key) error {
			_, err := tokens.Identify(t.Context(), server.Token(t, key, w.time), w.time)
			return err
		}
		tick := func() {
			w.time = w.time.Add(10 * time.Minute)
			_, err := w.run(t.Context())
			require.NoError(t, err)
		}
		old := server.AddKey(t, kinds[0])
		require.ErrorIs(t, identify(old), admit.ErrKeysUnavailable)
		tick()
		require.NoError(t, identify(old))
		fresh := server.AddKey(t, kinds[1])
		assert.Equal(t, token.UnknownKey, identify(fresh))
		tick()
		require.NoError(t, identify(fresh))
		require.NoError(t, identify(old))
		server.RemoveKey(old)
		tick()
		assert.Equal(t, token.UnknownKey, identify(old))
		require.NoError(t, identify(fresh))
	}
}

func TestOneBadIssuerStopsNoOther(t *testing.T) {
	w := newWorld()
	w.serve(t, "corp", nil).AddKey(t, tokentest.P256)
	w.serve(t, "ci", nil).AddKey(t, tokentest.P256)
	_, err := w.run(t.Context())
	require.NoError(t, err)

	w.time = noon.Add(10 * time.Minute)
	w.servers["ci"].RemoveKey(tokentest.Key{ID: "ES256-1"})
	read, err := w.run(t.Context())
	require.ErrorContains(t, err, "issuer ci: the key set has no key")
	assert.NotContains(t, err.Error(), "corp")
	assert.Equal(t, map[string]int{"corp": 1}, read.Keys)
	assert.Contains(t, w.log.String(), `"level":"ERROR","msg":"the keys of an issuer can't be read or stored","issuer":"ci"`)
	corp, _ := w.stored(t, "corp")
	ci, _ := w.stored(t, "ci")
	assert.True(t, corp.At.Equal(w.time))
	assert.True(t, ci.At.Equal(noon), "the keys of before stay")
	assert.Equal(t, 1, ci.Issuer.Keys.Len())
}

// respond answers requests for one path itself.
func respond(path string, status int, body string, headers ...string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path != path {
				next.ServeHTTP(rw, r)
				return
			}
			for i := 0; i < len(headers); i += 2 {
				rw.Header().Set(headers[i], headers[i+1])
			}
			rw.WriteHeader(status)
			_, _ = rw.Write([]byte(strings.ReplaceAll(body, "{issuer}", "https://"+r.Host)))
		})
	}
}

func TestBadIssuers(t *testing.T) {
	const document = "/.well-known/openid-configuration"
	large := strings.Repeat(" ", token.MaxKeySetLength+1)
	for name, row := range map[string]struct {
		wrap func(http.Handler) http.Handler
		want string
	}{
		"document is absent":     {respond(document, http.StatusNotFound, ""), "status 404; want 200"},
		"document was moved":     {respond(document, http.StatusFound, "", "location", "/keys"), "status 302; want 200, without a redirect"},
		"document is no JSON":    {respond(document, http.StatusOK, "<html>"), "no JSON"},
		"document is too large":  {respond(document, http.StatusOK, large), "more than 65536 bytes"},
		"issuer is another":      {respond(document, http.StatusOK, `{"issuer":"https://evil.example.com","jwks_uri":"{issuer}/keys"}`), `of the issuer "https://evil.example.com"`},
		"issuer has a slash":     {respond(document, http.StatusOK, `{"issuer":"{issuer}/","jwks_uri":"{issuer}/keys"}`), "byte for byte"},
		"keys without TLS":       {respond(document, http.StatusOK, `{"issuer":"{issuer}","jwks_uri":"http://login.example.com/keys"}`), "an https URL"},
		"keys on this machine":   {respond(document, http.StatusOK, `{"issuer":"{issuer}","jwks_uri":"http://127.0.0.1:9001/keys"}`), "an https URL"},
		"keys in a file":         {respond(document, http.StatusOK, `{"issuer":"{issuer}","jwks_uri":"file:///etc/passwd"}`), "an https URL"},
		"no URL of keys":         {respond(document, http.StatusOK, `{"issuer":"{issuer}"}`), "an https URL"},
		"keys were moved":        {respond("/keys", http.StatusMovedPermanently, "", "location", "https://evil.example.com/keys"), "status 301"},
		"keys are too large":     {respond("/keys", http.StatusOK, large), "more than 65536 bytes"},
		"keys are no JSON":       {respond("/keys", http.StatusOK, "keys"), "it is no JSON"},
		"no key verifies tokens": {respond("/keys", http.StatusOK, `{"keys":[{"kty":"oct","k":"AAAA"}]}`), "no key that verifies tokens"},
		"keys fail":              {respond("/keys", http.StatusInternalServerError, ""), "status 500"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.serve(t, "corp", row.wrap).AddKey(t, tokentest.P256)
			_, err := w.run(t.Context())
			require.ErrorContains(t, err, "issuer corp: ")
			require.ErrorContains(t, err, row.want)
			_, found := w.stored(t, "corp")
			assert.False(t, found)
		})
	}
}

func TestCertificatesAreVerified(t *testing.T) {
	w := newWorld()
	w.serve(t, "corp", nil).AddKey(t, tokentest.P256)
	w.http = newHTTPClient()
	_, err := w.run(t.Context())
	require.ErrorContains(t, err, "certificate")
}

func TestSlowIssuersTimeOut(t *testing.T) {
	w := newWorld()
	w.serve(t, "corp", func(http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	})
	assert.Equal(t, requestTimeout, w.http.Timeout)
	w.http.Timeout = 50 * time.Millisecond
	_, err := w.run(t.Context())
	require.ErrorContains(t, err, "Client.Timeout exceeded")
}

// An issuer on this machine itself needs no TLS, nor do its keys.
func TestLocalIssuers(t *testing.T) {
	w := newWorld()
	issuer := &tokentest.Issuer{Audience: "gatehouse"}
	server := httptest.NewServer(issuer)
	t.Cleanup(server.Close)
	issuer.URL = server.URL
	issuer.AddKey(t, tokentest.P256)
	written := "local=" + issuer.URL + "|gatehouse"
	parsed, ok := token.ParseIssuer(written)
	require.True(t, ok, written)
	w.issuers = []token.Issuer{parsed}
	read, err := w.run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, read.Keys["local"])
}

func TestADeniedWriteIsRetried(t *testing.T) {
	w := newWorld()
	w.serve(t, "corp", nil).AddKey(t, tokentest.P256)
	denied := 3
	w.table.Before = func(string) error {
		if denied == 0 {
			return nil
		}
		denied--
		return &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not authorized to perform: dynamodb:PutItem"}
	}
	_, err := w.run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 7*time.Second, w.waited)

	denied = 100
	_, err = w.run(t.Context())
	require.ErrorContains(t, err, "AccessDeniedException")
	assert.LessOrEqual(t, w.waited, 7*time.Second+deniedTimeout)
}

func TestOtherErrorsAreNotRetriedHere(t *testing.T) {
	w := newWorld()
	w.serve(t, "corp", nil).AddKey(t, tokentest.P256)
	down := errors.New("no connection")
	calls := 0
	w.table.Before = func(string) error { calls++; return down }
	_, err := w.run(t.Context())
	require.ErrorIs(t, err, down)
	assert.Equal(t, 1, calls)
	assert.Zero(t, w.waited)
}

var _ table = (*dynamo.Client)(nil)
