package token_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/token"
	"github.com/gatehouse-iac/gatehouse/internal/token/tokentest"
)

var noon = time.Unix(1_800_000_000, 0)

const (
	url      = "https://login.example.com"
	audience = "gatehouse"
)

// issuer has a key of each kind.
type issuer struct {
	tokentest.Issuer
	rsa, p256, ed25519 tokentest.Key
}

func newIssuer(t testing.TB) *issuer {
	i := &issuer{Issuer: tokentest.Issuer{URL: url, Audience: audience}}
	i.rsa, i.p256, i.ed25519 = i.AddKey(t, tokentest.RSA), i.AddKey(t, tokentest.P256), i.AddKey(t, tokentest.Ed25519)
	return i
}

func (i *issuer) accepted(t testing.TB) []token.Issuer {
	keys, err := token.ParseKeySet(i.KeySet())
	require.NoError(t, err)
	return []token.Issuer{
		{Name: "other", URL: url + "/other", Audience: audience, Keys: keys},
		{Name: "corp", URL: url, Audience: audience, Keys: keys},
	}
}

type members = map[string]any

func inHeader(name string, value any) members { return tokentest.WithHeader(members{name: value}) }

func seconds(after time.Duration) int64 { return noon.Add(after).Unix() }

func TestTokensAreAccepted(t *testing.T) {
	i := newIssuer(t)
	for name, text := range map[string]string{
		"RS256":                      i.Token(t, i.rsa, noon),
		"PS256":                      i.Token(t, i.rsa, noon, inHeader("alg", "PS256")),
		"ES256":                      i.Token(t, i.p256, noon),
		"EdDSA":                      i.Token(t, i.ed25519, noon),
		"without key id":             i.Token(t, i.p256, noon, inHeader("kid", nil)),
		"of no type":                 i.Token(t, i.p256, noon, inHeader("typ", nil)),
		"access token":               i.Token(t, i.p256, noon, inHeader("typ", "at+jwt")),
		"access token by media type": i.Token(t, i.p256, noon, inHeader("typ", "application/AT+JWT")),
		"for several":                i.Token(t, i.p256, noon, members{"aud": []string{"other", audience}}),
		"of a clock that is ahead":   i.Token(t, i.p256, noon, members{"iat": seconds(time.Minute), "nbf": seconds(time.Minute)}),
		"for a day":                  i.Token(t, i.p256, noon, members{"exp": seconds(24 * time.Hour)}),
		"of which a second is left":  i.Token(t, i.p256, noon, members{"iat": seconds(-time.Hour), "exp": seconds(time.Second)}),
		"of fractions of seconds":    i.Token(t, i.p256, noon, members{"iat": float64(noon.Unix()) + 0.25}),
		"with a key in its header":   i.Token(t, i.p256, noon, inHeader("jwk", members{"kty": "oct"}), inHeader("jku", "https://evil.example.com")),
	} {
		subject, err := token.Verify(text, i.accepted(t), noon)
		require.NoError(t, err, name)
		assert.Equal(t, "corp", subject.Issuer, name)
		assert.True(t, subject.Expires.After(noon), name)
	}
}

func TestSubject(t *testing.T) {
	i := newIssuer(t)
	text := i.Token(t, i.rsa, noon, members{"client_id": "a", "azp": "b", "sub": "c", "CLIENT_ID": "d", "exp": seconds(time.Hour)})
	subject, err := token.Verify(text, i.accepted(t), noon)
	require.NoError(t, err)
	assert.Equal(t, token.Subject{Issuer: "corp", ClientID: "a", Azp: "b", Sub: "c", Expires: noon.Add(time.Hour)}, subject)
}

