package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

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

// oneModel is the response of GET /models/{model}.
type oneModel struct {
	modelItem
	RequestID string `json:"request_id"`
}

func (h *Handler) listModels(_ context.Context, e *exchange) (*result, *problem) {
	models := h.models(e)
	list := modelList{Object: "list", Data: make([]modelItem, len(models)), RequestID: e.id}
	for i, id := range models {
		list.Data[i] = h.model(id, id == models[0])
	}
	return asJSON(list), nil
}

func (h *Handler) model(id string, isDefault bool) modelItem {
	d := h.provider.Describe(id)
	return modelItem{
		ID:        id,
		Object:    "model",
		OwnedBy:   d.Owner,
		Version:   orNull(d.Version),
		Default:   isDefault,
		MaxTokens: h.Limits.MaxTokens,
	}
}

// modelPath precedes a model's id in a path.
const modelPath = "/models/"

// retrieveModel returns one model. Its id may have slashes and colons: clients encode
// them or not, and an HTTP API decodes a path once.
func (h *Handler) retrieveModel(_ context.Context, e *exchange) (*result, *problem) {
	_, id, _ := strings.Cut(e.event.RawPath[len(h.Prefix):], modelPath)
	if decoded, err := url.PathUnescape(id); err == nil && !slices.Contains(h.Limits.Models, id) {
		id = decoded
	}
	models := h.models(e)
	if !slices.Contains(models, id) {
		return nil, h.noSuchModel()
	}
	return asJSON(oneModel{h.model(id, id == models[0]), e.id}), nil
}

func (h *Handler) noSuchModel() *problem {
	return newProblem(http.StatusNotFound, codeModelNotFound, "The model does not exist. GET "+h.Prefix+"/models lists the available models.")
}
