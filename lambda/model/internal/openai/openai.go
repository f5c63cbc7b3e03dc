// Package openai implements the backend for a server with OpenAI's chat completions API,
// such as vLLM, Ollama and llama.cpp.
package openai

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// Provider calls one server. It implements [chat.Provider].
type Provider struct {
	HTTP    *http.Client // made by [NewClient]
	BaseURL string       // to which /chat/completions is appended; without a slash at its end
	Key     Key          // API key; nil if the server requires none

	// sleep waits between attempts; tests replace it.
	sleep func(context.Context, time.Duration) error
}

var _ chat.Provider = (*Provider)(nil)

// Key provides the server's API key.
type Key interface {
	// Get returns the key. It reads it again if the cached key equals stale.
	Get(ctx context.Context, stale string) (string, error)
}

// maxResponse limits the size of a response, in bytes. Lambda's own limit is six million
// too.
const maxResponse = 6_000_000

type request struct {
	Model       string    `json:"model"`
	Messages    []message `json:"messages"`
	MaxTokens   int       `json:"max_tokens"`
	Temperature *float64  `json:"temperature,omitempty"`
	TopP        *float64  `json:"top_p,omitempty"`
	Stop        []string  `json:"stop,omitempty"`
	Stream      bool      `json:"stream"`
}

type message struct {
	Role    string `json:"role"`
	Content any    `json:"content"` // a string, or several parts
}

type part struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

type response struct {
	SystemFingerprint string `json:"system_fingerprint"`
	Choices           []struct {
		Message struct {
			Content *string `json:"content"`
		} `json:"message"`
		FinishReason string `json:"finish_reason"`
	} `json:"choices"`
	Usage *struct {
		PromptTokens     int `json:"prompt_tokens"`
		CompletionTokens int `json:"completion_tokens"`
		TotalTokens      int `json:"total_tokens"`
	} `json:"usage"`
}

// Complete implements [chat.Provider].
func (p *Provider) Complete(ctx context.Context, c chat.Conversation) (chat.Completion, error) {
	body, err := json.Marshal(requestOf(c))
	if err != nil {
		return chat.Completion{}, err
	}
	content, err := p.do(ctx, http.MethodPost, "/chat/completions", body)
	if err != nil {
		return chat.Completion{}, err
	}
	return completionOf(content)
}

// Ready implements [chat.Provider] by listing the server's models.
func (p *Provider) Ready(ctx context.Context) error {
	_, err := p.do(ctx, http.MethodGet, "/models", nil)
	return err
}

// Describe implements [chat.Provider]. Ids may be of the form owner/name.
func (p *Provider) Describe(model string) chat.Description {
	if owner, _, named := strings.Cut(model, "/"); named {
		return chat.Description{Owner: owner}
	}
	return chat.Description{Owner: "self-hosted"}
}

func requestOf(c chat.Conversation) request {
	r := request{Model: c.Model, MaxTokens: c.MaxTokens, Temperature: c.Temperature, TopP: c.TopP, Stop: c.Stop}
	for _, m := range c.Messages {
		if len(m.Content) == 1 {
			r.Messages = append(r.Messages, message{m.Role, m.Content[0]})
			continue
		}
		parts := make([]part, len(m.Content))
		for i, text := range m.Content {
			parts[i] = part{"text", text}
		}
		r.Messages = append(r.Messages, message{m.Role, parts})
	}
	return r
}

// completionOf decodes a response. Its errors quote nothing of it.
func completionOf(content []byte) (chat.Completion, error) {
	var r response
	if err := json.Unmarshal(content, &r); err != nil {
		return chat.Completion{}, errors.New("the model's server: the response is not a chat completion")
	}
	if len(r.Choices) != 1 || r.Choices[0].Message.Content == nil || r.Usage == nil {
		return chat.Completion{}, errors.New("the model's server: the response lacks its one choice, its content or its usage")
	}
	return chat.Completion{
		Text:       *r.Choices[0].Message.Content,
		StopReason: stopReason(r.Choices[0].FinishReason),
		Usage: chat.Usage{
			InputTokens:  r.Usage.PromptTokens,
			OutputTokens: r.Usage.CompletionTokens,
			TotalTokens:  r.Usage.TotalTokens,
		},
		Version: r.SystemFingerprint,
	}, nil
}

func stopReason(reason string) string {
	switch reason {
	case "stop": // at its end or at a stop sequence: servers don't distinguish them
		return chat.EndTurn
	case "length":
		return chat.MaxTokens
	case "content_filter":
		return chat.Filtered
	}
	return chat.Other
}

// do sends a request and returns the body of a response with status 200. It retries
// requests that the server rejected as busy or unavailable.
func (p *Provider) do(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	for attempt := 1; ; attempt++ {
		content, err := p.authorized(ctx, method, path, body)
		if !errors.Is(err, chat.ErrBusy) && !errors.Is(err, chat.ErrUnavailable) || attempt == chat.Attempts {
			return content, err
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
func (p *Provider) authorized(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	if p.Key == nil {
		content, _, err := p.send(ctx, method, path, body, "")
		return content, err
	}
	key, err := p.Key.Get(ctx, "")
	if err != nil {
		return nil, err
	}
	content, status, err := p.send(ctx, method, path, body, key)
	if status != http.StatusUnauthorized && status != http.StatusForbidden {
		return content, err
	}
	newer, keyErr := p.Key.Get(ctx, key)
	if keyErr != nil || newer == key {
		return nil, errors.Join(err, keyErr)
	}
	content, _, err = p.send(ctx, method, path, body, newer)
	return content, err
}

func (p *Provider) send(ctx context.Context, method, path string, body []byte, key string) ([]byte, int, error) {
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
	defer func() { _ = got.Body.Close() }()
	if got.StatusCode != http.StatusOK {
		return nil, got.StatusCode, statusError(got.StatusCode)
	}
	content, err := io.ReadAll(io.LimitReader(got.Body, maxResponse))
	if err != nil {
		return nil, got.StatusCode, meaning(err)
	}
	return content, got.StatusCode, nil
}

// statusError returns the error for a status. It leaves out the response's body, which
// may quote the conversation.
func statusError(status int) error {
	err := fmt.Errorf("the model's server returned status %d", status)
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return fmt.Errorf("%w: %w", chat.ErrRejected, err)
	case http.StatusTooManyRequests:
		return fmt.Errorf("%w: %w", chat.ErrBusy, err)
	case http.StatusServiceUnavailable:
		return fmt.Errorf("%w: %w", chat.ErrUnavailable, err)
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return fmt.Errorf("%w: %w", chat.ErrTimeout, err)
	}
	return err
}

// meaning wraps an error in the [chat] error that it means to a client.
func meaning(err error) error {
	var op *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", chat.ErrTimeout, err)
	case errors.As(err, &op) && op.Op == "dial":
		return fmt.Errorf("%w: %w", chat.ErrUnavailable, err)
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