func TestTokensAreRefused(t *testing.T) {
	i := newIssuer(t)
	stranger := newIssuer(t)
	published := func(k tokentest.Key) members { return tokentest.JWK(k.ID, k.Signer.Public()) }
	valid := i.Token(t, i.p256, noon)
	parts := strings.Split(valid, ".")
	for name, row := range map[string]struct {
		text string
		want token.Reason
	}{
		"too long":             {i.Token(t, i.p256, noon, members{"x": strings.Repeat("x", 8192)}), token.TooLong},
		"empty":                {"", token.Malformed},
		"two parts":            {parts[0] + "." + parts[1], token.Malformed},
		"encrypted":            {valid + "..", token.Malformed},
		"many dots":            {strings.Repeat(".", 8000), token.Malformed},
		"padded":               {valid + "=", token.Malformed},
		"with a line break":    {parts[0] + "." + parts[1] + "\n." + parts[2], token.Malformed},
		"no object":            {b64(`[]`) + "." + parts[1] + "." + parts[2], token.Malformed},
		"no JSON":              {b64(`{"alg":"ES256"`) + "." + parts[1] + "." + parts[2], token.Malformed},
		"more after the JSON":  {b64(`{"alg":"ES256"}{}`) + "." + parts[1] + "." + parts[2], token.Malformed},
		"not UTF-8":            {b64("{\"alg\":\"ES256\",\"x\":\"\xff\"}") + "." + parts[1] + "." + parts[2], token.Malformed},
		"alg twice":            {b64(`{"alg":"none","alg":"ES256"}`) + "." + parts[1] + "." + parts[2], token.DuplicateMember},
		"aud twice":            {parts[0] + "." + b64(`{"aud":"a","aud":"b"}`) + "." + parts[2], token.DuplicateMember},
		"kid is a number":      {i.Token(t, i.p256, noon, inHeader("kid", 1)), token.Malformed},
		"iss is null":          {parts[0] + "." + b64(`{"iss":null}`) + "." + parts[2], token.Malformed},
		"sub is a list":        {i.Token(t, i.p256, noon, members{"sub": []string{"a"}}), token.Malformed},
		"sub is too long":      {i.Token(t, i.p256, noon, members{"sub": strings.Repeat("a", 256)}), token.Malformed},
		"sub breaks lines":     {i.Token(t, i.p256, noon, members{"sub": "a\nb"}), token.Malformed},
		"aud has a number":     {i.Token(t, i.p256, noon, members{"aud": []any{audience, 1}}), token.Malformed},
		"exp is a text":        {i.Token(t, i.p256, noon, members{"exp": "1900000000"}), token.Malformed},
		"exp beyond all times": {i.Token(t, i.p256, noon, members{"exp": 1e300}), token.Malformed},
		"iat is negative":      {i.Token(t, i.p256, noon, members{"iat": -1}), token.Malformed},

		"type":                   {i.Token(t, i.p256, noon, inHeader("typ", "logout+jwt")), token.WrongType},
		"critical extension":     {i.Token(t, i.p256, noon, inHeader("crit", []string{"exp"})), token.CriticalExtension},
		"no extension":           {i.Token(t, i.p256, noon, inHeader("crit", []string{})), token.CriticalExtension},
		"none":                   {i.Token(t, i.rsa, noon, inHeader("alg", "none")), token.UnknownAlgorithm},
		"none in capitals":       {b64(`{"alg":"NONE"}`) + "." + parts[1] + ".", token.UnknownAlgorithm},
		"no algorithm":           {b64(`{"typ":"JWT"}`) + "." + parts[1] + "." + parts[2], token.UnknownAlgorithm},
		"algorithm in capitals":  {b64(`{"ALG":"ES256"}`) + "." + parts[1] + "." + parts[2], token.UnknownAlgorithm},
		"HS256 by a public key":  {i.Token(t, i.rsa, noon, inHeader("alg", "HS256")), token.UnknownAlgorithm},
		"RS512":                  {i.Token(t, i.rsa, noon, inHeader("alg", "RS512")), token.UnknownAlgorithm},
		"issuer":                 {i.Token(t, i.p256, noon, members{"iss": url + "/"}), token.UnknownIssuer},
		"issuer in capitals":     {i.Token(t, i.p256, noon, members{"iss": strings.ToUpper(url)}), token.UnknownIssuer},
		"no issuer":              {i.Token(t, i.p256, noon, members{"iss": nil}), token.UnknownIssuer},
		"issuer in capital name": {i.Token(t, i.p256, noon, members{"iss": nil, "ISS": url}), token.UnknownIssuer},
		"unknown key":            {i.Token(t, i.p256, noon, inHeader("kid", "other")), token.UnknownKey},

		"key in the header":      {stranger.Token(t, stranger.p256, noon, inHeader("jwk", published(stranger.p256))), token.WrongSignature},
		"ES256 by an RSA key":    {i.Token(t, i.p256, noon, inHeader("kid", i.rsa.ID)), token.WrongAlgorithm},
		"RS256 by a P-256 key":   {i.Token(t, i.rsa, noon, inHeader("kid", i.p256.ID)), token.WrongAlgorithm},
		"signature of another":   {stranger.Token(t, stranger.ed25519, noon), token.WrongSignature},
		"no signature":           {parts[0] + "." + parts[1] + ".", token.WrongSignature},
		"claims of another":      {parts[0] + "." + strings.Split(i.Token(t, i.p256, noon, members{"sub": "admin"}), ".")[1] + "." + parts[2], token.WrongSignature},
		"without id, of another": {stranger.Token(t, stranger.ed25519, noon, inHeader("kid", nil)), token.WrongSignature},

		"audience":             {i.Token(t, i.p256, noon, members{"aud": "other"}), token.WrongAudience},
		"audiences":            {i.Token(t, i.p256, noon, members{"aud": []string{"gatehouse-2", "GATEHOUSE"}}), token.WrongAudience},
		"no audience":          {i.Token(t, i.p256, noon, members{"aud": nil}), token.WrongAudience},
		"audience is client":   {i.Token(t, i.p256, noon, members{"aud": nil, "client_id": audience}), token.WrongAudience},
		"no expiry":            {i.Token(t, i.p256, noon, members{"exp": nil}), token.NoExpiry},
		"no issue":             {i.Token(t, i.p256, noon, members{"iat": nil}), token.NoIssueTime},
		"expired now":          {i.Token(t, i.p256, noon, members{"iat": seconds(-time.Hour), "exp": seconds(0)}), token.Expired},
		"for more than a day":  {i.Token(t, i.p256, noon, members{"exp": seconds(24*time.Hour + time.Second)}), token.TooLongLived},
		"issued in the future": {i.Token(t, i.p256, noon, members{"iat": seconds(61 * time.Second)}), token.NotYetIssued},
		"not valid yet":        {i.Token(t, i.p256, noon, members{"nbf": seconds(61 * time.Second)}), token.NotYetValid},
		"bound to a key":       {i.Token(t, i.p256, noon, members{"cnf": members{"jkt": "x"}}), token.Bound},
	} {
		subject, err := token.Verify(row.text, i.accepted(t), noon)
		assert.Equal(t, row.want, err, name)
		assert.Zero(t, subject, name)
	}
}

