package api

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// Members of a request to POST /chat/completions, for error texts. OpenAI's other
// members are listed below, or rejected.
const (
	completionMembers = "model, messages, max_completion_tokens, max_tokens, temperature, top_p, stop, or what docs/api.md lists as ignored"
	chatMembers       = "role, content, name"
	partMembers       = "type, text"
)

// completionMember reports whether a member determines the completion.
var completionMember = among("model", "messages", "max_completion_tokens", "max_tokens", "temperature", "top_p", "stop")

// rule restricts the values of a member of OpenAI's requests that has no effect here.
type rule struct {
	takes func(any) bool
	want  string
}

// ignored are members that don't change the completion: they label the request, or are
// hints that OpenAI itself doesn't promise to follow.
var ignored = map[string]rule{
	"metadata":               {isObject, "an object"},
	"parallel_tool_calls":    {isBoolean, "true or false"},
	"prompt_cache_key":       {isString, "a string"},
	"prompt_cache_retention": {isString, "a string"},
	"safety_identifier":      {isString, "a string"},
	"seed":                   {isInteger, "a whole number"},
	"service_tier":           {isString, "a string"},
	"user":                   {isString, "a string"},
}

// neutral are members that would change the completion, with the values that don't. For
// members without such a value, null is the only one.
var neutral = map[string]rule{
	"audio":              {never, "null: there is no audio"},
	"frequency_penalty":  {isNumber(0), "0: the models have no such setting in common"},
	"function_call":      {isOneOf("none", "auto"), "none or auto: there are no functions"},
	"functions":          {isEmptyArray, "an empty array: there are no functions"},
	"logit_bias":         {isEmptyObject, "an empty object: the models have no such setting in common"},
	"logprobs":           {isFalse, "false: the models don't return them"},
	"modalities":         {isTextOnly, `["text"]`},
	"n":                  {isNumber(1), "1: there is one choice"},
	"prediction":         {never, "null: the models have no such setting in common"},
	"presence_penalty":   {isNumber(0), "0: the models have no such setting in common"},
	"reasoning_effort":   {never, "null: the models have no such setting in common"},
	"response_format":    {isTextFormat, `{"type": "text"}`},
	"store":              {isFalse, "false: nothing is stored"},
	"stream":             {isFalse, "false: an HTTP API can't stream"},
	"stream_options":     {never, "null: an HTTP API can't stream"},
	"tool_choice":        {isOneOf("none", "auto"), "none or auto: there are no tools"},
	"tools":              {isEmptyArray, "an empty array: there are no tools"},
	"top_logprobs":       {isNumber(0), "0: the models don't return them"},
	"verbosity":          {never, "null: the models have no such setting in common"},
	"web_search_options": {never, "null: there is no web search"},
}

// chatNeutral are such members of a message: clients send back messages they received.
var chatNeutral = map[string]rule{
	"annotations":   {isEmptyArray, "an empty array"},
	"audio":         {never, "null: there is no audio"},
	"function_call": {never, "null: there are no functions"},
	"name":          {isString, "a string"},
	"refusal":       {never, "null"},
	"tool_calls":    {isEmptyArray, "an empty array: there are no tools"},
}

func isCompletionMember(name string) bool {
	return completionMember(name) || has(ignored, name) || has(neutral, name)
}

func isChatMember(name string) bool {
	return name == "role" || name == "content" || has(chatNeutral, name)
}

func has(rules map[string]rule, name string) bool {
	_, found := rules[name]
	return found
}

// chatRoles are OpenAI's roles; developer is its newer name for system.
var chatRoles = map[string]string{
	"system": chat.RoleSystem, "developer": chat.RoleSystem, "user": chat.RoleUser, "assistant": chat.RoleAssistant,
}

// openAIShape implements the format of POST /chat/completions.
type openAIShape struct{}

func (openAIShape) read(r *reader, body any, limits Limits) chat.Conversation {
	object := r.object("", body, isCompletionMember, completionMembers)
	if object == nil {
		return chat.Conversation{}
	}
	r.withoutEffect("", object, ignored)
	r.withoutEffect("", object, neutral)
	return chat.Conversation{
		Model:       r.text("/model", object["model"]),
		Messages:    r.messages("/messages", object["messages"], r.chatMessage),
		MaxTokens:   r.maxTokens(object, limits.MaxTokens),
		Temperature: r.fraction("/temperature", object["temperature"]),
		TopP:        r.fraction("/top_p", object["top_p"]),
		Stop:        r.stops("/stop", oneOrMore(object["stop"])),
	}
}

// withoutEffect checks that members don't have values that would have to have an effect.
func (r *reader) withoutEffect(pointer string, object map[string]any, rules map[string]rule) {
	for _, name := range sortedKeys(rules) {
		if value := object[name]; value != nil && !rules[name].takes(value) {
			r.refuse(pointer+"/"+name, "want %s, got %s", rules[name].want, kindOf(value))
		}
	}
}

