// Package httpcheck sends a request to a deployed stack and checks its response.
package httpcheck

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/check"
)

// Timeout is the longest that a response may take: what an HTTP API waits.
const Timeout = 30 * time.Second

// maxBody is the most of a response that is read, in bytes.
const maxBody = 1 << 20

// Request is one request to the stack, and the verification of its response.
type Request struct {
	Name    string
	Want    string
	Section string // of the runbook

	Method, URL string
	Host        string // instead of the address's
	Header      map[string]string
	Body        string // JSON, unless Header has another Content-Type

	// Credential is the header with the client's key, if requests need one. It is sent as
	// X-API-Key beside an Authorization in Header.
	Credential http.Header

	// Client sends the request; nil for one that follows no redirect.
	Client *http.Client

	Verify func(Response) error
}

// Check returns the request as a check.
func (r Request) Check() check.Check {
	return check.Check{Name: r.Name, Want: r.Want, Section: r.Section, Run: func(ctx context.Context) (string, error) {
		got, err := r.Send(ctx)
		if err != nil {
			return "", err
		}
		if err := r.Verify(got); err != nil {
			return "", fmt.Errorf("%d: %w", got.Status, err)
		}
		return "", nil
	}}
}

// noRedirects is a client to which a redirect is the response.
var noRedirects = &http.Client{CheckRedirect: NoRedirect}

// NoRedirect makes a client return a redirect as the response.
func NoRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Send sends the request.
func (r Request) Send(ctx context.Context) (Response, error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, r.Method, r.URL, strings.NewReader(r.Body))
	if err != nil {
		return Response{}, err
	}
	request.Host = r.Host
	r.setHeaders(request.Header)
	client := r.Client
	if client == nil {
		client = noRedirects
	}
	got, err := client.Do(request)
	if err != nil {
		return Response{}, err
	}
	defer got.Body.Close()
	content, err := io.ReadAll(io.LimitReader(got.Body, maxBody))
	return Response{got.StatusCode, got.Header, content}, err
}

func (r Request) setHeaders(header http.Header) {
	if r.Body != "" {
		header.Set("Content-Type", "application/json")
	}
	if key, found := strings.CutPrefix(r.Credential.Get("Authorization"), "Bearer "); found && r.Header["Authorization"] != "" {
		header.Set("X-Api-Key", key)
	} else {
		maps.Copy(header, r.Credential)
	}
	for name, value := range r.Header {
		header[name] = []string{value} // also names that Go would write otherwise
	}
}
