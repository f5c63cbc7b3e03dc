package verify

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/httpcheck"
)

// private checks the route to the private model: what its server answers is its own affair,
// but the load balancer must have a healthy target, and there is no other way.
func (s *Suite) private() []check.Check {
	path := s.Outputs.InferencePrefix + "/v1/models"
	through := s.viewer(httpcheck.Request{
		Name: "private route through CloudFront", Want: "a response of the server", Section: "private-model-away", Method: http.MethodGet, URL: path,
		Verify: fromServer,
	})
	direct := whenSent(s.direct("private route direct", s.Addresses.API, path), s.withMovedCredential)
	all := append(through, direct...)
	if s.Outputs.InferencePrefix == "" {
		leaveOut(all, "networkEnabled is off")
	}
	return all
}

// fromServer returns an error for responses that come from a part of Gatehouse, and not from
// the private model's server.
func fromServer(r httpcheck.Response) error {
	switch r.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return errors.New(r.Code())
	}
	return nil
}

// withMovedCredential adds the header into which CloudFront moves the client's credential:
// API Gateway asks the authorizer about no request without it.
func (s *Suite) withMovedCredential(r httpcheck.Request) httpcheck.Request {
	if !s.key.IsZero() {
		r.Credential = http.Header{http.CanonicalHeaderKey(credential.Header): {s.key.Reveal()}}
	}
	return r
}

// exploit is in a query string that the managed rules against known bad inputs block: the
// lookup by which Log4j runs a stranger's code.
const exploit = "${jndi:ldap://verify.invalid/a}"

// firewall checks that the web ACL blocks a request.
func (s *Suite) firewall() []check.Check {
	all := s.viewer(httpcheck.Request{
		Name: "the firewall: a known exploit", Want: "403", Section: "the-firewall-blocks-users",
		Method: http.MethodGet, URL: s.path(health) + "?x=" + url.QueryEscape(exploit),
		Verify: func(r httpcheck.Response) error {
			if r.Status == http.StatusOK {
				return errors.New("forwarded: does wafCount have knownBadInputs?")
			}
			return r.HasStatus(http.StatusForbidden)
		},
	})
	switch {
	case s.Outputs.WebACLARN == "":
		all[0].LeftOut = "wafEnabled is off"
	case s.Addresses.isLocal():
		all[0].LeftOut = "the local cloud has no managed rules"
	}
	return all
}
