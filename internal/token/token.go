// Package token verifies the tokens of OIDC issuers: JSON Web Tokens in the compact form,
// signed with a key of their issuer's key set. It is pure: it has no clock and reads
// nothing. No key, algorithm or address of a token's header is trusted: a key is one of
// the key set that the caller passes, and has its own algorithms.
//
// The rules are those of RFC 8725 (best current practices) and RFC 9068 (access tokens),
// but that a token may be of the type JWT or have no type: the tokens of many issuers do.
package token

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Limits of tokens.
const (
	MaxLength   = 8 << 10        // in bytes
	MaxLifetime = 24 * time.Hour // from a token's iat to its exp
	Leeway      = time.Minute    // between the issuer's clock and this one, for iat and nbf

	maxText = 255 // of a claim that names the holder, in bytes; OpenID Connect Core 2 has it for sub
)

// Subject says whose a verified token is.
type Subject struct {
	Issuer   string // [Issuer.Name]
	ClientID string // claim client_id, or ""
	Azp      string // claim azp, the party that the token was issued to, or ""
	Sub      string // claim sub, or ""
	Expires  time.Time
}

// Verify returns whose a token is if it is one of an issuer's, and valid. The error is a
// [Reason].
func Verify(text string, issuers []Issuer, now time.Time) (Subject, error) {
	t, err := Parse(text)
	if err != nil {
		return Subject{}, err
	}
	for _, issuer := range issuers {
		if t.IsOf(issuer) {
			return t.Verify(issuer, now)
		}
	}
	return Subject{}, UnknownIssuer
}

// HasForm reports whether a text looks like a token: three parts, of which the first is
// an object in base64.
func HasForm(text string) bool {
	return strings.HasPrefix(text, "eyJ") && strings.Count(text, ".") == 2
}

// Token is a token that was read, but not verified: nothing of it may be trusted.
type Token struct {
	header    header
	claims    claims
	signed    string // the text that is signed
	signature []byte
}

// Parse reads a token. The error is a [Reason].
func Parse(text string) (Token, error) {
	switch {
	case len(text) > MaxLength:
		return Token{}, TooLong
	case strings.Count(text, ".") != 2:
		return Token{}, Malformed
	}
	parts := strings.Split(text, ".")
	var decoded [3][]byte
	for i, part := range parts {
		content, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil || strings.ContainsAny(part, "\r\n") {
			return Token{}, Malformed
		}
		decoded[i] = content
	}
	t := Token{signed: parts[0] + "." + parts[1], signature: decoded[2]}
	var err error
	if t.header, err = parseHeader(decoded[0]); err != nil {
		return Token{}, err
	}
	if t.claims, err = parseClaims(decoded[1]); err != nil {
		return Token{}, err
	}
	return t, nil
}

// IsOf reports whether the token says that it is of an issuer.
func (t Token) IsOf(issuer Issuer) bool { return t.claims.issuer == issuer.URL }

// Verify returns whose the token is if it is valid, and of this issuer. The error is a
// [Reason]: [UnknownKey] if the key set has no key with the token's id, as one that is
// older than the key has not.
func (t Token) Verify(issuer Issuer, now time.Time) (Subject, error) {
	if !t.IsOf(issuer) {
		return Subject{}, UnknownIssuer
	}
	if err := t.verifySignature(issuer.Keys); err != nil {
		return Subject{}, err
	}
	if err := t.claims.check(issuer, now); err != nil {
		return Subject{}, err
	}
	return Subject{
		Issuer: issuer.Name, ClientID: t.claims.clientID, Azp: t.claims.azp, Sub: t.claims.subject,
		Expires: time.Unix(t.claims.expires, 0),
	}, nil
}

// verifySignature verifies the signature with each key that has the token's key id, or
// with each if it has none. A key only verifies signatures of its own algorithms, and
// method verifies with no key of another kind.
func (t Token) verifySignature(keys KeySet) error {
	found, usable := false, false
	for _, key := range keys.keys {
		if t.header.keyID != "" && key.jwk.KeyID != t.header.keyID {
			continue
		}
		found = true
		if !slices.Contains(key.algorithms, t.header.algorithm) {
			continue
		}
		usable = true
		if jwt.GetSigningMethod(t.header.algorithm).Verify(t.signed, t.signature, key.public) == nil {
			return nil
		}
	}
	switch {
	case !found:
		return UnknownKey
	case !usable:
		return WrongAlgorithm
	}
	return WrongSignature
}
