// Package credential implements the credentials of the API's clients: their form, their
// checksum and the digests under which they are stored. It prints none of them.
package credential

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"hash/crc32"
	"math/big"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/secret"
)

// Header is the request header in which CloudFront passes a client's credential to the
// API. Viewers can't send it.
const Header = "x-gatehouse-credential"

// The form of a key: a prefix that secret scanners know the key by, 256 random bits, and
// the CRC-32 of both, which tells a mistyped key from an unknown one without a request.
const (
	prefix         = "sk-gth_"
	randomDigits   = 43 // base 62 needs as many for 256 bits
	checksumDigits = 6  // and for 32 bits

	// Length is that of a key, in bytes.
	Length = len(prefix) + randomDigits + checksumDigits

	// Pattern is a regular expression that finds keys in a text.
	Pattern = prefix + `[0-9A-Za-z]{49}`
)

// RandomSize is the number of random bytes in a key.
const RandomSize = 32

// Errors of [Parse]. They quote nothing of the text.
var (
	ErrForm     = errors.New("the credential is not a key of this API: keys begin with " + prefix + " and have 56 characters")
	ErrChecksum = errors.New("the credential is mistyped or cut off: its checksum is wrong")
)

// Key is a client's key. It prints as "[redacted]" in every way; only Reveal returns it.
type Key struct {
	secret.Text
}

// New returns the key made of random bytes.
func New(random [RandomSize]byte) Key {
	text := prefix + base62(new(big.Int).SetBytes(random[:]), randomDigits)
	return Key{secret.New(text + checksum(text))}
}

// Parse returns the key with the text s, which may be any secret. Its error is [ErrForm]
// or [ErrChecksum].
func Parse(s string) (Key, error) {
	if !HasForm(s) {
		return Key{}, ErrForm
	}
	text := s[:Length-checksumDigits]
	if s[len(text):] != checksum(text) {
		return Key{}, ErrChecksum
	}
	return Key{secret.New(s)}, nil
}

// HasForm reports whether a text has the form of a key. Its checksum may be wrong.
func HasForm(s string) bool {
	return len(s) == Length && strings.HasPrefix(s, prefix) && strings.Trim(s[len(prefix):], digits) == ""
}

// Digest is the SHA-256 of a key. There is nothing to guess in a key of 256 random bits,
// so that a slow hash would protect nothing.
type Digest [sha256.Size]byte

// Digest returns the digest of the key's text.
func (k Key) Digest() Digest { return sha256.Sum256([]byte(k.Reveal())) }

// String returns the digest in unpadded base64, safe for URLs: 43 characters.
func (d Digest) String() string { return base64.RawURLEncoding.EncodeToString(d[:]) }

// ID returns the public name of the credential with this digest: 8 characters, its first
// 40 bits in base 32.
func (d Digest) ID() string {
	return strings.ToLower(base32.StdEncoding.EncodeToString(d[:5]))
}

// Equal compares digests in constant time.
func (d Digest) Equal(other Digest) bool { return subtle.ConstantTimeCompare(d[:], other[:]) == 1 }

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func checksum(text string) string {
	return base62(new(big.Int).SetUint64(uint64(crc32.ChecksumIEEE([]byte(text)))), checksumDigits)
}

// base62 writes a number with leading zeros.
func base62(number *big.Int, length int) string {
	written := make([]byte, length)
	base, remainder := big.NewInt(int64(len(digits))), new(big.Int)
	for i := length - 1; i >= 0; i-- {
		number.DivMod(number, base, remainder)
		written[i] = digits[remainder.Int64()]
	}
	return string(written)
}
