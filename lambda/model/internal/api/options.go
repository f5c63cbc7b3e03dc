package api

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/strictjson"
)

// option describes a member of OpenAI's requests that the API checks and leaves to the
// backend.
type option struct {
	takes func(strictjson.Value) bool
	want  string
}

// maxChoices is the maximum number of choices of a request: each is billed.
const maxChoices = 8

// options are the members that backends may ignore, by name.
var options = map[string]option{
	"audio":                  {isA(strictjson.Object), "an object"},
	"frequency_penalty":      {numberBetween(-2, 2), "a number from -2 to 2"},
	"logit_bias":             {isBias, "an object of numbers from -100 to 100"},
	"logprobs":               {isA(strictjson.Bool), "true or false"},
	"metadata":               {isA(strictjson.Object), "an object"},
	"modalities":             {isA(strictjson.Array), "an array"},
	"n":                      {integerBetween(1, maxChoices), "a whole number from 1 to 8"},
	"prediction":             {isA(strictjson.Object), "an object"},
	"presence_penalty":       {numberBetween(-2, 2), "a number from -2 to 2"},
	"prompt_cache_key":       {isA(strictjson.String), "a string"},
	"prompt_cache_retention": {isA(strictjson.String), "a string"},
	"safety_identifier":      {isA(strictjson.String), "a string"},
	"seed":                   {isWhole, "a whole number"},
	"service_tier":           {isA(strictjson.String), "a string"},
	"store":                  {isA(strictjson.Bool), "true or false"},
	"top_logprobs":           {integerBetween(0, 20), "a whole number from 0 to 20"},
	"user":                   {isA(strictjson.String), "a string"},
	"verbosity":              {isVerbosity, "low, medium or high"},
	"web_search_options":     {isA(strictjson.Object), "an object"},
}

// options returns the members of a request that are left to the backend, as JSON texts.
func (r *reader) options(at pointer, body strictjson.Value) map[string]json.RawMessage {
	var set map[string]json.RawMessage
	for _, member := range body.Members() {
		known, found := options[member.Name]
		if !found || member.Value.Kind == strictjson.Null {
			continue
		}
		if !known.takes(member.Value) {
			r.refuse(at.member(member.Name), "want %s, got %s", known.want, kindOf(member.Value))
			continue
		}
		set = put(set, member.Name, json.RawMessage(member.Value.Raw))
	}
	return set
}

func put(set map[string]json.RawMessage, name string, value json.RawMessage) map[string]json.RawMessage {
	if set == nil {
		set = map[string]json.RawMessage{}
	}
	set[name] = value
	return set
}

func isA(kind strictjson.Kind) func(strictjson.Value) bool {
	return func(value strictjson.Value) bool { return value.Kind == kind }
}

func numberBetween(lowest, highest float64) func(strictjson.Value) bool {
	return func(value strictjson.Value) bool {
		number, ok := numberOf(value)
		return ok && lowest <= number && number <= highest
	}
}

func integerBetween(lowest, highest float64) func(strictjson.Value) bool {
	return func(value strictjson.Value) bool { return numberBetween(lowest, highest)(value) && isWhole(value) }
}

// isWhole reports whether value is a whole number of any size, as in JSON Schema.
func isWhole(value strictjson.Value) bool {
	if value.Kind != strictjson.Number {
		return false
	}
	number, err := strconv.ParseFloat(value.Raw, 64) // infinite, with an error, beyond 1.8e308
	return number == math.Trunc(number) && (err == nil || math.IsInf(number, 0))
}

func isBias(value strictjson.Value) bool {
	for _, member := range value.Members() {
		if !numberBetween(-100, 100)(member.Value) {
			return false
		}
	}
	return value.Kind == strictjson.Object
}

func isVerbosity(value strictjson.Value) bool { return among("low", "medium", "high")(value.Text()) }

func isEmptyArray(value strictjson.Value) bool {
	return value.Kind == strictjson.Array && len(value.Elements()) == 0
}
