package verify

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/internal/httpcheck"
)

// plain are requests without TLS.
func (s *Suite) plain() []check.Check {
	to := s.Addresses.Plain
	host := to.Host
	if u, err := url.Parse(to.URL); err == nil && host == "" {
		host = u.Host
	}
	redirect := "https://" + host + "/x?a=b"
	return []check.Check{
		httpcheck.Request{
			Name: "over plain HTTP", Want: "301 to HTTPS", Method: http.MethodGet, URL: to.URL + "/x?a=b", Host: to.Host,
			Verify: func(r httpcheck.Response) error {
				return errors.Join(r.HasStatus(http.StatusMovedPermanently), r.HasHeader("Location", redirect))
			},
		}.Check(),
		httpcheck.Request{
			Name: "over plain HTTP, the API", Want: "403", Method: http.MethodPost, URL: to.URL + s.path("/models"), Host: to.Host, Body: question,
			Verify: func(r httpcheck.Response) error { return r.HasStatus(http.StatusForbidden) },
		}.Check(),
	}
}

// securityHeaders are on every response, regardless of the settings. Others have values that the
// settings change.
var securityHeaders = map[string]string{"X-Content-Type-Options": "nosniff"}

// headers checks the headers that every response has, and that none names the servers.
func (s *Suite) headers() []check.Check {
	return s.viewer(httpcheck.Request{
		Name: "headers of a response", Want: "security headers, no server's name", Method: http.MethodGet, URL: s.path(health),
		Verify: func(r httpcheck.Response) error {
			return errors.Join(r.HasStatus(http.StatusOK), r.HasHeaders(securityHeaders), hasHSTS(r), r.HidesServers())
		},
	})
}

func hasHSTS(r httpcheck.Response) error {
	if value := r.Header.Get("Strict-Transport-Security"); !strings.HasPrefix(value, "max-age=") {
		return fmt.Errorf("strict-transport-security: %s", value)
	}
	return nil
}

// Sizes beyond what the edge forwards, in bytes.
const (
	tooLong  = 4096      // of a path
	tooLarge = 1<<20 + 1 // of a body, which WAF and Lambda limit too
)

// rejections are requests that the edge does not forward.
func (s *Suite) rejections() []check.Check {
	models := s.path("/models")
	all := []struct {
		status  int
		request httpcheck.Request
	}{
		{400, httpcheck.Request{Name: "dot segments", Method: http.MethodGet, URL: s.path("/%2e%2e/admin")}},
		{400, httpcheck.Request{Name: "an encoded NUL", Method: http.MethodGet, URL: models + "%00"}},
		{400, httpcheck.Request{Name: "a path encoded twice", Method: http.MethodGet, URL: s.path("/%252e%252e/admin")}},
		{400, httpcheck.Request{Name: "an encoded question mark", Method: http.MethodGet, URL: s.path("/inference/v1/files/a%3Fb%23c")}},
		{404, httpcheck.Request{Name: "a path without the prefix", Method: http.MethodPost, URL: "/v1/chat/completions", Body: question}},
		{405, httpcheck.Request{Name: "a method that is not allowed", Method: http.MethodDelete, URL: models}},
		{414, httpcheck.Request{Name: "a path that is too long", Method: http.MethodGet, URL: "/" + strings.Repeat("x", tooLong)}},
		{413, httpcheck.Request{Name: "a body that is too large", Method: http.MethodPost, URL: models, Body: strings.Repeat(" ", tooLarge)}},
		{415, httpcheck.Request{
			Name: "a body of another type", Method: http.MethodPost, URL: models, Body: question,
			Header: map[string]string{"Content-Type": "text/plain"},
		}},
	}
	var requests []httpcheck.Request
	for _, one := range all {
		r := one.request
		r.Name, r.Want = "rejected: "+r.Name, fmt.Sprintf("%d, a problem", one.status)
		r.Verify = func(r httpcheck.Response) error {
			return errors.Join(r.IsProblem(one.status), r.HasHeaders(securityHeaders))
		}
		requests = append(requests, r)
	}
	return s.viewer(requests...)
}
