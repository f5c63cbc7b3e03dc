// Package tokentest is an OIDC issuer for tests: it makes keys, signs tokens, and serves
// its discovery document and its key set.
package tokentest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Kind is a kind of key.
type Kind string

// The kinds of keys, by the algorithm that they sign with unless a token says otherwise.
const (
	RSA     Kind = "RS256"
	P256    Kind = "ES256"
	Ed25519 Kind = "EdDSA"
)

// Key is a key pair of an issuer.
type Key struct {
	ID     string
	Kind   Kind
	Signer crypto.Signer
	JWK    map[string]any // the public key, as the issuer publishes it
}

// Issuer is an issuer with keys. It is safe for concurrent use.
type Issuer struct {
	URL      string
	Audience string

	mu   sync.Mutex
	keys []Key
	made int
}

// Claims and Header are those of a token.
type (
	Claims map[string]any
	Header map[string]any
)

// rsaKeys are made once: each takes a tenth of a second.
var rsaKeys = sync.OnceValue(func() []*rsa.PrivateKey {
	keys := make([]*rsa.PrivateKey, 2)
	for i := range keys {
		keys[i], _ = rsa.GenerateKey(rand.Reader, 2048)
	}
	return keys
})

// AddKey makes and publishes a key.
func (i *Issuer) AddKey(t testing.TB, kind Kind) Key {
	t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.made++
	signer, err := signer(kind, i.made)
	if err != nil {
		t.Fatal(err)
	}
	key := Key{ID: fmt.Sprintf("%s-%d", kind, i.made), Kind: kind, Signer: signer}
	key.JWK = JWK(key.ID, signer.Public())
	i.keys = append(i.keys, key)
	return key
}

func signer(kind Kind, number int) (crypto.Signer, error) {
	switch kind {
	case RSA:
		return rsaKeys()[number%2], nil
	case P256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	}
}

// RemoveKey ends the publication of a key.
func (i *Issuer) RemoveKey(key Key) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = slices.DeleteFunc(i.keys, func(k Key) bool { return k.ID == key.ID })
}

// JWK returns a public key as JSON Web Key.
func JWK(id string, public crypto.PublicKey) map[string]any {
	encode := base64.RawURLEncoding.EncodeToString
	switch k := public.(type) {
	case *rsa.PublicKey:
		return map[string]any{"kty": "RSA", "kid": id, "use": "sig", "n": encode(k.N.Bytes()), "e": encode(big.NewInt(int64(k.E)).Bytes())}
	case *ecdsa.PublicKey:
		point, _ := k.Bytes()
		size := (len(point) - 1) / 2
		return map[string]any{
			"kty": "EC", "kid": id, "use": "sig", "crv": k.Params().Name,
			"x": encode(point[1 : 1+size]), "y": encode(point[1+size:]),
		}
	case ed25519.PublicKey:
		return map[string]any{"kty": "OKP", "kid": id, "use": "sig", "crv": "Ed25519", "x": encode(k)}
	}
	return nil
}

// KeySet returns the published keys as JWK Set.
func (i *Issuer) KeySet() []byte {
	i.mu.Lock()
	defer i.mu.Unlock()
	published := []any{}
	for _, key := range i.keys {
		published = append(published, key.JWK)
	}
	content, _ := json.Marshal(map[string]any{"keys": published})
	return content
}

// Token signs a token that is valid for an hour, with changes of its header and its
// claims; a claim that is nil is left out.
func (i *Issuer) Token(t testing.TB, key Key, now time.Time, changes ...map[string]any) string {
	t.Helper()
	claims := jwt.MapClaims{"iss": i.URL, "aud": i.Audience, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	token := jwt.NewWithClaims(jwt.GetSigningMethod(string(key.Kind)), claims)
	token.Header["kid"] = key.ID
	for _, change := range changes {
		to := map[string]any(claims)
		if header, ok := change[headerMember].(Header); ok {
			to, change = token.Header, header
		}
		maps.Copy(to, change)
		maps.DeleteFunc(to, func(_ string, value any) bool { return value == nil })
	}
	if algorithm, ok := token.Header["alg"].(string); ok && jwt.GetSigningMethod(algorithm) != nil {
		token.Method = jwt.GetSigningMethod(algorithm)
	}
	signed, err := token.SignedString(signingKey(token.Method, key))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

const headerMember = "\x00header"

// WithHeader returns a change of a token's header.
func WithHeader(members map[string]any) map[string]any {
	return map[string]any{headerMember: Header(members)}
}

// signingKey returns the private key, but for methods that confuse it with another kind:
// nothing at all, or a shared secret, for which the attacker takes the public key.
func signingKey(method jwt.SigningMethod, key Key) any {
	switch method.(type) {
	case *jwt.SigningMethodHMAC:
		content, _ := json.Marshal(key.JWK)
		return content
	case *jwt.SigningMethodRSA, *jwt.SigningMethodRSAPSS, *jwt.SigningMethodECDSA, *jwt.SigningMethodEd25519:
		return key.Signer
	}
	return jwt.UnsafeAllowNoneSignatureType
}

// ServeHTTP serves the discovery document and the key set, at the paths that
// [Issuer.URL] has.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("content-type", "application/json")
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/keys"})
	case "/keys":
		_, _ = w.Write(i.KeySet())
	default:
		http.NotFound(w, r)
	}
}