func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// RFC 6750 allows no quotes, backslashes and characters beyond ASCII in a description.
func TestReasonsAreDescriptions(t *testing.T) {
	description := regexp.MustCompile(`^[\x20\x21\x23-\x5b\x5d-\x7e]+$`)
	i := newIssuer(t)
	for _, text := range []string{
		"", "a.b", strings.Repeat(".", 9000), i.Token(t, i.p256, noon, inHeader("alg", "none")), i.Token(t, i.p256, noon, members{"aud": nil}),
		i.Token(t, i.p256, noon, members{"cnf": true}), i.Token(t, i.p256, noon, inHeader("typ", "x")), i.Token(t, i.p256, noon, members{"exp": nil}),
	} {
		_, err := token.Verify(text, i.accepted(t), noon)
		require.Error(t, err)
		assert.Regexp(t, description, err.Error())
	}
}

func TestHasForm(t *testing.T) {
	i := newIssuer(t)
	assert.True(t, token.HasForm(i.Token(t, i.p256, noon)))
	for _, text := range []string{"", "eyJ", "eyJ.a", "eyJ.a.b.c", "sk-gth_a.b.c"} {
		assert.False(t, token.HasForm(text), text)
	}
}

func TestKeysThatAreSkipped(t *testing.T) {
	i := newIssuer(t)
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	without := func(key members, changes members) members {
		changed := members{}
		for name, value := range key {
			changed[name] = value
		}
		for name, value := range changes {
			changed[name] = value
		}
		return changed
	}
	for name, key := range map[string]any{
		"a shared secret":        members{"kty": "oct", "k": "c2VjcmV0"},
		"of no kind":             members{"kid": "a"},
		"a text":                 "key",
		"RSA of 1024 bits":       tokentest.JWK("a", short.Public()),
		"P-384":                  tokentest.JWK("a", p384.Public()),
		"for encryption":         without(i.rsa.JWK, members{"use": "enc"}),
		"for signing only":       without(i.rsa.JWK, members{"key_ops": []string{"sign"}}),
		"for RSA-OAEP":           without(i.rsa.JWK, members{"alg": "RSA-OAEP"}),
		"for RS512":              without(i.rsa.JWK, members{"alg": "RS512"}),
		"EC for RS256":           without(i.p256.JWK, members{"alg": "RS256"}),
		"private":                without(i.p256.JWK, members{"d": "AQ"}),
		"an exponent of 1":       without(i.rsa.JWK, members{"e": "AQ"}),
		"an even exponent":       without(i.rsa.JWK, members{"e": "AgA"}),
		"a huge exponent":        without(i.rsa.JWK, members{"e": "AQAAAAE"}),
		"an even modulus":        without(i.rsa.JWK, members{"n": b64(strings.Repeat("\xf0", 256))}),
		"no modulus":             without(i.rsa.JWK, members{"n": ""}),
		"a point off the curve":  without(i.p256.JWK, members{"x": i.p256.JWK["y"]}),
		"a short coordinate":     without(i.p256.JWK, members{"x": b64("a")}),
		"Ed25519 of a few bytes": without(i.ed25519.JWK, members{"x": b64("a")}),
		"X25519":                 without(i.ed25519.JWK, members{"crv": "X25519"}),
		"a number as key id":     without(i.p256.JWK, members{"kid": 1}),
	} {
		content, err := json.Marshal(members{"keys": []any{key}})
		require.NoError(t, err)
		_, err = token.ParseKeySet(content)
		require.ErrorContains(t, err, "no key that verifies tokens", name)
		content, err = json.Marshal(members{"keys": []any{key, i.ed25519.JWK}})
		require.NoError(t, err)
		set, err := token.ParseKeySet(content)
		require.NoError(t, err, name)
		assert.Equal(t, 1, set.Len(), name)
	}
}

