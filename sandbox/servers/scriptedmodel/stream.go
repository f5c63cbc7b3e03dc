package scriptedmodel

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// stream sends the reply in pieces, as server-sent events.
func (s *server) stream(w http.ResponseWriter, r *http.Request, q *request, a *answer) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	for _, chunk := range a.chunks(q) {
		if s.Pace > 0 {
			select {
			case <-r.Context().Done():
				return
			case <-time.After(s.Pace):
			}
		}
		text, err := json.Marshal(chunk)
		if err != nil {
			return
		}
		_, _ = fmt.Fprintf(w, "data: %s\n\n", text)
		if flusher, can := w.(http.Flusher); can {
			flusher.Flush()
		}
	}
	_, _ = fmt.Fprint(w, "data: [DONE]\n\n")
}

// chunks returns the pieces of a stream: a token each, then the reason why it ends, and
// the usage if that is asked for.
func (a *answer) chunks(q *request) (all []map[string]any) {
	created := time.Now().Unix()
	add := func(choices []any) map[string]any {
		chunk := map[string]any{
			"id": a.id(q), "object": "chat.completion.chunk", "created": created, "model": q.Model,
			"system_fingerprint": fingerprint, "choices": choices,
		}
		if q.StreamOptions.IncludeUsage {
			chunk["usage"] = nil
		}
		all = append(all, chunk)
		return chunk
	}
	for i := range q.choices() {
		for _, d := range a.deltas(q) {
			d["index"] = i
			add([]any{d})
		}
	}
	if q.StreamOptions.IncludeUsage {
		add([]any{})["usage"] = a.usage(q)
	}
	return all
}

// deltas returns the pieces of a choice.
func (a *answer) deltas(q *request) (all []map[string]any) {
	add := func(delta map[string]any, finish string, logprobs any) {
		all = append(all, map[string]any{"delta": delta, "finish_reason": orNull(finish), "logprobs": logprobs})
	}
	add(map[string]any{"role": "assistant", "content": ""}, "", nil)
	for _, token := range a.reasoning {
		add(map[string]any{a.reasoningKey: token}, "", nil)
	}
	for _, token := range a.text {
		add(map[string]any{"content": token}, "", a.logprobs(q, []string{token}))
	}
	for i, call := range a.calls {
		first := call
		first.Index, first.Function.Arguments = &i, ""
		add(map[string]any{"tool_calls": []any{first}}, "", nil)
		for _, token := range tokens(call.Function.Arguments) {
			piece := toolCall{Index: &i}
			piece.Function.Arguments = token
			add(map[string]any{"tool_calls": []any{piece}}, "", nil)
		}
	}
	add(map[string]any{}, a.finish, nil)
	return all
}
