package main

import (
	"context"
	"errors"
)

// provider is where answers come from.
type provider interface {
	// complete answers a conversation. Its error is one of those below where that
	// says more than that it failed, and contains nothing of the conversation.
	complete(ctx context.Context, c conversation) (completion, error)
}

var (
	errBusy     = errors.New("the model has too many requests")
	errTimeout  = errors.New("the model took too long")
	errRejected = errors.New("the model does not accept the request")
)

// conversation is what is to be answered.
type conversation struct {
	messages    []message
	maxTokens   int
	temperature *float64 // the model's own if nil, as topP
	topP        *float64
	stop        []string
}

type message struct {
	role    string
	content string
}

// The roles of a message. A system message instructs the model.
const (
	roleSystem    = "system"
	roleUser      = "user"
	roleAssistant = "assistant"
)

// completion is an answer.
type completion struct {
	text       string
	stopReason string
	usage      usage
}

type usage struct {
	InputTokens  int `json:"input_tokens"`
	OutputTokens int `json:"output_tokens"`
	TotalTokens  int `json:"total_tokens"`
}