// maxTokens reads either of the names that OpenAI has for it.
func (r *reader) maxTokens(object map[string]any, highest int) int {
	const older, newer = "max_tokens", "max_completion_tokens"
	first := r.integer("/"+older, object[older], 1, highest, highest)
	if object[older] != nil && object[newer] != nil {
		r.refuse("/"+newer, "want one of %s and %s only", older, newer)
	}
	return r.integer("/"+newer, object[newer], 1, highest, first)
}

// oneOrMore puts a single string into an array.
func oneOrMore(value any) any {
	if text, ok := value.(string); ok {
		return []any{text}
	}
	return value
}

func (r *reader) chatMessage(pointer string, value any) chat.Message {
	object := r.object(pointer, value, isChatMember, chatMembers)
	if object == nil {
		return chat.Message{}
	}
	r.withoutEffect(pointer, object, chatNeutral)
	return chat.Message{
		Role:    r.role(pointer+"/role", object["role"], chatRoles, "system, developer, user or assistant"),
		Content: r.content(pointer+"/content", object["content"]),
	}
}

// content reads a string, or an array of parts of the type text.
func (r *reader) content(pointer string, value any) []string {
	if _, several := value.([]any); !several {
		return []string{r.text(pointer, value)}
	}
	parts := r.elements(pointer, value, "part")
	texts := make([]string, len(parts))
	for i, value := range parts {
		at := pointer + "/" + strconv.Itoa(i)
		part, _ := value.(map[string]any)
		if kind, _ := part["type"].(string); part == nil || kind != "text" {
			r.refuse(at, "want an object with type text, the only type supported, and text")
			continue
		}
		r.object(at, part, among("type", "text"), partMembers)
		texts[i] = r.text(at+"/text", part["text"])
	}
	return texts
}

func never(any) bool { return false }

func isBoolean(value any) bool { _, ok := value.(bool); return ok }
func isFalse(value any) bool   { return value == false }
func isString(value any) bool  { _, ok := value.(string); return ok }
func isObject(value any) bool  { _, ok := value.(map[string]any); return ok }

// isInteger reports whether value is a whole number of any size, as in JSON Schema.
func isInteger(value any) bool {
	text, ok := value.(json.Number)
	if !ok {
		return false
	}
	number, err := text.Float64() // infinite, with an error, beyond 1.8e308
	return number == math.Trunc(number) && (err == nil || math.IsInf(number, 0))
}

func isEmptyObject(value any) bool {
	object, ok := value.(map[string]any)
	return ok && len(object) == 0
}

func isEmptyArray(value any) bool {
	array, ok := value.([]any)
	return ok && len(array) == 0
}

func isTextOnly(value any) bool {
	array, ok := value.([]any)
	return ok && len(array) == 1 && array[0] == "text"
}

func isTextFormat(value any) bool {
	object, ok := value.(map[string]any)
	return ok && len(object) == 1 && object["type"] == "text"
}

func isNumber(wanted float64) func(any) bool {
	return func(value any) bool {
		number, ok := numberOf(value)
		return ok && number == wanted
	}
}

func isOneOf(texts ...string) func(any) bool {
	known := among(texts...)
	return func(value any) bool {
		text, ok := value.(string)
		return ok && known(text)
	}
}

// chatCompletion is OpenAI's response with the request's id added.
type chatCompletion struct {
	ID                string       `json:"id"`
	Object            string       `json:"object"`
	Created           int64        `json:"created"`
	Model             string       `json:"model"`
	SystemFingerprint *string      `json:"system_fingerprint"`
	Choices           []chatChoice `json:"choices"`
	Usage             chatUsage    `json:"usage"`
	RequestID         string       `json:"request_id"`
}

type chatChoice struct {
	Index        int       `json:"index"`
	Message      chatReply `json:"message"`
	Logprobs     *string   `json:"logprobs"` // null
	FinishReason string    `json:"finish_reason"`
}

type chatReply struct {
	Role    string  `json:"role"`
	Content string  `json:"content"`
	Refusal *string `json:"refusal"` // null
}

type chatUsage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
	TotalTokens      int `json:"total_tokens"`
}

func (openAIShape) write(e *exchange) any {
	return chatCompletion{
		ID:                "chatcmpl-" + strings.TrimRight(e.id, "="),
		Object:            "chat.completion",
		Created:           e.began.Unix(),
		Model:             e.call.model,
		SystemFingerprint: orNull(e.call.completion.Version),
		Choices: []chatChoice{{
			Message:      chatReply{Role: chat.RoleAssistant, Content: e.call.completion.Text},
			FinishReason: finishReason(e.call.completion.StopReason),
		}},
		Usage: chatUsage{
			PromptTokens:     e.call.completion.Usage.InputTokens,
			CompletionTokens: e.call.completion.Usage.OutputTokens,
			TotalTokens:      e.call.completion.Usage.TotalTokens,
		},
		RequestID: e.id,
	}
}

// finishReason returns OpenAI's value for why the model stopped.
func finishReason(reason string) string {
	switch reason {
	case chat.MaxTokens, chat.ContextWindow:
		return "length"
	case chat.Filtered, chat.Guardrail:
		return "content_filter"
	}
	return "stop"
}
