package verify

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/internal/httpcheck"
)

const (
	allowOrigin = "Access-Control-Allow-Origin"
	otherOrigin = "https://verify.invalid" // which no setting allows
)

// openAIHeaders are those that a browser lists in the preflight of a page that uses
// OpenAI's client; Firefox lists the last one as well.
var openAIHeaders = []string{
	"authorization", "content-type", "x-stainless-arch", "x-stainless-lang", "x-stainless-os", "x-stainless-package-version",
	"x-stainless-retry-count", "x-stainless-runtime", "x-stainless-runtime-version", "x-stainless-timeout", "user-agent",
}

// cors are the requests that browsers send for pages of other origins.
func (s *Suite) cors() []check.Check {
	refused := s.viewer(s.refusedPreflight(), s.fromOrigin("CORS request of another origin", "200, not allowed", otherOrigin, ""))
	origin, found := s.exactOrigin()
	allowed := s.viewer(s.allowedPreflight(origin), s.fromOrigin("CORS request", "200, allowed", origin, origin))
	switch {
	case slices.Contains(s.Outputs.CORSOrigins, "*"):
		leaveOut(refused, "corsOrigins allows all")
		leaveOut(allowed, "corsOrigins allows all")
	case !found:
		leaveOut(allowed, "corsOrigins has no origin without a wildcard")
	}
	return append(refused, allowed...)
}

// exactOrigin returns an allowed origin that is no pattern.
func (s *Suite) exactOrigin() (origin string, found bool) {
	for _, origin := range s.Outputs.CORSOrigins {
		if !strings.Contains(origin, "*") {
			return origin, true
		}
	}
	return "", false
}

func preflight(origin string) map[string]string {
	return map[string]string{
		"Origin": origin, "Access-Control-Request-Method": http.MethodPost, "Access-Control-Request-Headers": strings.Join(openAIHeaders, ","),
	}
}

func (s *Suite) allowedPreflight(origin string) httpcheck.Request {
	return httpcheck.Request{
		Name: "CORS preflight of OpenAI's client", Want: "204, all headers", Method: http.MethodOptions, URL: s.path("/models"), Header: preflight(origin),
		Verify: func(r httpcheck.Response) error {
			err := errors.Join(r.HasStatus(http.StatusNoContent), r.HasHeader(allowOrigin, origin), r.Lists("Access-Control-Allow-Methods", http.MethodPost))
			for _, header := range openAIHeaders {
				err = errors.Join(err, r.Lists("Access-Control-Allow-Headers", header))
			}
			return err
		},
	}
}

// refusedPreflight is of an origin that the settings don't allow.
func (s *Suite) refusedPreflight() httpcheck.Request {
	return httpcheck.Request{
		Name: "CORS preflight of another origin", Want: "not allowed", Method: http.MethodOptions, URL: s.path("/models"), Header: preflight(otherOrigin),
		Verify: func(r httpcheck.Response) error {
			if r.Status < http.StatusBadRequest {
				return errors.New("accepted")
			}
			return r.HasHeader(allowOrigin, "")
		},
	}
}

// fromOrigin is a request of a page. The browser shows it the response if it is allowed.
func (s *Suite) fromOrigin(name, want, origin, allowed string) httpcheck.Request {
	return httpcheck.Request{
		Name: name, Want: want, Method: http.MethodGet, URL: s.path(health), Header: map[string]string{"Origin": origin},
		Verify: func(r httpcheck.Response) error {
			err := errors.Join(r.HasStatus(http.StatusOK), r.HasHeader(allowOrigin, allowed))
			if allowed != "" {
				err = errors.Join(err, r.Lists("Access-Control-Expose-Headers", "x-request-id"))
			}
			return err
		},
	}
}
