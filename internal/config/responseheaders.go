package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// ResponseHeaders holds which headers CloudFront adds to every response, and removes
// from it.
type ResponseHeaders struct {
	CustomName  string // of the stack's own header
	CustomValue string
	Removed     []string

	HSTS                  HSTS
	FrameOptions          string // DENY or SAMEORIGIN
	ReferrerPolicy        string // as HTTP spells it
	ContentSecurityPolicy string // empty for none
}

// HSTS holds the parts of Strict-Transport-Security (RFC 6797).
type HSTS struct {
	MaxAge     time.Duration
	Subdomains bool
	Preload    bool // allows browsers to ship with the domain name in their list
}

// leastPreload is the shortest time with which a name gets into the browsers' lists
// (hstspreload.org).
const leastPreload = 365 * 24 * time.Hour

// CloudFront's quotas of a policy: how many headers it may remove, and how long the
// value of a header may be.
const (
	mostHeaders        = 10
	longestHeaderValue = 1783
)

var (
	// responseHeaderPattern matches what all parties accept as a name: a token without its
	// rarer characters.
	responseHeaderPattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,62}[A-Za-z0-9]$`)

	headerValuePattern = regexp.MustCompile(`^[!-~]([ -~]*[!-~])?$`)
)

// governed are response headers that have settings of their own, or that make a
// response valid, or that CloudFront neither removes nor accepts among a policy's custom
// ones (its developer guide, "Headers that you can't remove", "Security headers"): they
// may be neither another header's name, nor removed. By API Gateway's id of a request the
// rotator tells the API's rejections from other ones.
var governed = []string{
	"apigw-requestid", "cache-control", "connection", "content-encoding", "content-length", "content-security-policy", "content-type", "date", "expect",
	"host", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "referrer-policy", "strict-transport-security",
	"te", "trailer", "transfer-encoding", "upgrade", "vary", "via", "warning", "x-amzn-auth", "x-amzn-errortype", "x-amzn-fle-profile",
	"x-amzn-lambda-integration-tag", "x-amzn-requestid", "x-cache", "x-content-type-options", "x-forwarded-proto", "x-frame-options",
	"x-real-ip", "x-request-id", "x-xss-protection",
}

var governedPrefixes = []string{"access-control-", "x-accel-", "x-amz-cf-", "x-amzn-cf-", "x-amzn-header-", "x-edge-"}

func isResponseHeader(name string) bool {
	lower := strings.ToLower(name)
	return responseHeaderPattern.MatchString(name) && !slices.Contains(governed, lower) && !hasPrefix(lower, governedPrefixes)
}

func isHeaderValue(value string) bool {
	return len(value) <= longestHeaderValue && headerValuePattern.MatchString(value)
}

var (
	aResponseHeader = "a header's name of 2 to 64 letters, digits, - and _, and none that CloudFront needs or that has settings of its own"
	aHeaderValue    = fmt.Sprintf("at most %d visible ASCII characters, with spaces only between them", longestHeaderValue)
)

var (
	customHeaderName = setting[string]{
		key: "customHeaderName", byDefault: "X-Custom-AI-Header", allowed: satisfying(isResponseHeader, aResponseHeader),
		description: "Header that CloudFront adds to every response.",
	}
	customHeaderValue = setting[string]{
		key: "customHeaderValue", byDefault: "secure", allowed: satisfying(isHeaderValue, aHeaderValue),
		description: "Value of the header in customHeaderName.",
	}
	removedHeaders = setting[[]string]{
		key: "removedHeaders", byDefault: []string{"Server", "X-Powered-By"}, allowed: each(isResponseHeader, aResponseHeader),
		description: "Headers that CloudFront removes from every response of the API, at most 10, and customHeaderName not among them.",
	}
	hstsMaxAge = setting[time.Duration]{
		key: "hstsMaxAge", byDefault: 2 * 365 * 24 * time.Hour, allowed: lasting(0, 10*365*24*time.Hour),
		description: "Max age of Strict-Transport-Security: how long browsers use only HTTPS after a visit.",
	}
	hstsSubdomains = setting[bool]{
		key: "hstsSubdomains", byDefault: true,
		description: "Whether Strict-Transport-Security includes the subdomains of the distribution's domain names.",
	}
	hstsPreload = setting[bool]{
		key: "hstsPreload", requires: []requirement{hstsSubdomains.toBe(true).because("browser makers accept no less")},
		description: "Whether browsers may use only HTTPS from the first visit, for domain names that are registered at hstspreload.org. hstsMaxAge must be at least 8760h.",
	}
	frameOptions = setting[string]{
		key: "frameOptions", byDefault: "DENY", allowed: oneOf("DENY", "SAMEORIGIN"),
		description: "X-Frame-Options: which pages may show responses in a frame, none or those of the same origin.",
	}
	referrerPolicy = setting[string]{
		key: "referrerPolicy", byDefault: "no-referrer",
		allowed: oneOf("no-referrer", "no-referrer-when-downgrade", "origin",
			"origin-when-cross-origin", "same-origin", "strict-origin", "strict-origin-when-cross-origin", "unsafe-url"),
		description: "Referrer-Policy of every response.",
	}
	contentSecurityPolicy = setting[string]{
		key: "contentSecurityPolicy", byDefault: "default-src 'none'; frame-ancestors 'none'",
		allowed:     orEmpty(satisfying(isHeaderValue, aHeaderValue), "for no such header"),
		description: "Content-Security-Policy of every response.",
	}
)

func readResponseHeaders(r *reader) ResponseHeaders {
	return ResponseHeaders{
		CustomName:  customHeaderName.read(r),
		CustomValue: customHeaderValue.read(r),
		Removed:     removedHeaders.read(r),
		HSTS: HSTS{
			MaxAge:     hstsMaxAge.read(r),
			Subdomains: hstsSubdomains.read(r),
			Preload:    hstsPreload.read(r),
		},
		FrameOptions:          frameOptions.read(r),
		ReferrerPolicy:        referrerPolicy.read(r),
		ContentSecurityPolicy: contentSecurityPolicy.read(r),
	}
}

func (s Settings) checkResponseHeaders(r *reader) {
	h := s.ResponseHeaders
	if h.HSTS.Preload && h.HSTS.MaxAge < leastPreload {
		r.reject(hstsPreload, fmt.Sprintf("it requires %s to be at least %s: browser makers accept no less", hstsMaxAge, short(leastPreload)))
	}
	for i, name := range h.Removed {
		if slices.ContainsFunc(h.Removed[:i], func(other string) bool { return strings.EqualFold(name, other) }) {
			r.must(removedHeaders, "be a list in which each is given once; %q is there twice, with different capitals", r.shown(removedHeaders.String(), name))
		}
	}
	if len(h.Removed) > mostHeaders {
		r.must(removedHeaders, "have at most %d names", mostHeaders)
	}
	if slices.ContainsFunc(h.Removed, func(name string) bool { return strings.EqualFold(name, h.CustomName) }) {
		r.must(removedHeaders, "not include %s, %s", customHeaderName, r.shown(customHeaderName.String(), h.CustomName))
	}
}
