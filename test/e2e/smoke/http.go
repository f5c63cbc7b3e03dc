package smoke

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/servers/privatemodel"
	"github.com/gatehouse-iac/gatehouse/test/e2e/check"
)

// requestTimeout is the longest that a response may take: what an HTTP API waits.
const requestTimeout = 30 * time.Second

// post sends the body to an address, with a value in the header unless it is empty.
func post(ctx context.Context, credential http.Header, url, header, value string) (status int, content []byte, err error) {
	r := request{method: http.MethodPost, url: url, body: body, credential: credential}
	if value != "" {
		r.header = map[string]string{header: value}
	}
	got, err := r.send(ctx)
	return got.status, got.content, err
}

// request is one request to the distribution, and the verification of its response.
type request struct {
	name string
	want string

	method, url string
	host        string // instead of the address's
	header      map[string]string
	body        string

	// credential is the header with the client's key, if requests need one. It is sent as
	// X-API-Key beside an Authorization in header.
	credential http.Header

	verify func(response) error
}

func (r request) check() check.Check {
	return check.Check{Name: r.name, Want: r.want, Run: func(ctx context.Context) (string, error) {
		got, err := r.send(ctx)
		if err != nil {
			return "", err
		}
		if err := r.verify(got); err != nil {
			return "", fmt.Errorf("%d: %w", got.status, err)
		}
		return "", nil
	}}
}

// noRedirects is a client to which a redirect is the response.
var noRedirects = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func (r request) send(ctx context.Context) (response, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, r.method, r.url, strings.NewReader(r.body))
	if err != nil {
		return response{}, err
	}
	request.Host = r.host
	if r.body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if key, found := strings.CutPrefix(r.credential.Get("Authorization"), "Bearer "); found && r.header["Authorization"] != "" {
		request.Header.Set("X-Api-Key", key)
	} else {
		maps.Copy(request.Header, r.credential)
	}
	for name, value := range r.header {
		request.Header[name] = []string{value} // also names that Go would write otherwise
	}
	got, err := noRedirects.Do(request)
	if err != nil {
		return response{}, err
	}
	defer got.Body.Close()
	content, err := io.ReadAll(io.LimitReader(got.Body, 1<<20))
	return response{got.StatusCode, got.Header, content}, err
}

type response struct {
	status  int
	header  http.Header
	content []byte
}

func (r response) hasStatus(status int) error {
	if r.status != status {
		return errors.New(string(bytes.TrimSpace(r.content)))
	}
	return nil
}

func (r response) hasHeader(name, value string) error {
	if got := r.header.Get(name); got != value {
		return fmt.Errorf("%s: %s", name, got)
	}
	return nil
}

// lists returns an error unless a header's list has a value.
func (r response) lists(name, value string) error {
	for listed := range strings.SplitSeq(r.header.Get(name), ",") {
		if strings.EqualFold(strings.TrimSpace(listed), value) {
			return nil
		}
	}
	return fmt.Errorf("%s: %s", name, r.header.Get(name))
}

func (r response) hasResponseHeaders() error {
	var missing []error
	for name, value := range responseHeaders {
		missing = append(missing, r.hasHeader(name, value))
	}
	return errors.Join(missing...)
}

// hidesServers returns an error if a response names the servers behind CloudFront.
func (r response) hidesServers() error {
	for _, name := range []string{"X-Powered-By", "Server"} {
		if value := r.header.Get(name); value != "" && value != "CloudFront" {
			return fmt.Errorf("%s: %s", name, value)
		}
	}
	return nil
}

// isProblem returns an error unless a response is a problem document (RFC 9457) for this
// request.
func (r response) isProblem(status string) error {
	var problem struct {
		Type, Title, Detail, Instance string
		Status                        int
	}
	if err := json.Unmarshal(r.content, &problem); err != nil {
		return fmt.Errorf("no problem: %w", err)
	}
	id := r.header.Get(cloudFrontIDHeader)
	switch {
	case fmt.Sprint(r.status) != status || problem.Status != r.status:
		return fmt.Errorf("the problem's status is %d", problem.Status)
	case problem.Type != "about:blank" || problem.Title == "" || problem.Detail == "":
		return fmt.Errorf("a problem without its members: %s", r.content)
	case id == "" || problem.Instance != id || r.header.Get(requestIDHeader) != id:
		return fmt.Errorf("the request has the ids %q, %q, %q", id, problem.Instance, r.header.Get(requestIDHeader))
	case r.status == http.StatusMethodNotAllowed && r.header.Get("Allow") == "":
		return errors.New("no Allow")
	}
	return errors.Join(r.hasHeader("Content-Type", "application/problem+json"), r.hasHeader("Cache-Control", "no-store"))
}

// seen returns what the private model saw of the request.
func (r response) seen() (privatemodel.Seen, error) {
	var seen privatemodel.Seen
	if err := r.hasStatus(http.StatusOK); err != nil {
		return seen, err
	}
	if err := json.Unmarshal(r.content, &seen); err != nil {
		return seen, fmt.Errorf("no response of the private model: %w", err)
	}
	return seen, nil
}
