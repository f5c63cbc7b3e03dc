package openai

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// do sends a request and returns a response with status 200, whose body the caller
// closes. It retries requests that the server rejected as busy or unavailable.
func (p *Provider) do(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	for attempt := 1; ; attempt++ {
		got, err := p.authorized(ctx, method, path, body)
		if !errors.Is(err, chat.ErrBusy) && !errors.Is(err, chat.ErrUnavailable) || attempt == chat.Attempts {
			return got, err
		}
		if p.wait(ctx, chat.Backoff(attempt)) != nil {
			return nil, err
		}
	}
}

func (p *Provider) wait(ctx context.Context, d time.Duration) error {
	if p.sleep != nil {
		return p.sleep(ctx, d)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// authorized sends a request with the key. If the server rejects a key that has been
// replaced since it was read, it sends the request again with the new one.
func (p *Provider) authorized(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	if p.Key == nil {
		got, _, err := p.send(ctx, method, path, body, "")
		return got, err
	}
	key, err := p.Key.Get(ctx, "")
	if err != nil {
		return nil, chat.NotComputed(err)
	}
	got, status, err := p.send(ctx, method, path, body, key)
	if status != http.StatusUnauthorized && status != http.StatusForbidden {
		return got, err
	}
	newer, keyErr := p.Key.Get(ctx, key)
	if keyErr != nil || newer == key {
		return nil, errors.Join(err, keyErr)
	}
	got, _, err = p.send(ctx, method, path, body, newer)
	return got, err
}

func (p *Provider) send(ctx context.Context, method, path string, body []byte, key string) (*http.Response, int, error) {
	r, err := http.NewRequestWithContext(ctx, method, p.BaseURL+path, bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	r.Header.Set("User-Agent", "gatehouse")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	got, err := p.HTTP.Do(r)
	if err != nil {
		return nil, 0, meaning(err)
	}
	if got.StatusCode == http.StatusOK {
		return got, got.StatusCode, nil
	}
	defer func() { _ = got.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(got.Body, maxError))
	if err != nil {
		content = nil // the status says enough
	}
	err = statusError(got.StatusCode, complaintOf(content))
	if rejects(got.StatusCode) {
		err = chat.NotComputed(err)
	}
	return nil, got.StatusCode, err
}

// maxResponse limits the size of a response, in bytes. Lambda's own limit is six million
// too.
const maxResponse = 6_000_000

// readAll returns a whole body of at most a number of bytes.
func readAll(body io.Reader, limit int) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(body, int64(limit)+1))
	if err != nil {
		return nil, meaning(err)
	}
	if len(content) > limit {
		return nil, fmt.Errorf("the model's server: the response has more than %d bytes", limit)
	}
	return content, nil
}

// meaning wraps an error in the [chat] error that it means to a client.
func meaning(err error) error {
	var op *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", chat.ErrTimeout, err)
	case errors.As(err, &op) && op.Op == "dial": // nothing was sent
		return chat.NotComputed(fmt.Errorf("%w: %w", chat.ErrUnavailable, err))
	}
	return err
}

// NewClient returns a client that follows no redirects, and keeps no connections, which
// would break while Lambda has the process frozen. The server's certificate must be valid
// for serverName, or for the URL's host if that is empty.
func NewClient(serverName string) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true
	transport.TLSClientConfig = &tls.Config{ServerName: serverName, MinVersion: tls.VersionTLS12}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
