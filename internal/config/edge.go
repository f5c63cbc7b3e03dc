package config

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// Edge holds which viewers and requests the distribution allows.
type Edge struct {
	PriceClass       string // as CloudFront spells it: which of its edge locations serve
	HTTPVersion      string // as CloudFront spells it: the newest that viewers may use
	IPv6             bool
	CountriesAllowed []string // ISO 3166-1 alpha-2; empty for all
	CountriesBlocked []string // empty when CountriesAllowed is not

	Methods      []string
	ContentTypes []string // media types that a POST may have, in lower case
	TargetLimit  int      // bytes of path and query
	BodyLimit    int      // bytes

	// ErrorDocuments makes CloudFront respond with problem documents of its own where the
	// API fails.
	ErrorDocuments bool
}

// OriginFunction holds whether a Lambda@Edge function handles requests from CloudFront
// to the API, and how it is deleted.
type OriginFunction struct {
	Enabled       bool
	SkipDestroy   bool          // leave the function in the account
	DeleteTimeout time.Duration // CloudFront may need hours to delete its replicas
}

// Quotas of CloudFront and HTTP APIs, in bytes.
const (
	longestTarget = 8192
	largestBody   = 10 << 20
)

// ProblemsPrefix is the path below which CloudFront looks for the error documents.
const ProblemsPrefix = "/problems"

// httpMethods are the methods that CloudFront forwards.
var httpMethods = []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}

var mediaTypePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}$`)

func isMethod(name string) bool { return slices.Contains(httpMethods, name) }

var aMethod = "one of " + strings.Join(httpMethods, ", ")

var (
	edgePriceClass = setting[string]{
		key: "edgePriceClass", byDefault: "PriceClass_All", basic: true, allowed: oneOf("PriceClass_100", "PriceClass_200", "PriceClass_All"),
		description: "CloudFront's edge locations that serve: PriceClass_100 (North America, Europe), PriceClass_200 or all. Fewer are cheaper, and farther from some viewers.",
	}
	edgeHttpVersion = setting[string]{
		key: "edgeHttpVersion", byDefault: "http2and3", allowed: oneOf("http1.1", "http2", "http3", "http2and3"),
		description: "The newest HTTP version that viewers may use.",
	}
	edgeIpv6 = setting[bool]{
		key: "edgeIpv6", byDefault: true,
		description: "Whether viewers may connect over IPv6 too.",
	}
	edgeCountriesAllowed = setting[[]string]{
		key: "edgeCountriesAllowed", allowed: each(isCountry, aCountry),
		description: "The only countries whose viewers are allowed, that of the stack's region among them; all if empty.",
	}
	edgeCountriesBlocked = setting[[]string]{
		key: "edgeCountriesBlocked", allowed: each(isCountry, aCountry),
		conflicts:   conflict{with: []anySetting{edgeCountriesAllowed}, why: "set only one: all other countries are blocked already"},
		description: "Countries whose viewers are blocked, that of the stack's region not among them.",
	}
	edgeMethods = setting[[]string]{
		key: "edgeMethods", byDefault: []string{"GET", "HEAD", "OPTIONS", "POST"}, allowed: each(isMethod, aMethod),
		description: "HTTP methods that CloudFront allows; POST must be among them.",
	}
	edgeContentTypes = setting[[]string]{
		key: "edgeContentTypes", byDefault: []string{"application/json"},
		allowed:     each(mediaTypePattern.MatchString, "a media type in lower case without parameters, such as multipart/form-data"),
		description: "Media types that a POST may have, at least one. They are checked with originFunctionEnabled.",
	}
	edgeTargetLimit = setting[int]{
		key: "edgeTargetLimit", byDefault: 4096, allowed: between(256, longestTarget),
		description: "The most bytes that a request's path and query may have.",
	}
	edgeBodyLimit = setting[int]{
		key: "edgeBodyLimit", byDefault: 1 << 20, allowed: between(1024, largestBody),
		description: "The most bytes that a request's body may have. The highest value is an HTTP API's limit.",
	}
	edgeErrorDocuments = setting[bool]{
		key: "edgeErrorDocuments", requires: []requirement{originFunctionEnabled.toBe(true).because("that function writes the documents")},
		description: "Whether CloudFront responds to 502, 503 and 504 with problem documents of its own, in place of the body that the API sent.",
	}
)

var (
	originFunctionEnabled = setting[bool]{
		key: "originFunctionEnabled", byDefault: true, basic: true,
		description: "Whether a Lambda@Edge function checks POSTs and adds the viewer's country to requests to the API.",
	}
	originFunctionSkipDestroy = setting[bool]{
		key:         "originFunctionSkipDestroy",
		description: "Whether the Lambda@Edge function is left in the account when the stack is destroyed, so that `pulumi destroy` doesn't wait hours until CloudFront has deleted its replicas.",
	}
	originFunctionDeleteTimeout = setting[time.Duration]{
		key: "originFunctionDeleteTimeout", byDefault: 3 * time.Hour, allowed: lasting(10*time.Minute, 24*time.Hour),
		description: "How long a deletion of the Lambda@Edge function waits for CloudFront to delete its replicas.",
	}
)

func readEdge(r *reader) Edge {
	return Edge{
		PriceClass:       edgePriceClass.read(r),
		HTTPVersion:      edgeHttpVersion.read(r),
		IPv6:             edgeIpv6.read(r),
		CountriesAllowed: edgeCountriesAllowed.read(r),
		CountriesBlocked: edgeCountriesBlocked.read(r),
		Methods:          edgeMethods.read(r),
		ContentTypes:     edgeContentTypes.read(r),
		TargetLimit:      edgeTargetLimit.read(r),
		BodyLimit:        edgeBodyLimit.read(r),
		ErrorDocuments:   edgeErrorDocuments.read(r),
	}
}

func readOriginFunction(r *reader) OriginFunction {
	return OriginFunction{
		Enabled:       originFunctionEnabled.read(r),
		SkipDestroy:   originFunctionSkipDestroy.read(r),
		DeleteTimeout: originFunctionDeleteTimeout.read(r),
	}
}

func (s Settings) checkEdge(r *reader) {
	e := s.Edge
	s.checkCountries(r)
	if !slices.Contains(e.Methods, "POST") {
		r.must(edgeMethods, "include POST: clients call models with it, and the rotator probes the API through CloudFront with it")
	}
	if len(e.ContentTypes) == 0 {
		r.must(edgeContentTypes, "have at least one media type, such as application/json")
	}
	if e.ErrorDocuments && strings.HasPrefix(s.Gateway.Prefix+"/", ProblemsPrefix+"/") {
		r.must(apiPrefix, "be a path outside of %s while %s is true: CloudFront looks for the documents there", ProblemsPrefix, edgeErrorDocuments)
	}
}

// checkCountries refuses lists that block the rotator, which would take the response for
// a failure of its own.
func (s Settings) checkCountries(r *reader) {
	const why = "the rotator probes the API through CloudFront from there"
	allowed, blocked := s.Edge.CountriesAllowed, s.Edge.CountriesBlocked
	home, known := regionCountries[s.Region]
	switch {
	case !known, len(allowed) > 0 && len(blocked) > 0:
	case len(allowed) > 0 && !slices.Contains(allowed, home):
		r.must(edgeCountriesAllowed, "include %s, where %s is: %s", home, s.Region, why)
	case slices.Contains(blocked, home):
		r.must(edgeCountriesBlocked, "not include %s, where %s is: %s", home, s.Region, why)
	}
}
