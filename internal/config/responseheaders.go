package config

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// ResponseHeaders holds what CloudFront adds to every answer, and removes from it.
type ResponseHeaders struct {
	CustomName  string // of the stack's own header
	CustomValue string
	Removed     []string

	HSTS                  HSTS
	FrameOptions          string // DENY or SAMEORIGIN
	ReferrerPolicy        string // as HTTP spells it
	ContentSecurityPolicy string // empty for none
}

// HSTS says for how long browsers use HTTPS only (RFC 6797).
type HSTS struct {
	MaxAge     time.Duration
	Subdomains bool
	Preload    bool // asks browsers' makers to know it from the start
}

// leastPreload is the shortest time with which a name gets into the browsers' lists
// (hstspreload.org).
const leastPreload = 365 * 24 * time.Hour

// CloudFront's quotas of a policy: how many headers it may remove, and how long a
// header's value may be.
const (
	mostHeaders        = 10
	longestHeaderValue = 1783
)

var (
	// responseHeaderPattern is what all parties take for a name: a token without its
	// rarer characters.
	responseHeaderPattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,62}[A-Za-z0-9]$`)

	headerValuePattern = regexp.MustCompile(`^[!-~]([ -~]*[!-~])?$`)
)

// governed are response headers that have settings of their own, or that make an
// answer an answer, or that CloudFront removes from none and takes as none of a policy's
// custom ones (its developer guide, "Headers that you can't remove", "Security headers"):
// they may be neither another header's name, nor removed. By API Gateway's id of a
// request the rotator tells the API's refusals from others'.
var governed = []string{
	"apigw-requestid", "cache-control", "connection", "content-encoding", "content-length", "content-security-policy", "content-type", "date", "expect",
	"host", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "referrer-policy", "strict-transport-security",
	"te", "trailer", "transfer-encoding", "upgrade", "vary", "via", "warning", "x-amzn-auth", "x-amzn-errortype", "x-amzn-fle-profile",
	"x-amzn-lambda-integration-tag", "x-amzn-requestid", "x-cache", "x-content-type-options", "x-forwarded-proto", "x-frame-options",
	"x-real-ip", "x-request-id", "x-xss-protection",
}

var governedPrefixes = []string{"access-control-", "x-accel-", "x-amz-cf-", "x-amzn-cf-", "x-amzn-header-", "x-edge-"}

func isResponseHeader(text string) bool {
	lower := strings.ToLower(text)
	return responseHeaderPattern.MatchString(text) && !slices.Contains(governed, lower) &&
		!slices.ContainsFunc(governedPrefixes, func(prefix string) bool { return strings.HasPrefix(lower, prefix) })
}

func isHeaderValue(text string) bool {
	return len(text) <= longestHeaderValue && headerValuePattern.MatchString(text)
}

const (
	aResponseHeader = "a header's name of 2 to 64 letters, digits, - and _, and none that CloudFront needs or that has settings of its own"
	aHeaderValue    = "visible ASCII text of at most 1783 characters"
)

func readResponseHeaders(r *reader) ResponseHeaders {
	return ResponseHeaders{
		CustomName:  r.responseHeader("customHeaderName", "X-Custom-AI-Header"),
		CustomValue: r.headerValue("customHeaderValue", "secure", false),
		Removed:     r.listOr("removedHeaders", []string{"Server", "X-Powered-By"}, isResponseHeader, aResponseHeader),
		HSTS: HSTS{
			MaxAge:     r.duration("hstsMaxAge", 2*365*24*time.Hour, 0, 10*365*24*time.Hour),
			Subdomains: r.boolean("hstsSubdomains", true),
			Preload:    r.boolean("hstsPreload", false),
		},
		FrameOptions: r.oneOf("frameOptions", "DENY", "DENY", "SAMEORIGIN"),
		ReferrerPolicy: r.oneOf("referrerPolicy", "no-referrer", "no-referrer", "no-referrer-when-downgrade", "origin",
			"origin-when-cross-origin", "same-origin", "strict-origin", "strict-origin-when-cross-origin", "unsafe-url"),
		ContentSecurityPolicy: r.headerValue("contentSecurityPolicy", "default-src 'none'; frame-ancestors 'none'", true),
	}
}

func (r *reader) responseHeader(key, defaultValue string) string {
	value := r.text(key, typeString, defaultValue)
	if !isResponseHeader(value) {
		r.refuse(key, "%s", aResponseHeader)
	}
	return value
}

func (r *reader) headerValue(key, defaultValue string, mayBeEmpty bool) string {
	value := r.text(key, typeString, defaultValue)
	switch {
	case value == "" && mayBeEmpty, isHeaderValue(value):
	case mayBeEmpty:
		r.refuse(key, "%s, or nothing", aHeaderValue)
	default:
		r.refuse(key, "%s", aHeaderValue)
	}
	return value
}

func (s Settings) checkResponseHeaders(r *reader) {
	h := s.ResponseHeaders
	if h.HSTS.Preload && (!h.HSTS.Subdomains || h.HSTS.MaxAge < leastPreload) {
		r.refuse("hstsPreload", "false, unless hstsSubdomains is true and hstsMaxAge at least %s: browsers' makers take no less", short(leastPreload))
	}
	for i, name := range h.Removed {
		if slices.ContainsFunc(h.Removed[:i], func(other string) bool { return strings.EqualFold(name, other) }) {
			r.refuse("removedHeaders", "a list in which each is given once; %q is there twice but for its capitals", name)
		}
	}
	if len(h.Removed) > mostHeaders {
		r.refuse("removedHeaders", "at most %d names", mostHeaders)
	}
	if slices.ContainsFunc(h.Removed, func(name string) bool { return strings.EqualFold(name, h.CustomName) }) {
		r.refuse("removedHeaders", "a list without customHeaderName, %s", h.CustomName)
	}
}
