package config

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// Edge holds whom the distribution lets in, with which requests.
type Edge struct {
	PriceClass       string // as CloudFront spells it: which of its locations serve
	HTTPVersion      string // as CloudFront spells it: the newest that viewers may use
	IPv6             bool
	CountriesAllowed []string // ISO 3166-1 alpha-2; empty for all
	CountriesBlocked []string // empty when CountriesAllowed is not

	Methods      []string
	ContentTypes []string // media types that a POST may have, in lower case
	TargetLimit  int      // bytes of path and query
	BodyLimit    int      // bytes

	// ErrorDocuments has CloudFront answer with problem documents of its own where the
	// API fails.
	ErrorDocuments bool
}

// OriginFunction holds whether there is a function on the way from CloudFront to
// the API, and how it goes.
type OriginFunction struct {
	Enabled       bool
	SkipDestroy   bool          // leave the function behind when it is deleted
	DeleteTimeout time.Duration // CloudFront may need hours to let go of its replicas
}

// Bounds of what CloudFront and an HTTP API take, in bytes (their quotas).
const (
	longestTarget = 8192
	largestBody   = 10 << 20
)

// ProblemsPrefix is the path below which CloudFront looks for the error documents.
const ProblemsPrefix = "/problems"

// httpMethods are those that CloudFront passes on.
var httpMethods = []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}

// defaultMethods are what the API needs.
var defaultMethods = []string{"GET", "HEAD", "OPTIONS", "POST"}

var mediaTypePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}$`)

func isMethod(text string) bool { return slices.Contains(httpMethods, text) }

func readEdge(r *reader) Edge {
	const aMethod = "one of GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE"
	return Edge{
		PriceClass:       r.oneOf("edgePriceClass", "PriceClass_All", "PriceClass_100", "PriceClass_200", "PriceClass_All"),
		HTTPVersion:      r.oneOf("edgeHttpVersion", "http2and3", "http1.1", "http2", "http3", "http2and3"),
		IPv6:             r.boolean("edgeIpv6", true),
		CountriesAllowed: r.list("edgeCountriesAllowed", isCountry, aCountry),
		CountriesBlocked: r.list("edgeCountriesBlocked", isCountry, aCountry),
		Methods:          r.listOr("edgeMethods", defaultMethods, isMethod, aMethod),
		ContentTypes: r.listOr("edgeContentTypes", []string{"application/json"}, mediaTypePattern.MatchString,
			"a media type in lower case without parameters, such as multipart/form-data"),
		TargetLimit:    r.number("edgeTargetLimit", 4096, 256, longestTarget),
		BodyLimit:      r.number("edgeBodyLimit", 1<<20, 1024, largestBody),
		ErrorDocuments: r.boolean("edgeErrorDocuments", false),
	}
}

func readOriginFunction(r *reader) OriginFunction {
	return OriginFunction{
		Enabled:       r.boolean("originFunctionEnabled", true),
		SkipDestroy:   r.boolean("originFunctionSkipDestroy", false),
		DeleteTimeout: r.duration("originFunctionDeleteTimeout", 3*time.Hour, 10*time.Minute, 24*time.Hour),
	}
}

func (s Settings) checkEdge(r *reader) {
	e := s.Edge
	s.checkCountries(r)
	if !slices.Contains(e.Methods, "POST") {
		r.refuse("edgeMethods", "a list with POST: models are asked with it, and the rotator looks through the front door with it")
	}
	if len(e.ContentTypes) == 0 {
		r.refuse("edgeContentTypes", "at least one media type, such as application/json")
	}
	if e.ErrorDocuments && strings.HasPrefix(s.Gateway.Prefix+"/", ProblemsPrefix+"/") {
		r.refuse("apiPrefix", "a path outside of %s while edgeErrorDocuments is true: CloudFront looks for the documents there", ProblemsPrefix)
	}
	if e.ErrorDocuments && !s.OriginFunction.Enabled {
		r.refuse("edgeErrorDocuments", "false without originFunctionEnabled: that function writes the documents")
	}
}

// checkCountries refuses lists that keep out the rotator, which would take the answer
// for a failure of its own.
func (s Settings) checkCountries(r *reader) {
	allowed, blocked := s.Edge.CountriesAllowed, s.Edge.CountriesBlocked
	if len(allowed) > 0 && len(blocked) > 0 {
		r.refuse("edgeCountriesBlocked", "nothing beside edgeCountriesAllowed: all other countries are blocked already")
		return
	}
	const why = "the rotator looks through the front door from there"
	home, known := regionCountries[s.Region]
	switch {
	case !known:
	case len(allowed) > 0 && !slices.Contains(allowed, home):
		r.refuse("edgeCountriesAllowed", "a list with %s, where %s is: %s", home, s.Region, why)
	case slices.Contains(blocked, home):
		r.refuse("edgeCountriesBlocked", "a list without %s, where %s is: %s", home, s.Region, why)
	}
}
