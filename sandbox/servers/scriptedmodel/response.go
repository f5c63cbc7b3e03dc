package scriptedmodel

import (
	"math"
	"strings"
	"time"
)

// fingerprint identifies the version of the rules.
const fingerprint = "fp_echo"

// response returns the completion in OpenAI's form.
func (a *answer) response(q *request) map[string]any {
	choices := make([]any, q.choices())
	for i := range choices {
		choices[i] = map[string]any{
			"index": i, "message": a.message(), "finish_reason": a.finish, "logprobs": a.logprobs(q, a.text),
		}
	}
	return map[string]any{
		"id": a.id(q), "object": "chat.completion", "created": time.Now().Unix(), "model": q.Model,
		"system_fingerprint": fingerprint, "choices": choices, "usage": a.usage(q),
	}
}

func (a *answer) id(q *request) string { return "chatcmpl-" + q.Model }

func (q *request) choices() int {
	if q.N == nil {
		return 1
	}
	return *q.N
}

func (a *answer) message() map[string]any {
	m := map[string]any{"role": "assistant", "content": orNull(strings.Join(a.text, "")), "refusal": nil}
	if len(a.reasoning) > 0 {
		m[a.reasoningKey] = strings.Join(a.reasoning, "")
	}
	if len(a.calls) > 0 {
		m["tool_calls"] = a.calls
	}
	return m
}

func (a *answer) usage(q *request) map[string]any {
	completion := a.completionTokens() * q.choices()
	return map[string]any{
		"prompt_tokens": a.prompt, "completion_tokens": completion, "total_tokens": a.prompt + completion,
		"prompt_tokens_details":     map[string]any{"cached_tokens": a.cached},
		"completion_tokens_details": map[string]any{"reasoning_tokens": len(a.reasoning) * q.choices()},
	}
}

// logprobs returns the logarithms of the probabilities of tokens, in OpenAI's form; nil
// unless the request asks for them. They follow from the token and its alternatives.
func (a *answer) logprobs(q *request, of []string) any {
	if !q.Logprobs {
		return nil
	}
	entries := make([]any, 0, len(of))
	for _, token := range of {
		probability := 0.5 + float64(hash(token)%1000)/2001
		entry := logprob(token, probability)
		top := []any{}
		for i, rest := 0, 1-probability; i < q.TopLogprobs; i++ {
			if i == 0 {
				top = append(top, logprob(token, probability))
				continue
			}
			rest /= 2
			top = append(top, logprob(strings.Repeat("~", i)+token, rest))
		}
		entry["top_logprobs"] = top
		entries = append(entries, entry)
	}
	return map[string]any{"content": entries, "refusal": nil}
}

func logprob(token string, probability float64) map[string]any {
	bytes := make([]int, 0, len(token))
	for _, b := range []byte(token) {
		bytes = append(bytes, int(b))
	}
	return map[string]any{"token": token, "logprob": math.Log(probability), "bytes": bytes}
}
