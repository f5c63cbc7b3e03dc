package settings

import (
	"regexp"
	"slices"
	"strings"
)

var headerPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}[a-z0-9]$`)

// reservedHeaders can't be added to origin requests by CloudFront (its developer
// guide, "Custom headers that CloudFront can't add to origin requests"), or mean
// something to the API already.
var reservedHeaders = []string{
	"accept-encoding", "authorization", "cache-control", "connection", "content-encoding", "content-length", "content-type", "cookie", "expect",
	"host", "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "keep-alive", "max-forwards",
	"pragma", "proxy-authenticate", "proxy-authorization", "proxy-connection", "range", "request-range", "te", "trailer",
	"transfer-encoding", "upgrade", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-real-ip",
}

func (r *reader) headerName(key, defaultValue string) string {
	value := r.text(key, typeString, defaultValue)
	reserved := slices.Contains(reservedHeaders, value) || strings.HasPrefix(value, "x-amz-") || strings.HasPrefix(value, "x-amzn-") || strings.HasPrefix(value, "x-edge-")
	if reserved || !headerPattern.MatchString(value) {
		r.refuse(key, "a header's name in lower case with 2 to 64 letters, digits and hyphens, and none that CloudFront or API Gateway uses itself, such as x-origin-verify")
	}
	return value
}
