package api

import (
	"slices"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/strictjson"
)

// Members of a request to POST /models, for error texts.
const (
	conversationMembers = "model, messages, max_tokens, temperature, top_p, stop"
	messageMembers      = "role, content"
)

var (
	isConversationMember = among("model", "messages", "max_tokens", "temperature", "top_p", "stop")
	isMessageMember      = among("role", "content")
)

// ownShape implements the format of POST /models. It is strict: it takes no member that a
// model would ignore.
type ownShape struct{}

func (ownShape) strict() bool { return true }

func (ownShape) read(r *reader, body strictjson.Value) chat.Conversation {
	var top pointer
	if !r.object(top, body, isConversationMember, conversationMembers) {
		return chat.Conversation{}
	}
	highest := r.limits.MaxTokens
	c := chat.Conversation{
		Model:       r.limits.Models[0],
		Messages:    r.messages(top.member("messages"), body.Get("messages"), r.ownMessage),
		MaxTokens:   r.integer(top.member("max_tokens"), body.Get("max_tokens"), 1, highest, highest),
		Temperature: r.number(top.member("temperature"), body.Get("temperature"), 1),
		TopP:        r.number(top.member("top_p"), body.Get("top_p"), 1),
		Stop:        r.stops(top.member("stop"), body.Get("stop"), 4),
	}
	if len(r.faults) == 0 && !slices.ContainsFunc(c.Messages, func(m chat.Message) bool { return m.Role == chat.RoleUser }) {
		r.refuse(top.member("messages"), "want a user's message among them")
	}
	if body.Get("max_tokens").Kind != strictjson.Null {
		r.tokenLimit = olderMaxTokens
	}
	if model := body.Get("model"); model.Kind != strictjson.Null {
		c.Model = r.text(top.member("model"), model)
	}
	return c
}

func (r *reader) ownMessage(at pointer, value strictjson.Value) chat.Message {
	if !r.object(at, value, isMessageMember, messageMembers) {
		return chat.Message{}
	}
	role := value.Get("role").Text()
	if role != chat.RoleSystem && role != chat.RoleUser && role != chat.RoleAssistant {
		r.refuse(at.member("role"), "want system, user or assistant, got %s", kindOf(value.Get("role")))
	}
	return chat.Message{Role: role, Content: []chat.Part{{Text: r.text(at.member("content"), value.Get("content"))}}}
}

type ownCompletion struct {
	Model        string   `json:"model"`
	ModelVersion *string  `json:"model_version"`
	Text         string   `json:"text"`
	StopReason   string   `json:"stop_reason"`
	Usage        ownUsage `json:"usage"`
	RequestID    string   `json:"request_id"`
}

type ownUsage struct {
	InputTokens  int `json:"input_tokens"`
	OutputTokens int `json:"output_tokens"`
	TotalTokens  int `json:"total_tokens"`
}

func (ownShape) write(e *exchange) any {
	done := e.call.completion
	return ownCompletion{
		Model:        e.call.model,
		ModelVersion: orNull(done.Version),
		Text:         done.Choices[0].Text,
		StopReason:   done.Choices[0].StopReason,
		Usage:        ownUsage{done.Usage.InputTokens, done.Usage.OutputTokens, done.Usage.TotalTokens},
		RequestID:    e.id,
	}
}

func orNull(value string) *string {
	if value == "" {
		return nil
	}
	return &value
}
