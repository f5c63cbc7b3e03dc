package verify

import (
	"context"
	"fmt"
	"net/http"

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

// get sends a GET through CloudFront, which must be responded to with 200.
func (s *Suite) get(ctx context.Context, r httpcheck.Request) (httpcheck.Response, error) {
	r.Method = http.MethodGet
	got, err := s.toViewer(r).Send(ctx)
	if err != nil {
		return got, err
	}
	if err := got.HasStatus(http.StatusOK); err != nil {
		return got, fmt.Errorf("%d: %w", got.Status, err)
	}
	return got, nil
}

// leaveOut says of checks why they can't be run.
func leaveOut(checks []check.Check, reason string) {
	for i := range checks {
		checks[i].LeftOut = reason
	}
}