func TestKeySetsThatAreRefused(t *testing.T) {
	key := `{"kty":"oct"}`
	for name, content := range map[string]string{
		"no JSON":       `{"keys":`,
		"a list":        `[]`,
		"no keys":       `{}`,
		"keys twice":    `{"keys":[],"keys":[]}`,
		"null":          `{"keys":null}`,
		"21 keys":       `{"keys":[` + key + strings.Repeat(","+key, 20) + `]}`,
		"too long":      `{"keys":[]` + strings.Repeat(" ", 64<<10) + `}`,
		"more than one": `{"keys":[]}{}`,
	} {
		_, err := token.ParseKeySet([]byte(content))
		assert.Error(t, err, name)
	}
}

// A key whose algorithm is given verifies no other one that its kind could.
func TestAlgorithmOfKey(t *testing.T) {
	i := newIssuer(t)
	i.rsa.JWK["alg"] = "PS256"
	_, err := token.Verify(i.Token(t, i.rsa, noon), i.accepted(t), noon)
	assert.Equal(t, token.WrongAlgorithm, err)
	_, err = token.Verify(i.Token(t, i.rsa, noon, inHeader("alg", "PS256")), i.accepted(t), noon)
	assert.NoError(t, err)
}

func TestKeySetsAreWrittenAsTheyWereRead(t *testing.T) {
	i := newIssuer(t)
	i.rsa.JWK["alg"], i.rsa.JWK["x5c"] = "RS256", []string{"MIIC"}
	set, err := token.ParseKeySet(i.KeySet())
	require.NoError(t, err)
	written, err := json.Marshal(set)
	require.NoError(t, err)
	assert.NotContains(t, string(written), "x5c")
	read, err := token.ParseKeySet(written)
	require.NoError(t, err)
	assert.Equal(t, set, read)
	assert.Equal(t, 3, read.Len())
}

func TestKeysWithTheSameID(t *testing.T) {
	i := newIssuer(t)
	i.rsa.JWK["kid"], i.p256.JWK["kid"] = "same", "same"
	for _, key := range []tokentest.Key{i.rsa, i.p256} {
		_, err := token.Verify(i.Token(t, key, noon, inHeader("kid", "same")), i.accepted(t), noon)
		assert.NoError(t, err, key.Kind)
	}
}

func TestRemovedKeys(t *testing.T) {
	i := newIssuer(t)
	text := i.Token(t, i.rsa, noon)
	i.RemoveKey(i.rsa)
	_, err := token.Verify(text, i.accepted(t), noon)
	assert.Equal(t, token.UnknownKey, err)
}

func FuzzVerify(f *testing.F) {
	i := newIssuer(f)
	for _, key := range []tokentest.Key{i.rsa, i.p256, i.ed25519} {
		f.Add(i.Token(f, key, noon))
	}
	f.Add(b64(`{"alg":"none"}`) + "." + b64(`{"iss":"`+url+`"}`) + ".")
	f.Add("..")
	issuers := i.accepted(f)
	made := map[string]bool{} // what the issuer signed
	for _, key := range []tokentest.Key{i.rsa, i.p256, i.ed25519} {
		text := i.Token(f, key, noon)
		made[text[:strings.LastIndex(text, ".")]] = true
	}
	f.Fuzz(func(t *testing.T, text string) {
		subject, err := token.Verify(text, issuers, noon)
		if err == nil {
			assert.True(t, made[text[:strings.LastIndex(text, ".")]], "accepted a token that the issuer did not sign: %q", text)
			return
		}
		var reason token.Reason
		require.ErrorAs(t, err, &reason)
		assert.Zero(t, subject)
	})
}

func FuzzParseKeySet(f *testing.F) {
	f.Add(newIssuer(f).KeySet())
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		set, err := token.ParseKeySet(content)
		if err != nil {
			return
		}
		written, err := json.Marshal(set)
		require.NoError(t, err)
		read, err := token.ParseKeySet(written)
		require.NoError(t, err, fmt.Sprintf("%s", written))
		assert.Equal(t, set, read)
	})
}

func BenchmarkVerify(b *testing.B) {
	i := newIssuer(b)
	issuers := i.accepted(b)
	for _, key := range []tokentest.Key{i.rsa, i.p256, i.ed25519} {
		text := i.Token(b, key, noon)
		b.Run(string(key.Kind), func(b *testing.B) {
			for b.Loop() {
				if _, err := token.Verify(text, issuers, noon); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
