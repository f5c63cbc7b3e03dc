package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha256" // of all algorithms but EdDSA, by its registered name
	"encoding/base64"
	"math/big"
	"slices"
)

// The algorithms of signatures that are accepted (RFC 7518 and RFC 8037).
const (
	rs256 = "RS256"
	ps256 = "PS256"
	es256 = "ES256"
	edDSA = "EdDSA"
)

var algorithms = []string{rs256, ps256, es256, edDSA}

// jwk has the members of a public JSON Web Key that count.
type jwk struct {
	Kind      string `json:"kty"`
	KeyID     string `json:"kid,omitempty"`
	Algorithm string `json:"alg,omitempty"`
	Curve     string `json:"crv,omitempty"`
	X         string `json:"x,omitempty"`
	Y         string `json:"y,omitempty"`
	N         string `json:"n,omitempty"`
	E         string `json:"e,omitempty"`
}

// key is a key that verifies signatures of some algorithms.
type key struct {
	jwk        jwk
	public     crypto.PublicKey
	algorithms []string
}

// parseKey reads a key, and reports whether it verifies tokens.
func parseKey(content []byte) (key, bool) {
	members, err := parseObject(content)
	if err != nil || !verifies(members) {
		return key{}, false
	}
	var k key
	for name, value := range map[string]*string{
		"kty": &k.jwk.Kind, "kid": &k.jwk.KeyID, "alg": &k.jwk.Algorithm, "crv": &k.jwk.Curve,
		"x": &k.jwk.X, "y": &k.jwk.Y, "n": &k.jwk.N, "e": &k.jwk.E,
	} {
		var ok bool
		if *value, ok = members.text(name); !ok {
			return key{}, false
		}
	}
	var ok bool
	switch k.jwk.Kind {
	case "RSA":
		k.public, ok = k.jwk.rsa()
		k.algorithms = []string{rs256, ps256}
	case "EC":
		k.public, ok = k.jwk.p256()
		k.algorithms = []string{es256}
	case "OKP":
		k.public, ok = k.jwk.ed25519()
		k.algorithms = []string{edDSA}
	}
	if k.jwk.Algorithm != "" {
		ok = ok && slices.Contains(k.algorithms, k.jwk.Algorithm)
		k.algorithms = []string{k.jwk.Algorithm}
	}
	return k, ok
}

// verifies reports whether a key is a public key for verifying signatures.
func verifies(members object) bool {
	use, isText := members.text("use")
	operations, areTexts := members.texts("key_ops")
	return isText && areTexts && !members.has("d") && !members.has("k") && (use == "" || use == "sig") &&
		(operations == nil || slices.Contains(operations, "verify"))
}

// The sizes of RSA keys, in bits. Verifying takes the longer the larger a key is.
const (
	minRSA = 2048
	maxRSA = 4096
)

func (k jwk) rsa() (*rsa.PublicKey, bool) {
	modulus, n := decode(k.N)
	exponent, e := decode(k.E)
	if !n || !e || len(exponent) > 4 {
		return nil, false
	}
	public := &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(new(big.Int).SetBytes(exponent).Int64())}
	bits := public.N.BitLen()
	return public, minRSA <= bits && bits <= maxRSA && public.N.Bit(0) == 1 && public.E >= 3 && public.E%2 == 1 && public.E < 1<<31
}

func (k jwk) p256() (*ecdsa.PublicKey, bool) {
	const size = 32
	x, isX := decode(k.X)
	y, isY := decode(k.Y)
	if k.Curve != "P-256" || !isX || !isY || len(x) != size || len(y) != size {
		return nil, false
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
	return public, err == nil // a point on the curve
}

func (k jwk) ed25519() (ed25519.PublicKey, bool) {
	x, ok := decode(k.X)
	return x, ok && k.Curve == "Ed25519" && len(x) == ed25519.PublicKeySize
}

func decode(text string) ([]byte, bool) {
	content, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return content, err == nil && text != ""
}
