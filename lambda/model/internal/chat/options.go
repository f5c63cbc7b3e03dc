package chat

import (
	"encoding/json"
	"reflect"
)

// neutral has the options that have a value which changes nothing, with that value.
var neutral = map[string]any{
	"frequency_penalty": 0.0,
	"logit_bias":        map[string]any{},
	"logprobs":          false,
	"modalities":        []any{"text"},
	"n":                 1.0,
	"presence_penalty":  0.0,
	"store":             false,
	"top_logprobs":      0.0,
	"verbosity":         "medium",
}

// IsNeutral reports whether an option has the value that it has if it isn't set, as
// OpenAI's API defines it. Servers may be configured with other defaults.
func IsNeutral(name string, value json.RawMessage) bool {
	usual, known := neutral[name]
	var given any
	return known && json.Unmarshal(value, &given) == nil && reflect.DeepEqual(given, usual)
}
