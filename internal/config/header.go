package config

import (
	"regexp"
	"slices"
	"strings"
)

var headerPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}[a-z0-9]$`)

// reservedHeaders can't be added to origin requests by CloudFront (its developer
// guide, "Custom headers that CloudFront can't add to origin requests"), can't be
// removed by API Gateway before a private model sees them (its developer guide,
// "Reserved headers" of HTTP APIs), or mean something to the API already.
var reservedHeaders = []string{
	"accept-encoding", "authorization", "cache-control", "connection", "content-encoding", "content-length",
	"content-location", "content-type", "cookie", "expect", "forwarded",
	"host", "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "keep-alive", "max-forwards", "origin",
	"pragma", "proxy-authenticate", "proxy-authorization", "proxy-connection", "range", "request-range", "te", "trailer", "trailers",
	"transfer-encoding", "upgrade", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-real-ip",
	"x-request-id", "x-viewer-country",
}

var reservedPrefixes = []string{"access-control-", "apigw-", "x-amz-", "x-amzn-", "x-edge-"}

func (r *reader) headerName(key, defaultValue string) string {
	value := r.text(key, typeString, defaultValue)
	reserved := slices.Contains(reservedHeaders, value) ||
		slices.ContainsFunc(reservedPrefixes, func(prefix string) bool { return strings.HasPrefix(value, prefix) })
	if reserved || !headerPattern.MatchString(value) {
		r.refuse(key, "a header's name in lower case with 2 to 64 letters, digits and hyphens, and none that CloudFront or API Gateway uses itself, such as x-origin-verify")
	}
	return value
}
