package openai

import (
	"encoding/json"
	"strings"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// response is a whole reply, or an event of a stream. Its types accept what servers are
// known to return in place of OpenAI's form: a reply that was computed is paid, and must
// not fail for a detail.
type response struct {
	Object            text            `json:"object"`
	SystemFingerprint text            `json:"system_fingerprint"`
	Choices           []choice        `json:"choices"`
	Usage             *usage          `json:"usage"`
	Error             json.RawMessage `json:"error"`
}

type choice struct {
	Index        count           `json:"index"`
	Message      *message        `json:"message"`
	Delta        *message        `json:"delta"`
	FinishReason text            `json:"finish_reason"`
	Logprobs     json.RawMessage `json:"logprobs"`
	Usage        *usage          `json:"usage"` // of Moonshot's streams
}

// message is a message or a piece of one.
type message struct {
	Content content `json:"content"`
	Refusal text    `json:"refusal"`

	// Reasoning has several names: DeepSeek's and llama.cpp's, that of vLLM, Ollama and
	// OpenRouter, and OpenRouter's list of blocks.
	ReasoningContent text            `json:"reasoning_content"`
	Reasoning        text            `json:"reasoning"`
	ReasoningDetails json.RawMessage `json:"reasoning_details"`

	ToolCalls    []toolCall `json:"tool_calls"`
	FunctionCall *function  `json:"function_call"` // of older servers, in place of the list
}

type toolCall struct {
	Index    *count   `json:"index"` // in streams
	ID       text     `json:"id"`
	Function function `json:"function"`
}

type function struct {
	Name      text      `json:"name"`
	Arguments arguments `json:"arguments"`
}

type usage struct {
	PromptTokens     count `json:"prompt_tokens"`
	CompletionTokens count `json:"completion_tokens"`
	TotalTokens      count `json:"total_tokens"`

	PromptDetails struct {
		CachedTokens     count `json:"cached_tokens"`
		CacheWriteTokens count `json:"cache_write_tokens"` // OpenRouter's
	} `json:"prompt_tokens_details"`
	CompletionDetails struct {
		ReasoningTokens count `json:"reasoning_tokens"`
	} `json:"completion_tokens_details"`
	CacheHitTokens count `json:"prompt_cache_hit_tokens"` // DeepSeek's
}

func (u *usage) chatUsage() chat.Usage {
	if u == nil {
		return chat.Usage{}
	}
	counted := chat.Usage{
		InputTokens:      int(u.PromptTokens),
		OutputTokens:     int(u.CompletionTokens),
		TotalTokens:      int(u.TotalTokens),
		CachedTokens:     int(max(u.PromptDetails.CachedTokens, u.CacheHitTokens)),
		CacheWriteTokens: int(u.PromptDetails.CacheWriteTokens),
		ReasoningTokens:  int(u.CompletionDetails.ReasoningTokens),
	}
	if known := counted.InputTokens + counted.OutputTokens; counted.TotalTokens == known+counted.ReasoningTokens {
		counted.OutputTokens += counted.ReasoningTokens // xAI counts reasoning beside the reply
	} else if counted.TotalTokens < known {
		counted.TotalTokens = known
	}
	return counted
}

// text is a string. It is empty if the server returned anything else, such as null.
type text string

// UnmarshalJSON implements [json.Unmarshaler].
func (t *text) UnmarshalJSON(raw []byte) error {
	if raw[0] != '"' {
		return nil
	}
	return json.Unmarshal(raw, (*string)(t))
}

// count is a number of tokens, or an index. It is zero if the server returned anything
// but a positive number.
type count int

const maxCount = 1 << 40

// UnmarshalJSON implements [json.Unmarshaler].
func (c *count) UnmarshalJSON(raw []byte) error {
	var number float64
	if json.Unmarshal(raw, &number) == nil && number > 0 {
		*c = count(min(number, maxCount))
	}
	return nil
}

// arguments are a JSON text. Servers with Ollama's own form return it as an object in
// place of a string.
type arguments string

// UnmarshalJSON implements [json.Unmarshaler].
func (a *arguments) UnmarshalJSON(raw []byte) error {
	switch {
	case raw[0] == '"':
		return json.Unmarshal(raw, (*string)(a))
	case string(raw) != "null":
		*a = arguments(raw)
	}
	return nil
}

// content is the content of a message: a string, or a list of parts, as Mistral returns,
// which may be reasoning. Any other value is its own text: of servers that return an
// answer in JSON as such.
type content struct{ text, refusal, reasoning string }

// UnmarshalJSON implements [json.Unmarshaler].
func (c *content) UnmarshalJSON(raw []byte) error {
	switch {
	case raw[0] == '"':
		return json.Unmarshal(raw, &c.text)
	case raw[0] == '[':
		var parts []json.RawMessage
		if err := json.Unmarshal(raw, &parts); err != nil {
			return err
		}
		for _, part := range parts {
			c.add(part)
		}
	case string(raw) != "null":
		c.text = string(raw)
	}
	return nil
}

func (c *content) add(raw json.RawMessage) {
	var part struct {
		Text     text     `json:"text"`
		Refusal  text     `json:"refusal"`
		Thinking thinking `json:"thinking"`
	}
	if raw[0] == '"' {
		var whole string
		if json.Unmarshal(raw, &whole) == nil {
			c.text += whole
		}
		return
	}
	if json.Unmarshal(raw, &part) != nil {
		return
	}
	c.text += string(part.Text)
	c.refusal += string(part.Refusal)
	c.reasoning += string(part.Thinking)
}

// thinking is a text, or a list of parts with texts.
type thinking string

// UnmarshalJSON implements [json.Unmarshaler].
func (t *thinking) UnmarshalJSON(raw []byte) error {
	if raw[0] != '[' {
		return (*text)(t).UnmarshalJSON(raw)
	}
	var parts []struct {
		Text text `json:"text"`
	}
	if err := json.Unmarshal(raw, &parts); err != nil {
		return err
	}
	for _, part := range parts {
		*t += thinking(part.Text)
	}
	return nil
}

// reasoning returns the message's reasoning, which some servers return by several names.
func (m *message) reasoning() string {
	for _, known := range []string{string(m.ReasoningContent), string(m.Reasoning), m.Content.reasoning} {
		if known != "" {
			return known
		}
	}
	var details []struct {
		Text    text `json:"text"`
		Summary text `json:"summary"`
	}
	if len(m.ReasoningDetails) == 0 || json.Unmarshal(m.ReasoningDetails, &details) != nil {
		return ""
	}
	var blocks strings.Builder
	for _, block := range details {
		blocks.WriteString(string(block.Text) + string(block.Summary))
	}
	return blocks.String()
}

// calls returns the message's calls of tools.
func (m *message) calls() []toolCall {
	if m.FunctionCall != nil && len(m.ToolCalls) == 0 {
		return []toolCall{{Index: new(count), Function: *m.FunctionCall}}
	}
	return m.ToolCalls
}

// isError reports whether the server returned an error, perhaps beside a part of a reply.
func (r *response) isError() bool {
	switch string(r.Error) {
	case "", "null", "false", `""`, "{}":
		return r.Object == "error"
	}
	return true
}

// stopReason returns the reason for which a choice ended that calls tools or doesn't.
// Some servers return that of a choice without tools beside calls, or the reverse.
func stopReason(reason string, calls bool) string {
	switch reason {
	case "stop", "tool_calls", "function_call", "": // at its end or at a stop sequence: servers don't distinguish them
		switch {
		case calls:
			return chat.ToolUse
		case reason == "":
			return chat.Other
		}
		return chat.EndTurn
	case "length":
		return chat.MaxTokens
	case "model_length": // Mistral's
		return chat.ContextWindow
	case "content_filter", "safety":
		return chat.Filtered
	}
	return chat.Other
}
