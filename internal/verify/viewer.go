package verify

import (
	"context"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/internal/httpcheck"
)

// viewer returns checks of requests to CloudFront, whose URLs are paths. The client's key is
// added when they are sent: it isn't known before the client is made.
func (s *Suite) viewer(requests ...httpcheck.Request) []check.Check {
	return whenSent(requests, s.toViewer)
}

// whenSent returns checks of requests that are completed when they are sent.
func whenSent(requests []httpcheck.Request, complete func(httpcheck.Request) httpcheck.Request) []check.Check {
	all := make([]check.Check, len(requests))
	for i, r := range requests {
		all[i] = r.Check()
		all[i].Run = func(ctx context.Context) (string, error) { return complete(r).Check().Run(ctx) }
	}
	return all
}

func (s *Suite) toViewer(r httpcheck.Request) httpcheck.Request {
	r.URL, r.Host = s.Addresses.Viewer.URL+r.URL, s.Addresses.Viewer.Host
	if r.Credential == nil {
		r.Credential = s.credential()
	}
	return r
}

// leaveOut says of checks why they can't be run.
func leaveOut(checks []check.Check, reason string) {
	for i := range checks {
		checks[i].LeftOut = reason
	}
}
