package config

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
)

// Key holds how the origin key travels and how the authorizer caches the keyring.
type Key struct {
	Header string // in lower case, as HTTP APIs name headers

	MemoryTTL     time.Duration // age at which the cached keyring is read again
	RefetchPeriod time.Duration // unknown values cause a read at most this often
	StaleLimit    time.Duration // how long the cached keyring serves when it can't be read
}

var (
	keyHeader = setting[string]{
		key: "keyHeader", byDefault: "x-origin-verify",
		allowed: satisfying(isOriginHeader, "a header's name in lower case with 2 to 64 letters, digits and hyphens, and none that CloudFront or API Gateway uses itself, "+
			"such as x-origin-verify"),
		description: "Origin header, in lower case: it has the origin key in each request that CloudFront sends to the API. Choose it before the first `pulumi up`; it can't be changed later.",
	}
	keyMemoryTtl = setting[time.Duration]{
		key: "keyMemoryTtl", byDefault: time.Minute, allowed: lasting(lambdaenv.MinKeyringTTL, lambdaenv.MaxKeyringTTL),
		description: "Age at which an authorizer reads the keyring again, at least keyRefetchPeriod.",
	}
	keyRefetchPeriod = setting[time.Duration]{
		key: "keyRefetchPeriod", byDefault: 10 * time.Second, allowed: lasting(lambdaenv.MinRefetchPeriod, lambdaenv.MaxRefetchPeriod),
		description: "An unknown value makes an authorizer read the keyring at most once in this time.",
	}
	keyStaleLimit = setting[time.Duration]{
		key: "keyStaleLimit", byDefault: time.Hour, allowed: lasting(0, lambdaenv.MaxStaleLimit),
		description: "How long an authorizer uses its cached keyring when it can't read the current one, at least keyMemoryTtl.",
	}
)

var headerPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}[a-z0-9]$`)

// reservedHeaders can't be added to origin requests by CloudFront (its developer
// guide, "Custom headers that CloudFront can't add to origin requests"), can't be
// removed by API Gateway before a private model receives them (its developer guide,
// "Reserved headers" of HTTP APIs), or mean something to the API already.
var reservedHeaders = []string{
	"accept-encoding", "authorization", "cache-control", "connection", "content-encoding", "content-length",
	"content-location", "content-type", "cookie", "expect", "forwarded",
	"host", "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "keep-alive", "max-forwards", "origin",
	"pragma", "proxy-authenticate", "proxy-authorization", "proxy-connection", "range", "request-range", "te", "trailer", "trailers",
	"transfer-encoding", "upgrade", "via", "x-api-key", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-real-ip",
	"x-request-id", "x-viewer-country",
}

var reservedPrefixes = []string{"access-control-", "apigw-", "x-amz-", "x-amzn-", "x-edge-", "x-gatehouse-"}

// isOriginHeader reports whether a header can have the origin key.
func isOriginHeader(name string) bool {
	return headerPattern.MatchString(name) && !slices.Contains(reservedHeaders, name) && !hasPrefix(name, reservedPrefixes)
}

func hasPrefix(name string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

func readKey(r *reader) Key {
	return Key{
		Header:        keyHeader.read(r),
		MemoryTTL:     keyMemoryTtl.read(r),
		RefetchPeriod: keyRefetchPeriod.read(r),
		StaleLimit:    keyStaleLimit.read(r),
	}
}

func (s Settings) checkKey(r *reader) {
	if s.Key.MemoryTTL < s.Key.RefetchPeriod {
		r.must(keyMemoryTtl, "be at least %s, %s", keyRefetchPeriod, short(s.Key.RefetchPeriod))
	}
	if s.Key.StaleLimit < s.Key.MemoryTTL {
		r.must(keyStaleLimit, "be at least %s, %s", keyMemoryTtl, short(s.Key.MemoryTTL))
	}
}
