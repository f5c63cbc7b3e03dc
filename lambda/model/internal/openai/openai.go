// Package openai implements the backend for a server with OpenAI's chat completions API,
// such as vLLM, Ollama and llama.cpp. Servers differ in what they take and return: the
// package accepts every known form of a reply, and sends a request again if the server
// refused one of the members that have two names or that not all servers know.
package openai

import (
	"context"
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

	dialects dialects

	// sleep waits between attempts; tests replace it.
	sleep func(context.Context, time.Duration) error
}

var _ chat.Provider = (*Provider)(nil)

// Key provides the server's API key.
type Key interface {
	// Get returns the key. It reads it again if the cached key equals stale.
	Get(ctx context.Context, stale string) (string, error)
}

// Adapt implements [chat.Provider]. Servers take what OpenAI's API has, and what a model
// of theirs lacks, only they know: the conversation stays as it is. The API has no member
// for a tool that failed.
func (p *Provider) Adapt(c chat.Conversation) chat.Adaptation {
	a := chat.Adaptation{Conversation: c}
	for _, m := range c.Messages {
		if m.ToolFailed {
			a.Dropped = []string{"messages.status"}
		}
	}
	return a
}

// Complete implements [chat.Provider].
func (p *Provider) Complete(ctx context.Context, c chat.Conversation) (chat.Completion, error) {
	return p.converse(ctx, c, false, func(chat.Delta) error { return nil })
}

// Stream implements [chat.Provider].
func (p *Provider) Stream(ctx context.Context, c chat.Conversation, emit func(chat.Delta) error) (chat.Completion, error) {
	return p.converse(ctx, c, true, emit)
}

func (p *Provider) converse(ctx context.Context, c chat.Conversation, stream bool, emit func(chat.Delta) error) (chat.Completion, error) {
	got, err := p.request(ctx, c, stream)
	if err != nil {
		return chat.Completion{}, err
	}
	defer func() { _ = got.Body.Close() }()
	return readReply(got.Body, emit)
}

// Ready implements [chat.Provider] by listing the server's models.
func (p *Provider) Ready(ctx context.Context) error {
	got, err := p.do(ctx, http.MethodGet, "/models", nil)
	if err != nil {
		return err
	}
	return got.Body.Close()
}

// Describe implements [chat.Provider]. Ids may be of the form owner/name.
func (p *Provider) Describe(model string) chat.Description {
	if owner, _, named := strings.Cut(model, "/"); named {
		return chat.Description{Owner: owner}
	}
	return chat.Description{Owner: "self-hosted"}
}
