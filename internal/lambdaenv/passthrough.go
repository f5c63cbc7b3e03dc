package lambdaenv

import "regexp"

// IsPassThrough reports whether the API may pass a member of a request on to the backend
// as it is, if the settings list its name. The members of OpenAI's API are not among them:
// the API itself interprets those, and what it knows of a request must be what the backend
// does.
func IsPassThrough(member string) bool {
	return memberName.MatchString(member) && !membersOfOpenAI[member]
}

var memberName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// membersOfOpenAI are the members of requests for chat completions and embeddings in
// OpenAI's API, deprecated ones included.
var membersOfOpenAI = map[string]bool{
	"audio": true, "dimensions": true, "encoding_format": true, "frequency_penalty": true, "function_call": true, "functions": true,
	"input": true, "logit_bias": true, "logprobs": true, "max_completion_tokens": true, "max_tokens": true, "messages": true,
	"metadata": true, "modalities": true, "model": true, "n": true, "parallel_tool_calls": true, "prediction": true,
	"presence_penalty": true, "prompt_cache_key": true, "prompt_cache_options": true, "prompt_cache_retention": true,
	"reasoning_effort": true, "response_format": true, "safety_identifier": true, "seed": true, "service_tier": true, "stop": true,
	"store": true, "stream": true, "stream_options": true, "temperature": true, "tool_choice": true, "tools": true,
	"top_logprobs": true, "top_p": true, "user": true, "verbosity": true, "web_search_options": true,
}
