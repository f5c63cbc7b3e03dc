// Package restclient sends requests with JSON over HTTP to a server of the sandbox.
package restclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// timeout bounds one request. Servers that have just started, on a machine that
// compiles, are slow.
const timeout = 30 * time.Second

// Client sends requests to one server as one user.
type Client struct {
	Base   string // URL without a slash at its end
	Header http.Header
	// Transport is the default one if nil.
	Transport http.RoundTripper
	// Problem, if set, returns the server's error message in the body of an error response.
	Problem func(body []byte) string
	// Answered, if set, is called with the headers of each response.
	Answered func(http.Header)
}

// Refusal is a response with a status other than 2xx.
type Refusal struct {
	Status int
	Text   string
}

func (r *Refusal) Error() string { return fmt.Sprintf("%d %s", r.Status, r.Text) }

// Status returns the HTTP status of a response that ended in this error: 200 for nil, 0 if
// there was no response.
func Status(err error) int {
	var refusal *Refusal
	switch {
	case err == nil:
		return http.StatusOK
	case errors.As(err, &refusal):
		return refusal.Status
	default:
		return 0
	}
}

// Do sends body, unless it is nil, and decodes the response into another value, unless that
// is nil. A []byte is sent or read as it is.
func (c Client) Do(ctx context.Context, method, path string, body, into any) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	content, err := encode(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, c.Base+path, bytes.NewReader(content))
	if err != nil {
		return err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for name, values := range c.Header {
		request.Header[name] = values
	}
	response, err := (&http.Client{Transport: c.Transport}).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if c.Answered != nil {
		c.Answered(response.Header)
	}
	received, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return &Refusal{response.StatusCode, c.problem(received)}
	}
	return decode(received, into)
}

// With returns the same client with a header set.
func (c Client) With(name, value string) Client {
	c.Header = c.Header.Clone()
	c.Header.Set(name, value)
	return c
}

func (c Client) problem(body []byte) string {
	if c.Problem != nil {
		if message := c.Problem(body); message != "" {
			return message
		}
	}
	return string(body)
}

func encode(body any) ([]byte, error) {
	switch body := body.(type) {
	case nil:
		return nil, nil
	case []byte:
		return body, nil
	default:
		return json.Marshal(body)
	}
}

func decode(content []byte, into any) error {
	switch into := into.(type) {
	case nil:
		return nil
	case *[]byte:
		*into = content
		return nil
	default:
		return json.Unmarshal(content, into)
	}
}
