package config

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// CORS holds which web pages of other origins may call the API from a browser.
type CORS struct {
	Origins        []string // empty: none; "*": all
	Methods        []string
	Headers        []string // that pages may send; "x-stainless-*": all that begin so; "*": all
	ExposedHeaders []string // that pages may read
	Credentials    bool
	MaxAge         time.Duration // of a preflight response in a browser's cache
}

// Enabled reports whether any page of another origin may use the API.
func (c CORS) Enabled() bool { return len(c.Origins) > 0 }

// corsWildcard stands for all.
const corsWildcard = "*"

// addressPattern matches an IPv4 address as browsers write it.
const addressPattern = `(0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])(\.(0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])){3}`

// aCORSOrigin has only the two schemes that a CloudFront policy accepts. Its wildcard for
// all covers the others.
const aCORSOrigin = "an http or https origin in lower case such as https://app.example.com, https://*.example.com or http://192.168.1.20:3000, " +
	"or * for all, which pages of applications such as app://obsidian.md need"

var (
	corsOriginPattern = regexp.MustCompile(`^https?://(localhost|` + addressPattern + `|(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?)(:[1-9][0-9]{0,4})?$`)
	corsHeaderPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$`)
)

// PlainHeaders returns those of Headers that name one header, or all.
func (c CORS) PlainHeaders() []string {
	return slices.DeleteFunc(slices.Clone(c.Headers), func(header string) bool {
		return header != corsWildcard && strings.HasSuffix(header, corsWildcard)
	})
}

func isCORSOrigin(value string) bool {
	return value == corsWildcard || corsOriginPattern.MatchString(value)
}

func isCORSHeader(name string) bool {
	return name == corsWildcard || corsHeaderPattern.MatchString(name)
}

func isCORSRequestHeader(name string) bool {
	return isCORSHeader(name) || corsHeaderPattern.MatchString(strings.TrimSuffix(name, corsWildcard))
}

var (
	corsOrigins = setting[[]string]{
		key: "corsOrigins", basic: true, allowed: each(isCORSOrigin, aCORSOrigin),
		description: "Origins whose pages may call the API from a browser; `*` for all, applications with a scheme of their own included; none if empty.",
	}
	corsMethods = setting[[]string]{
		key: "corsMethods", byDefault: edgeMethods.byDefault, allowed: each(isMethod, aMethod),
		description: "Methods that such pages may use, at least one, all of them in edgeMethods.",
	}
	corsHeaders = setting[[]string]{
		key: "corsHeaders",
		// OpenAI's JavaScript client sends these, and those that follow if it is configured
		// to: a key against duplicates, and the application's address and title. It adds
		// headers of its families with new versions; Firefox sends its User-Agent as well.
		byDefault: []string{
			"authorization", "content-type", "user-agent", "openai-*", "x-stainless-*",
			"http-referer", "idempotency-key", "x-title",
		},
		allowed:     each(isCORSRequestHeader, "a request header's name, the start of some with * at its end such as x-stainless-*, or * for all but authorization"),
		description: "Request headers that such pages may send, at least one of them by its whole name.",
	}
	corsExposedHeaders = setting[[]string]{
		key: "corsExposedHeaders", byDefault: []string{"retry-after", "x-amz-cf-id", "x-gatehouse-clamped", "x-gatehouse-dropped", "x-request-id", "x-should-retry"},
		allowed:     each(isCORSHeader, "a response header's name, or * for all"),
		description: "Response headers that such pages may read.",
	}
	corsCredentials = setting[bool]{
		key:         "corsCredentials",
		description: "Whether such pages may send cookies and client certificates; corsOrigins, corsHeaders and corsExposedHeaders must then not include `*`. Cookies never reach the API.",
	}
	corsMaxAge = setting[time.Duration]{
		key: "corsMaxAge", byDefault: time.Hour, allowed: lasting(0, 24*time.Hour),
		description: "How long browsers cache the responses to preflight requests.",
	}
)

func readCORS(r *reader) CORS {
	return CORS{
		Origins:        corsOrigins.read(r),
		Methods:        corsMethods.read(r),
		Headers:        corsHeaders.read(r),
		ExposedHeaders: corsExposedHeaders.read(r),
		Credentials:    corsCredentials.read(r),
		MaxAge:         corsMaxAge.read(r),
	}
}

// checkCORS refuses wildcards beside credentials: a browser ignores them, or, where
// the server writes the requesting origin instead, any page acts in its user's name.
func (s Settings) checkCORS(r *reader) {
	c := s.CORS
	if !c.Enabled() {
		return
	}
	if slices.Contains(c.Origins, corsWildcard) && len(c.Origins) > 1 {
		r.must(corsOrigins, "have nothing beside *, which is all origins")
	}
	if c.Credentials {
		for _, list := range []setting[[]string]{corsOrigins, corsHeaders, corsExposedHeaders} {
			if slices.Contains(list.read(r), corsWildcard) {
				r.must(list, "not include * while %s is true: name each", corsCredentials)
			}
		}
	}
	missing := slices.DeleteFunc(slices.Clone(c.Methods), func(method string) bool { return slices.Contains(s.Edge.Methods, method) })
	if len(missing) > 0 {
		r.must(corsMethods, "only include methods in %s; browsers would allow %s, and CloudFront would reject it", edgeMethods, strings.Join(missing, ", "))
	}
	if len(c.Methods) == 0 {
		r.must(corsMethods, "have at least one method while %s is set", corsOrigins)
	}
	if len(c.PlainHeaders()) == 0 {
		r.must(corsHeaders, "have at least one header by its whole name while %s is set, such as content-type: CloudFront's policy accepts no less", corsOrigins)
	}
}
