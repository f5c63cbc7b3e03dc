// Package verify checks a deployed stack from outside, as its viewers and its operator see it:
// that CloudFront is the only way to the API, what the edge does with requests, that the model
// answers and streams, that a client's key admits until it is revoked, that the rotation and
// the alarms are in order, and that a request is found in the logs.
//
// The checks change nothing but a client that they make, and delete in the end, unless Rotate
// or Revoke is set. Requests to the model have few tokens.
package verify

import (
	"crypto/x509"
	"net/http"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/internal/secret"
)

// Suite has what the checks of one stack need. Parts that are nil are left out, with a row
// that says so.
type Suite struct {
	Outputs   Outputs
	Addresses Addresses

	Clients Clients // nil if the API is open
	Rotator Rotator
	Alarms  Alarms
	Logs    Logs

	// AccessLogs are searched for as long as Wait, if the stack has a bucket of them.
	AccessLogs AccessLogs
	Wait       time.Duration

	Now func() time.Time

	// LogTimeout is the time that a line may need until it is found in the log.
	LogTimeout time.Duration

	// Rotate and Revoke have the checks change the origin key.
	Rotate, Revoke bool

	key secret.Text // of the client that the checks made
	// logged is the id of a request to the function, which its log must have.
	logged string
	// edgeID is CloudFront's id of a request, which its access log must have.
	edgeID string
	// roots are those of the system, or of a test.
	roots *x509.CertPool
	// udpTimeout replaces [udpTimeout] in a test.
	udpTimeout time.Duration
}

// Checks returns the checks in their order. Each but those of the first group depends on none
// before it but the client that is made.
func (s *Suite) Checks() []check.Check {
	var all []check.Check
	for _, group := range []func() []check.Check{
		s.makeClient, s.origin, s.protocols, s.headers, s.rejections, s.cors, s.api, s.streams, s.private,
		s.firewall, s.certificate, s.operation, s.rotation, s.endClient, s.accessLogs,
	} {
		all = append(all, group()...)
	}
	return all
}

// credential returns the header with the key of the client that the checks made. It is empty
// if there is none.
func (s *Suite) credential() http.Header {
	header := http.Header{}
	if !s.key.IsZero() {
		header.Set("Authorization", "Bearer "+s.key.Reveal())
	}
	return header
}

// path returns a path below the API's prefix.
func (s *Suite) path(below string) string { return s.Outputs.APIPrefix + below }
