package privatemodel

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// Model is the name of the server's one model. It repeats the last message: a
// completion shows which request it belongs to, and that limits were applied.
const Model = "echo"

// completionRequest has the members of a request for chat completions that are used
// here.
type completionRequest struct {
	Model    string
	Messages []struct {
		Role    string
		Content json.RawMessage
	}
	MaxTokens *int `json:"max_tokens"`
	Stop      []string
	Stream    bool
}

// completion is OpenAI's response.
type completion struct {
	ID                string   `json:"id"`
	Object            string   `json:"object"`
	Created           int64    `json:"created"`
	Model             string   `json:"model"`
	SystemFingerprint string   `json:"system_fingerprint"`
	Choices           []choice `json:"choices"`
	Usage             usage    `json:"usage"`
}

type choice struct {
	Index        int               `json:"index"`
	Message      map[string]string `json:"message"`
	FinishReason string            `json:"finish_reason"`
}

type usage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
	TotalTokens      int `json:"total_tokens"`
}

func listModels(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"object": "list",
		"data":   []map[string]any{{"id": Model, "object": "model", "created": 0, "owned_by": "gatehouse"}},
	})
}

func complete(w http.ResponseWriter, r *http.Request) {
	var q completionRequest
	switch err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&q); {
	case err != nil:
		refuse(w, http.StatusBadRequest, "the body is not a request for chat completions")
	case q.Model != Model:
		refuse(w, http.StatusNotFound, "there is no such model")
	case q.Stream:
		refuse(w, http.StatusBadRequest, "there is no streaming")
	default:
		writeJSON(w, http.StatusOK, q.complete())
	}
}

func refuse(w http.ResponseWriter, status int, why string) {
	writeJSON(w, status, map[string]any{"error": map[string]any{"message": why, "type": "invalid_request_error", "param": nil, "code": nil}})
}

// complete repeats the last message of the user, with words as tokens.
func (q completionRequest) complete() completion {
	var last string
	prompt := 0
	for _, m := range q.Messages {
		content := contentOf(m.Content)
		prompt += len(strings.Fields(content))
		if m.Role == "user" {
			last = content
		}
	}
	for _, stop := range q.Stop {
		last, _, _ = strings.Cut(last, stop)
	}
	words, reason := strings.Fields(last), "stop"
	if q.MaxTokens != nil && len(words) > *q.MaxTokens {
		words, reason = words[:*q.MaxTokens], "length"
	}
	return completion{
		ID: "chatcmpl-echo", Object: "chat.completion", Created: time.Now().Unix(), Model: Model, SystemFingerprint: "fp_echo",
		Choices: []choice{{Message: map[string]string{"role": "assistant", "content": strings.Join(words, " ")}, FinishReason: reason}},
		Usage:   usage{prompt, len(words), prompt + len(words)},
	}
}

// contentOf reads a string, or joins the strings of several parts.
func contentOf(content json.RawMessage) string {
	var text string
	if json.Unmarshal(content, &text) == nil {
		return text
	}
	var parts []struct{ Text string }
	_ = json.Unmarshal(content, &parts)
	var texts []string
	for _, part := range parts {
		texts = append(texts, part.Text)
	}
	return strings.Join(texts, "\n")
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}
