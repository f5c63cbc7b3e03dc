package api

import (
	"context"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// Members of a request to POST /models, for error texts.
const (
	conversationMembers = "model, messages, max_tokens, temperature, top_p, stop"
	messageMembers      = "role, content"
)

var (
	isConversationMember = among("model", "messages", "max_tokens", "temperature", "top_p", "stop")
	isMessageMember      = among("role", "content")
	messageRoles         = map[string]string{
		chat.RoleSystem: chat.RoleSystem, chat.RoleUser: chat.RoleUser, chat.RoleAssistant: chat.RoleAssistant,
	}
)

// ownShape implements the format of POST /models.
type ownShape struct{}

func (ownShape) read(r *reader, body any, limits Limits) chat.Conversation {
	object := r.object("", body, isConversationMember, conversationMembers)
	if object == nil {
		return chat.Conversation{}
	}
	c := chat.Conversation{
		Model:       limits.Models[0],
		Messages:    r.messages("/messages", object["messages"], r.ownMessage),
		MaxTokens:   r.integer("/max_tokens", object["max_tokens"], 1, limits.MaxTokens, limits.MaxTokens),
		Temperature: r.fraction("/temperature", object["temperature"]),
		TopP:        r.fraction("/top_p", object["top_p"]),
		Stop:        r.stops("/stop", object["stop"]),
	}
	if object["model"] != nil {
		c.Model = r.text("/model", object["model"])
	}
	return c
}

func (r *reader) ownMessage(pointer string, value any) chat.Message {
	object := r.object(pointer, value, isMessageMember, messageMembers)
	if object == nil {
		return chat.Message{}
	}
	return chat.Message{
		Role:    r.role(pointer+"/role", object["role"], messageRoles, "system, user or assistant"),
		Content: []string{r.text(pointer+"/content", object["content"])},
	}
}

type ownCompletion struct {
	Model        string     `json:"model"`
	ModelVersion *string    `json:"model_version"`
	Text         string     `json:"text"`
	StopReason   string     `json:"stop_reason"`
	Usage        chat.Usage `json:"usage"`
	RequestID    string     `json:"request_id"`
}

func (ownShape) write(e *exchange) any {
	return ownCompletion{
		Model:        e.call.model,
		ModelVersion: orNull(e.call.completion.Version),
		Text:         e.call.completion.Text,
		StopReason:   e.call.completion.StopReason,
		Usage:        e.call.completion.Usage,
		RequestID:    e.id,
	}
}

func orNull(value string) *string {
	if value == "" {
		return nil
	}
	return &value
}

// modelList is the response of GET /models: OpenAI's list with more about each model.
type modelList struct {
	Object    string      `json:"object"`
	Data      []modelItem `json:"data"`
	RequestID string      `json:"request_id"`
}

type modelItem struct {
	ID        string  `json:"id"`
	Object    string  `json:"object"`
	Created   int64   `json:"created"` // 0: the backends don't return it
	OwnedBy   string  `json:"owned_by"`
	Version   *string `json:"version"`
	Default   bool    `json:"default"`
	MaxTokens int     `json:"max_tokens"`
}

func (h *Handler) listModels(_ context.Context, e *exchange) (*result, *problem) {
	list := modelList{Object: "list", RequestID: e.id}
	for i, id := range h.Limits.Models {
		d := h.provider.Describe(id)
		list.Data = append(list.Data, modelItem{
			ID:        id,
			Object:    "model",
			OwnedBy:   d.Owner,
			Version:   orNull(d.Version),
			Default:   i == 0,
			MaxTokens: h.Limits.MaxTokens,
		})
	}
	return asJSON(list), nil
}
