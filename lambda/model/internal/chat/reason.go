package chat

import (
	"regexp"
	"slices"
	"strings"
)

// members maps the names that backends have for members of a request to those of
// OpenAI's API.
var members = map[string]string{
	"budget_tokens": "reasoning_effort", "chat_template_kwargs": "chat_template_kwargs", "content": "messages",
	"dimensions": "dimensions", "document": "messages", "documents": "messages", "effort": "reasoning_effort",
	"encoding_format": "encoding_format", "frequency_penalty": "frequency_penalty", "image": "messages", "images": "messages",
	"image_url": "messages", "input": "input", "json_schema": "response_format", "logit_bias": "logit_bias", "logprobs": "logprobs",
	"max_completion_tokens": "max_completion_tokens", "max_tokens": "max_tokens", "maxtokens": "max_tokens",
	"messages": "messages", "min_p": "min_p", "model": "model", "n": "n", "outputconfig": "response_format",
	"parallel_tool_calls": "parallel_tool_calls", "presence_penalty": "presence_penalty", "reasoning": "reasoning_effort",
	"reasoning_effort": "reasoning_effort", "repetition_penalty": "repetition_penalty", "response_format": "response_format",
	"seed": "seed", "stop": "stop", "stop_sequences": "stop", "stopsequences": "stop", "temperature": "temperature",
	"textformat": "response_format", "thinking": "reasoning_effort", "tool_choice": "tool_choice",
	"toolchoice": "tool_choice", "toolconfig": "tools", "tooluse": "messages", "toolresult": "messages",
	"tool_use": "messages", "tool_result": "messages", "tools": "tools", "top_k": "top_k", "top_logprobs": "top_logprobs",
	"top_p": "top_p", "topk": "top_k", "topp": "top_p",
}

// vocabulary are the words of a rejection that are quoted. They are those of the APIs of
// Bedrock and of servers; a word of a conversation that is among them says nothing.
var vocabulary = wordsOf(`
	a accept accepted access add allowed alternate alternates alternating an and any are argument array as assistant at
	be between block blocks body both boolean but by bytes cache cachepoint call calls can cannot characters choice combination
	configuration context conversation corresponding could count current currently data decode deprecated did different
	disabled does doesn't each empty enable enabled end ends enough error errors exactly exceed exceeded exceeds exist exists expected extra
	extraneous failed field fields final first following for format found from function greater guardrail has have ids if in include
	includes increase incorrect inference input inputs instead integer invalid is isn't it item items json key
	larger last least length less limit list long longer malformed many match max maximum message min minimum missing
	mode more most multiple must name names need no non non-empty not null number object of on one only or order
	output over parameter parameters part pass pattern permitted please position positive prefill preserve prompt provide provided
	range reached reduce regex reject rejected remove request requested required requires response result results returned role
	roles schema sequence sequences service set should single size smaller specified specify start starts stream string such
	support supported supports system text than that the then there these this to token tokens too total try turn turns
	two type unexpected unique unknown unrecognized unsupported use used user uses using valid validation value values
	via was when whitespace white with within without zero`)

func wordsOf(text string) map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(text) {
		words[word] = true
	}
	return words
}

var (
	word = regexp.MustCompile(`[\p{L}\p{M}\p{N}_]+(?:['’-][\p{L}\p{M}\p{N}_]+)*`)

	// limit matches a number that the words around it show to be a limit or a count.
	limit   = regexp.MustCompile(`(?i)(?:limit|maximum|minimum|least|most|tokens|than|range|between|exceeds?|count)[:=]? $`)
	digits  = regexp.MustCompile(`^[0-9]{1,6}$`)
	counted = regexp.MustCompile(`(?i)^ (?:tokens|bytes|characters|images|tools|items|pixels|maximum)\b`)

	// quotation begins the part of a message in which a backend quotes the request.
	quotation = regexp.MustCompile(`\[?\{\s*['"\x60]|(?i:messages|content|input|prompt|text|value) ?=`)
)

// maxReason limits the length of a reason, in bytes.
const maxReason = 300

// Reason returns a backend's message for the operator, and the members of the request
// that it mentions by the names that OpenAI's API has. Backends quote the conversation in
// such messages: every word that isn't a word of their APIs is replaced by an ellipsis.
func Reason(message string) (reason string, concerned []string) {
	message = message[:min(len(message), 4*maxReason)]
	if at := quotation.FindStringIndex(message); at != nil {
		message = message[:at[0]] + "…"
	}
	var quoted strings.Builder
	end := 0
	for _, at := range word.FindAllStringIndex(message, -1) {
		found := message[at[0]:at[1]]
		lower := strings.ToLower(found)
		member, known := members[lower]
		if known && (!english[lower] || isName(message, at[0], at[1])) {
			concerned = append(concerned, member)
		}
		if !known && !vocabulary[lower] && !isLimit(message, at[0], at[1]) {
			found = "…"
		}
		quoted.WriteString(message[end:at[0]])
		quoted.WriteString(found)
		end = at[1]
	}
	quoted.WriteString(message[end:])
	reason = strings.ToValidUTF8(quoted.String()[:min(quoted.Len(), maxReason)], "")
	slices.Sort(concerned)
	return reason, slices.Compact(concerned)
}

// isLimit reports whether the word from begin to end of a message is a number that says
// what the API allows, or an index in a path. Other numbers may be the conversation's.
func isLimit(message string, begin, end int) bool {
	isIndex := begin > 0 && strings.IndexByte("./[", message[begin-1]) >= 0 && end-begin <= 3
	return digits.MatchString(message[begin:end]) && (isIndex || limit.MatchString(message[:begin]) || counted.MatchString(message[end:]))
}

// english are names of members that are ordinary words too.
var english = wordsOf("content effort input model n reasoning stop thinking")

// isName reports whether the word from begin to end of a message is written as a name: in
// quotation marks or in a path.
func isName(message string, begin, end int) bool {
	const before, after = "`'\"/.#[", "`'\"/.[:"
	return begin > 0 && strings.IndexByte(before, message[begin-1]) >= 0 ||
		end < len(message)-1 && strings.IndexByte(after, message[end]) >= 0 && message[end+1] != ' '
}
