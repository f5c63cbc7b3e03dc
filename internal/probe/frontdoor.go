// Package frontdoor asks the API whether it lets a request in. It is how the rotator
// and an update of the stack look at what they do from outside.
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

const (
	knockTimeout = 10 * time.Second

	// The front door answers this request without asking a model: the body lacks all
	// that is needed. The path follows the API's prefix.
	knockPath = "/models"
	knockBody = "{}"
)

// NewHTTPClient returns a client that goes nowhere else than it is sent, and keeps
// no connection, which would die while Lambda has the process frozen.
func NewHTTPClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true
	return &http.Client{
		Transport:     transport,
		Timeout:       knockTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Door is a way to the API: the API's own address, or the distribution's.
type Door struct {
	HTTP   Doer
	URL    string // without a slash at its end
	Header string // that carries the origin key
	Prefix string // of the API's paths: "/api"
}

// ErrRefused is why a door does not open: the API has refused the value. Any other
// error says that it could not be asked.
var ErrRefused = errors.New("the API refused")

// requestIDHeader is on whatever API Gateway answers, its own refusals and those of its
// authorizer included.
const requestIDHeader = "Apigw-Requestid"

// cacheHeader is on whatever CloudFront answers.
const cacheHeader = "X-Cache"

// verdict is what an answer says of the API.
type verdict struct {
	status int
	api    bool // whether the API has answered, not CloudFront or a firewall before it
}

// Opens fails unless the API lets a request with the value in; the zero value sends
// no header. That the API then finds the request wrong is as good as an answer.
func (d Door) Opens(ctx context.Context, value keyring.Value) error {
	v, err := d.ask(ctx, value)
	switch {
	case err != nil:
		return err
	case v.refuses():
		return fmt.Errorf("%w: %s answered with status %d", ErrRefused, d.URL, v.status)
	case !v.tells():
		return d.inconclusive(v)
	}
	return nil
}

// StaysShut fails unless the API refuses the value.
func (d Door) StaysShut(ctx context.Context, value keyring.Value) error {
	v, err := d.ask(ctx, value)
	switch {
	case err != nil:
		return err
	case v.refuses():
		return nil
	case !v.tells():
		return d.inconclusive(v)
	}
	return fmt.Errorf("%s let the request in, with status %d: the door is open", d.URL, v.status)
}

func (d Door) inconclusive(v verdict) error {
	from := ""
	if !v.api {
		from = " from CloudFront or its firewall"
	}
	return fmt.Errorf("%s answered with status %d%s, which does not tell whether it let the request in", d.URL, v.status, from)
}

// denies reports whether a status is that of a refusal, the API's or another's: of the
// firewall, or of CloudFront for a country.
func denies(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

func (v verdict) refuses() bool { return v.api && denies(v.status) }

// tells reports whether an answer is that of an API that has decided.
func (v verdict) tells() bool {
	if denies(v.status) {
		return v.api
	}
	return 200 <= v.status && v.status < 300 || 400 <= v.status && v.status < 500 && v.status != http.StatusTooManyRequests
}

// ClockOffset returns how far this machine's clock is ahead of the API's, to the
// second: negative if it is behind. The API answers a request without a key by itself.
func (d Door) ClockOffset(ctx context.Context, now func() time.Time) (time.Duration, error) {
	sent := now()
	response, err := d.knock(ctx, keyring.Value{})
	if err != nil {
		return 0, err
	}
	date, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return 0, fmt.Errorf("%s answered without a Date", d.URL)
	}
	middle := sent.Add(now().Sub(sent) / 2)
	return middle.Sub(date).Truncate(time.Second), nil
}

func (d Door) ask(ctx context.Context, value keyring.Value) (verdict, error) {
	response, err := d.knock(ctx, value)
	if err != nil {
		return verdict{}, err
	}
	return read(response), nil
}

// read returns the verdict in a response. Without CloudFront the API has answered.
func read(response *http.Response) verdict {
	h := response.Header
	return verdict{response.StatusCode, h.Get(cacheHeader) == "" || h.Get(requestIDHeader) != ""}
}

// knock sends the request, and returns the answer without its body.
func (d Door) knock(ctx context.Context, value keyring.Value) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, knockTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL+d.Prefix+knockPath, strings.NewReader(knockBody))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "gatehouse")
	if !value.IsZero() {
		request.Header.Set(d.Header, value.Reveal())
	}
	response, err := d.HTTP.Do(request)
	if err != nil {
		return nil, withoutValue(err, value)
	}
	defer func() { _ = response.Body.Close() }()
	// What an API says to a key is nobody's business.
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10))
	return response, nil
}

// withoutValue keeps the text of an error alone, free of the value: no HTTP client
// should quote a header, and this one never does.
func withoutValue(err error, value keyring.Value) error {
	text := err.Error()
	if !value.IsZero() {
		text = strings.ReplaceAll(text, value.Reveal(), value.String())
	}
	return errors.New(text)
}
