package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/strictjson"
)

// maxFaults is the maximum number of faults that a problem lists.
const maxFaults = 20

// reader reads values of a parsed body and collects their faults. It treats a null
// member as absent.
type reader struct{ faults []strictjson.Fault }

func (r *reader) refuse(pointer, format string, args ...any) {
	if len(r.faults) < maxFaults {
		r.faults = append(r.faults, strictjson.Fault{Pointer: pointer, Detail: fmt.Sprintf(format, args...)})
	}
}

// object returns the members of an object, or nil if value is none. It refuses members
// that are not known.
func (r *reader) object(pointer string, value any, known func(string) bool, want string) map[string]any {
	object, ok := value.(map[string]any)
	if !ok {
		r.refuse(pointer, "want an object with %s, got %s", want, kindOf(value))
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !known(name) {
			r.refuse(pointer+"/"+strictjson.Escape(name), "unknown: want %s", want)
		}
	}
	return object
}

// among returns a function that reports whether a name is one of names.
func among(names ...string) func(string) bool {
	return func(name string) bool { return slices.Contains(names, name) }
}

// elements returns the elements of an array that is not empty.
func (r *reader) elements(pointer string, value any, what string) []any {
	elements, ok := value.([]any)
	if !ok || len(elements) == 0 {
		r.refuse(pointer, "want an array of one %s or more, got %s", what, kindOf(value))
		return nil
	}
	return elements
}

// text returns a string that is not blank.
func (r *reader) text(pointer string, value any) string {
	text, ok := value.(string)
	if !ok || strings.TrimSpace(text) == "" {
		r.refuse(pointer, "want a string that is not blank, got %s", kindOf(value))
	}
	return text
}

// integer returns a whole number from lowest to highest, or absent if value is nil. As
// in JSON Schema, 7.0 and 7e0 are whole numbers too.
func (r *reader) integer(pointer string, value any, lowest, highest, absent int) int {
	if value == nil {
		return absent
	}
	number, ok := numberOf(value)
	if !ok || number != math.Trunc(number) || number < float64(lowest) || number > float64(highest) {
		r.refuse(pointer, "want a whole number from %d to %d, got %s", lowest, highest, kindOf(value))
		return absent
	}
	return int(number)
}

// fraction returns a number from 0 to 1, or nil if value is absent.
func (r *reader) fraction(pointer string, value any) *float64 {
	if value == nil {
		return nil
	}
	number, ok := numberOf(value)
	if !ok || number < 0 || number > 1 {
		r.refuse(pointer, "want a number from 0 to 1, got %s", kindOf(value))
	}
	return &number
}

func numberOf(value any) (float64, bool) {
	text, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	number, err := text.Float64()
	return number, err == nil
}

// maxStops is the maximum number of stop sequences of a request, as for OpenAI.
const maxStops = 4

// stops returns an array of strings that are not empty, or nil if value is absent.
func (r *reader) stops(pointer string, value any) []string {
	if value == nil {
		return nil
	}
	elements, ok := value.([]any)
	if !ok || len(elements) > maxStops {
		r.refuse(pointer, "want an array of at most %d strings, got %s", maxStops, kindOf(value))
		return nil
	}
	var sequences []string
	for i, element := range elements {
		sequence, _ := element.(string)
		if sequence == "" {
			r.refuse(pointer+"/"+strconv.Itoa(i), "want a string that is not empty, got %s", kindOf(element))
		}
		sequences = append(sequences, sequence)
	}
	return sequences
}

// kindOf describes a value without quoting its content.
func kindOf(value any) string {
	switch value := value.(type) {
	case nil:
		return "nothing"
	case bool:
		return strconv.FormatBool(value)
	case json.Number:
		return "a number"
	case string:
		if strings.TrimSpace(value) == "" {
			return "a blank string"
		}
		return "a string"
	case []any:
		if len(value) == 0 {
			return "an empty array"
		}
		return fmt.Sprintf("an array of %d", len(value))
	default:
		return "an object"
	}
}

// messages returns the conversation's messages, each read by one. It requires a message
// of a user; the model may restrict their order further.
func (r *reader) messages(pointer string, value any, one func(pointer string, value any) chat.Message) []chat.Message {
	elements := r.elements(pointer, value, "message")
	if elements == nil {
		return nil
	}
	before := len(r.faults)
	messages := make([]chat.Message, len(elements))
	for i, element := range elements {
		messages[i] = one(pointer+"/"+strconv.Itoa(i), element)
	}
	if len(r.faults) == before && !slices.ContainsFunc(messages, func(m chat.Message) bool { return m.Role == chat.RoleUser }) {
		r.refuse(pointer, "want a user's message among them")
	}
	return messages
}

// role returns a message's role, by the shape's names of roles.
func (r *reader) role(pointer string, value any, roles map[string]string, want string) string {
	name, _ := value.(string)
	role, known := roles[name]
	if !known {
		r.refuse(pointer, "want %s, got %s", want, kindOf(value))
	}
	return role
}
