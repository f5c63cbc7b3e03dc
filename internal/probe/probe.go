// Package probe sends requests to an API and checks whether it accepts or rejects an
// origin key. The rotator and an update of the stack check with it, from outside, what
// they are about to do.
package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// Doer sends a request: an [http.Client].
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

const timeout = 10 * time.Second

// API is one of the APIs that require an origin key.
type API struct {
	Name string // for logs and errors

	// path follows the API's prefix. The function responds to a GET of it without calling a
	// model, and whether or not clients need keys of their own.
	path string
}

var (
	// HTTPAPI has all paths but those of [StreamingAPI].
	HTTPAPI = API{"HTTP API", "/healthz"}

	// StreamingAPI is the REST API that streams responses.
	StreamingAPI = API{"streaming REST API", "/chat/healthz"}
)

// NewHTTPClient returns a client that follows no redirect, and keeps no connection, which
// would die while Lambda has the process frozen.
func NewHTTPClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true
	return &http.Client{
		Transport:     transport,
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Target is an endpoint of an API: the API's own URL, or the distribution's.
type Target struct {
	HTTP   Doer
	API    API
	URL    string // without a slash at its end
	Header string // that carries the origin key
	Prefix string // of the API's paths: "/api"
}

// ErrRejected is returned when the API has rejected the key. Any other error of
// [Target.CheckAccepted] means that the probe came to no conclusion.
var ErrRejected = errors.New("the API rejected the request")

// requestIDHeaders are those of the HTTP API and of the REST API: one is on every response
// of API Gateway, its own rejections and those of its authorizer included.
var requestIDHeaders = [...]string{"Apigw-Requestid", "X-Amzn-Requestid"}

// cacheHeader is on every response of CloudFront.
const cacheHeader = "X-Cache"

// AuthorizedHeader is on responses that the REST API sends itself, but only after the
// authorizer has accepted the request: those in place of a function that has no execution
// left. Without it, streams that use up all executions would hold back a rotation.
const AuthorizedHeader = "X-Gatehouse-Authorized"

// response is the part of a response from which the API's decision follows.
type response struct {
	status     int
	fromAPI    bool // not from CloudFront or a firewall before the API
	authorized bool // it has [AuthorizedHeader]
}

// CheckAccepted returns an error unless the API authorizes a request with this value; the
// zero value sends no header. A 4xx from behind the authorizer counts as accepted.
func (t Target) CheckAccepted(ctx context.Context, value keyring.Value) error {
	r, err := t.probe(ctx, value)
	switch {
	case err != nil:
		return err
	case r.isRejection():
		return fmt.Errorf("%w: %s responded with status %d", ErrRejected, t.resource(), r.status)
	case !r.isConclusive():
		return t.inconclusive(r)
	}
	return nil
}

// CheckRejected returns an error unless the API rejects the value.
func (t Target) CheckRejected(ctx context.Context, value keyring.Value) error {
	r, err := t.probe(ctx, value)
	switch {
	case err != nil:
		return err
	case r.isRejection():
		return nil
	case !r.isConclusive():
		return t.inconclusive(r)
	}
	return fmt.Errorf("%s accepted the request, with status %d: the API is open to requests without a key of the keyring", t.resource(), r.status)
}

func (t Target) inconclusive(r response) error {
	from := ""
	if !r.fromAPI {
		from = " from CloudFront or its firewall"
	}
	return fmt.Errorf("%s responded with status %d%s, which does not show whether the API accepts the request", t.resource(), r.status, from)
}

// isDenial reports whether a status denies access, be it the API's or another's: the
// firewall's, or CloudFront's for a country.
func isDenial(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

func (r response) isRejection() bool { return r.fromAPI && isDenial(r.status) }

// isConclusive reports whether the response is that of an API that has decided.
func (r response) isConclusive() bool {
	if isDenial(r.status) {
		return r.fromAPI
	}
	if r.authorized {
		return true
	}
	return 200 <= r.status && r.status < 300 || 400 <= r.status && r.status < 500 && r.status != http.StatusTooManyRequests
}

// ClockOffset returns how far this machine's clock is ahead of the API's, to the
// second: negative if it is behind. The API responds to a request without a key by itself.
func (t Target) ClockOffset(ctx context.Context, now func() time.Time) (time.Duration, error) {
	sent := now()
	resp, err := t.send(ctx, keyring.Value{})
	if err != nil {
		return 0, err
	}
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return 0, fmt.Errorf("the response of %s has no Date", t.resource())
	}
	middle := sent.Add(now().Sub(sent) / 2)
	return middle.Sub(date).Truncate(time.Second), nil
}

// probe sends a request. Without CloudFront's header, the response is the API's.
func (t Target) probe(ctx context.Context, value keyring.Value) (response, error) {
	resp, err := t.send(ctx, value)
	if err != nil {
		return response{}, err
	}
	return response{resp.StatusCode, isFromAPI(resp.Header), resp.Header.Get(AuthorizedHeader) != ""}, nil
}

func isFromAPI(h http.Header) bool {
	for _, name := range requestIDHeaders {
		if h.Get(name) != "" {
			return true
		}
	}
	return h.Get(cacheHeader) == ""
}

// resource returns the URL of the requests, whose path shows the API.
func (t Target) resource() string { return t.URL + t.Prefix + t.API.path }

// send sends the request, and returns the response without its body.
func (t Target) send(ctx context.Context, value keyring.Value) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, t.resource(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "gatehouse")
	if !value.IsZero() {
		request.Header.Set(t.Header, value.Reveal())
	}
	resp, err := t.HTTP.Do(request)
	if err != nil {
		return nil, withoutValue(err, value)
	}
	defer func() { _ = resp.Body.Close() }()
	// The body of an accepted request may be confidential: it is discarded.
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	return resp, nil
}

// withoutValue returns an error with the message of err alone, free of the value: no HTTP
// client should quote a header, and this one never does.
func withoutValue(err error, value keyring.Value) error {
	message := err.Error()
	if !value.IsZero() {
		message = strings.ReplaceAll(message, value.Reveal(), value.String())
	}
	return errors.New(message)
}
