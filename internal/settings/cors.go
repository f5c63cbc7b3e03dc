package settings

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
	Headers        []string // that pages may send
	ExposedHeaders []string // that pages may read
	Credentials    bool
	MaxAge         time.Duration // browsers ask again after it
}

// Enabled reports whether any page of another origin may use the API.
func (c CORS) Enabled() bool { return len(c.Origins) > 0 }

// corsWildcard stands for all.
const corsWildcard = "*"

var (
	corsOriginPattern = regexp.MustCompile(`^https?://(localhost|127\.0\.0\.1|(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?)(:[1-9][0-9]{0,4})?$`)
	corsHeaderPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$`)
)

func isCORSOrigin(text string) bool {
	return text == corsWildcard || corsOriginPattern.MatchString(text)
}

func isCORSHeader(text string) bool {
	return text == corsWildcard || corsHeaderPattern.MatchString(text)
}

func readCORS(r *reader) CORS {
	return CORS{
		Origins: r.list("corsOrigins", isCORSOrigin, "an origin in lower case such as https://app.example.com or https://*.example.com, or * for all"),
		Methods: r.listOr("corsMethods", defaultMethods, isMethod, "one of GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE"),
		Headers: r.listOr("corsHeaders", []string{"authorization", "content-type"}, isCORSHeader, "a request header's name, or * for all but authorization"),
		ExposedHeaders: r.listOr("corsExposedHeaders", []string{"retry-after", "x-request-id"}, isCORSHeader,
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
	if len(c.Headers) == 0 {
		r.refuse("corsHeaders", "at least one header while there are corsOrigins, such as content-type")
	}
}
