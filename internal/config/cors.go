package config

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// CORS holds which web pages of other origins may talk to the API from a browser.
type CORS struct {
	Origins        []string // empty: none; "*": all
	Methods        []string
	Headers        []string // that pages may send; "x-stainless-*": all that begin so; "*": all
	ExposedHeaders []string // that pages may read
	Credentials    bool
	MaxAge         time.Duration // browsers ask again after it
}

// Enabled reports whether any page of another origin may use the API.
func (c CORS) Enabled() bool { return len(c.Origins) > 0 }

// corsWildcard stands for all.
const corsWildcard = "*"

// addressPattern is an IPv4 address as browsers write it.
const addressPattern = `(0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])(\.(0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])){3}`

// A CloudFront policy takes origins with these two schemes alone. Its wildcard for all
// covers the others.
const aCORSOrigin = "an http or https origin in lower case such as https://app.example.com, https://*.example.com or http://192.168.1.20:3000, " +
	"or * for all, which pages of applications such as app://obsidian.md need"

var (
	corsOriginPattern = regexp.MustCompile(`^https?://(localhost|` + addressPattern + `|(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?)(:[1-9][0-9]{0,4})?$`)
	corsHeaderPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$`)
)

// defaultCORSHeaders are those that OpenAI's JavaScript client sends. It adds headers of
// its families with new versions; Firefox sends its User-Agent as well.
var defaultCORSHeaders = []string{"authorization", "content-type", "user-agent", "openai-*", "x-stainless-*"}

// PlainHeaders are those in Headers that name one header, or all.
func (c CORS) PlainHeaders() []string {
	return slices.DeleteFunc(slices.Clone(c.Headers), func(header string) bool {
		return header != corsWildcard && strings.HasSuffix(header, corsWildcard)
	})
}

func isCORSOrigin(text string) bool {
	return text == corsWildcard || corsOriginPattern.MatchString(text)
}

func isCORSHeader(text string) bool {
	return text == corsWildcard || corsHeaderPattern.MatchString(text)
}

func isCORSRequestHeader(text string) bool {
	return isCORSHeader(text) || corsHeaderPattern.MatchString(strings.TrimSuffix(text, corsWildcard))
}

func readCORS(r *reader) CORS {
	return CORS{
		Origins: r.list("corsOrigins", isCORSOrigin, aCORSOrigin),
		Methods: r.listOr("corsMethods", defaultMethods, isMethod, "one of GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE"),
		Headers: r.listOr("corsHeaders", defaultCORSHeaders, isCORSRequestHeader,
			"a request header's name, the start of some with * at its end such as x-stainless-*, or * for all but authorization"),
		ExposedHeaders: r.listOr("corsExposedHeaders", []string{"retry-after", "x-amz-cf-id", "x-request-id"}, isCORSHeader,
			"a response header's name, or * for all"),
		Credentials: r.boolean("corsCredentials", false),
		MaxAge:      r.duration("corsMaxAge", time.Hour, 0, 24*time.Hour),
	}
}

// checkCORS refuses wildcards beside credentials: a browser ignores them, or, where
// the server writes the asking origin instead, any page acts in its user's name.
func (s Settings) checkCORS(r *reader) {
	c := s.CORS
	if !c.Enabled() {
		return
	}
	if slices.Contains(c.Origins, corsWildcard) && len(c.Origins) > 1 {
		r.refuse("corsOrigins", "nothing beside *, which is all origins")
	}
	if c.Credentials {
		for _, list := range []struct {
			key    string
			values []string
		}{{"corsOrigins", c.Origins}, {"corsHeaders", c.Headers}, {"corsExposedHeaders", c.ExposedHeaders}} {
			if slices.Contains(list.values, corsWildcard) {
				r.refuse(list.key, "no * while corsCredentials is true: name each")
			}
		}
	}
	missing := slices.DeleteFunc(slices.Clone(c.Methods), func(method string) bool { return slices.Contains(s.Edge.Methods, method) })
	if len(missing) > 0 {
		r.refuse("corsMethods", "only methods in edgeMethods; %s would be let through by browsers and refused by the front door", strings.Join(missing, ", "))
	}
	if len(c.Methods) == 0 {
		r.refuse("corsMethods", "at least one method while there are corsOrigins")
	}
	if len(c.PlainHeaders()) == 0 {
		r.refuse("corsHeaders", "at least one header by its whole name while there are corsOrigins, such as content-type: CloudFront's policy takes no less")
	}
}
