package api

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/strictjson"
)

// completionMembers are the members of a request to POST /chat/completions that
// determine the completion, for error texts.
const completionMembers = "model, messages, tools, tool_choice, response_format, reasoning_effort, max_completion_tokens, temperature, top_p, stop, " +
	"and what docs/api.md lists"

// completionMember reports whether the API itself reads a member. Others are options.
var completionMember = among("model", "messages", "max_completion_tokens", "max_tokens", "temperature", "top_p", "stop",
	"tools", "tool_choice", "parallel_tool_calls", "response_format", "reasoning_effort", "stream", "stream_options", "functions", "function_call")

func isCompletionMember(name string) bool {
	_, option := options[name]
	return option || completionMember(name)
}

// efforts are the values of reasoning_effort: OpenAI's, and Bedrock's highest.
var efforts = []string{"none", "minimal", "low", "medium", "high", "xhigh", "max"}

// maxTemperature is OpenAI's. A model with a lower maximum has it clamped.
const maxTemperature = 2

// openAIShape implements the format of POST /chat/completions.
type openAIShape struct{}

func (openAIShape) strict() bool { return false }

func (openAIShape) read(r *reader, body strictjson.Value) chat.Conversation {
	var top pointer
	if !r.isObject(top, body, completionMembers) {
		return chat.Conversation{}
	}
	r.streaming(top, body)
	r.refuseFunctions(top, body)
	tools := r.tools(top.member("tools"), body.Get("tools"))
	c := chat.Conversation{
		Model:             r.text(top.member("model"), body.Get("model")),
		Messages:          r.messages(top.member("messages"), body.Get("messages"), r.chatMessage),
		Tools:             tools,
		ToolChoice:        r.toolChoice(top.member("tool_choice"), body.Get("tool_choice"), tools),
		ParallelToolCalls: r.flag(top.member("parallel_tool_calls"), body.Get("parallel_tool_calls")),
		Format:            r.format(top.member("response_format"), body.Get("response_format")),
		ReasoningEffort:   r.choice(top.member("reasoning_effort"), body.Get("reasoning_effort"), efforts...),
		MaxTokens:         r.maxTokens(top, body),
		Temperature:       r.number(top.member("temperature"), body.Get("temperature"), maxTemperature),
		TopP:              r.number(top.member("top_p"), body.Get("top_p"), 1),
		Stop:              r.oneOrMoreStops(top.member("stop"), body.Get("stop")),
		Options:           r.options(top, body),
		PassThrough:       r.passThrough(body),
	}
	r.unknown(top, body, "", r.orPassedThrough(isCompletionMember), completionMembers)
	if len(r.faults) == 0 {
		r.checkToolResults(top.member("messages"), c.Messages)
	}
	return c
}

// refuseFunctions refuses what tools have replaced.
func (r *reader) refuseFunctions(at pointer, body strictjson.Value) {
	if functions := body.Get("functions"); functions.Kind != strictjson.Null && !isEmptyArray(functions) {
		r.refuse(at.member("functions"), "want null: tools have replaced them")
	}
	if call := body.Get("function_call"); call.Kind != strictjson.Null && !among("none", "auto")(call.Text()) {
		r.refuse(at.member("function_call"), "want null: tools and tool_choice have replaced it")
	}
}

// passThrough returns the members that only the backend knows, as JSON texts.
func (r *reader) passThrough(body strictjson.Value) map[string]json.RawMessage {
	var set map[string]json.RawMessage
	for _, name := range r.limits.PassThrough {
		if value := body.Get(name); value.Kind != strictjson.Null {
			set = put(set, name, json.RawMessage(value.Raw))
		}
	}
	return set
}

// orPassedThrough returns a function that reports whether a name is known or passed
// through.
func (r *reader) orPassedThrough(known func(string) bool) func(string) bool {
	return func(name string) bool { return known(name) || slices.Contains(r.limits.PassThrough, name) }
}

// The names that OpenAI has for the maximum number of tokens.
const (
	olderMaxTokens = "max_tokens"
	newerMaxTokens = "max_completion_tokens"
)

// maxTokens reads either of its names. A number above the limit of the settings is
// clamped, since many clients always send one.
func (r *reader) maxTokens(at pointer, body strictjson.Value) int {
	name := newerMaxTokens
	if body.Get(olderMaxTokens).Kind != strictjson.Null {
		name = olderMaxTokens
		if body.Get(newerMaxTokens).Kind != strictjson.Null {
			r.refuse(at.member(newerMaxTokens), "want one of %s and %s only", olderMaxTokens, newerMaxTokens)
		}
	}
	value, highest := body.Get(name), r.limits.MaxTokens
	if value.Kind != strictjson.Null {
		r.tokenLimit = name
	}
	if number, ok := numberOf(value); ok && isWhole(value) && number > float64(highest) {
		r.clamped = append(r.clamped, chat.Clamp{Member: name, Limit: strconv.Itoa(highest)})
		return highest
	}
	return r.integer(at.member(name), value, 1, highest, highest)
}

// maxStops is the maximum number of stop sequences. OpenAI's is 4; clients send more to
// other APIs, and models take them.
const maxStops = 64

// oneOrMoreStops reads a single stop sequence, an empty one as none, or an array of them.
func (r *reader) oneOrMoreStops(at pointer, value strictjson.Value) []string {
	if value.Kind != strictjson.String {
		return r.stops(at, value, maxStops)
	}
	if value.Text() == "" {
		return nil
	}
	return []string{value.Text()}
}
