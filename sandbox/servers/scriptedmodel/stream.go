package scriptedmodel

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// chunk is a piece of a stream.
type chunk struct {
	members map[string]any
	token   bool // whether it has one
}

// stream sends the reply in pieces, as server-sent events.
func (s *server) stream(w http.ResponseWriter, r *http.Request, q *request, a *answer) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	flush(w)
	d, pace, sent := &q.directives, s.Pace, 0
	if d.pace != nil {
		pace = *d.pace
	}
	fail := func() { sendEvent(w, d.failed()) }
	for i, chunk := range a.chunks(q) {
		pause := pace
		if i == 1 { // after the role, which begins the reply
			pause += d.untilFirst()
		}
		if i > 0 && !(wait(r.Context(), pause) && d.before(r.Context(), sent, fail)) {
			return
		}
		if sendEvent(w, chunk.members); chunk.token {
			sent++
		}
	}
	_, _ = fmt.Fprint(w, "data: [DONE]\n\n")
}

// sendEvent sends an event.
func sendEvent(w http.ResponseWriter, members map[string]any) {
	text, err := json.Marshal(members)
	if err != nil {
		return
	}
	_, _ = fmt.Fprintf(w, "data: %s\n\n", text)
	flush(w)
}

func flush(w http.ResponseWriter) {
	if flusher, can := w.(http.Flusher); can {
		flusher.Flush()
	}
}

// chunks returns the pieces of a stream: a token each, then the reason why it ends, and
// the usage if that is asked for.
func (a *answer) chunks(q *request) (all []chunk) {
	created := time.Now().Unix()
	add := func(choices []any, token bool) map[string]any {
		members := map[string]any{
			"id": a.id(q), "object": "chat.completion.chunk", "created": created, "model": q.Model,
			"system_fingerprint": fingerprint, "choices": choices,
		}
		if q.StreamOptions.IncludeUsage {
			members["usage"] = nil
		}
		all = append(all, chunk{members, token})
		return members
	}
	for i := range q.choices() {
		for _, d := range a.deltas(q) {
			d.members["index"] = i
			add([]any{d.members}, d.token)
		}
	}
	if q.StreamOptions.IncludeUsage {
		add([]any{}, false)["usage"] = a.usage(q)
	}
	return all
}

// deltas returns the pieces of a choice.
func (a *answer) deltas(q *request) (all []chunk) {
	add := func(token bool, delta map[string]any, finish string, logprobs any) {
		all = append(all, chunk{map[string]any{"delta": delta, "finish_reason": orNull(finish), "logprobs": logprobs}, token})
	}
	add(false, map[string]any{"role": "assistant", "content": ""}, "", nil)
	for _, token := range a.reasoning {
		add(true, map[string]any{a.reasoningKey: token}, "", nil)
	}
	for _, token := range a.text {
		add(true, map[string]any{"content": token}, "", a.logprobs(q, []string{token}))
	}
	for i, call := range a.calls {
		first := call
		first.Index, first.Function.Arguments = &i, ""
		add(false, map[string]any{"tool_calls": []any{first}}, "", nil)
		for _, token := range tokens(call.Function.Arguments) {
			piece := toolCall{Index: &i}
			piece.Function.Arguments = token
			add(true, map[string]any{"tool_calls": []any{piece}}, "", nil)
		}
	}
	add(false, map[string]any{}, a.finish, nil)
	return all
}
