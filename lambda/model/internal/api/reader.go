package api

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/strictjson"
)

// maxFaults is the maximum number of faults that a problem lists.
const maxFaults = 20

// reader reads values of a parsed body and collects their faults. It treats a null
// member as absent.
type reader struct {
	limits  Limits
	streams bool // whether responses can be streamed
	faults  []strictjson.Fault

	// dropped are the members that the API doesn't know, and clamped those whose number
	// is beyond a limit of the settings.
	dropped []string
	clamped []chat.Clamp

	answer *jsonschema.Schema // that the answer must match; nil if the request has none

	stream streamOptions

	tokenLimit string // the client's name for the maximum number of tokens; empty if it set none
}

func (r *reader) refuse(at pointer, format string, args ...any) {
	if len(r.faults) < maxFaults {
		r.faults = append(r.faults, strictjson.Fault{Pointer: at.String(), Detail: fmt.Sprintf(format, args...)})
	}
}

// object reports whether a value is an object with known members only. It refuses others.
func (r *reader) object(at pointer, value strictjson.Value, known func(string) bool, want string) bool {
	if !r.isObject(at, value, want) {
		return false
	}
	for _, member := range value.Members() {
		if !known(member.Name) {
			r.refuse(at.member(member.Name), "unknown: want %s", want)
		}
	}
	return true
}

func (r *reader) isObject(at pointer, value strictjson.Value, want string) bool {
	if value.Kind != strictjson.Object {
		r.refuse(at, "want an object with %s, got %s", want, kindOf(value))
		return false
	}
	return true
}

// among returns a function that reports whether a name is one of names.
func among(names ...string) func(string) bool {
	return func(name string) bool { return slices.Contains(names, name) }
}

// elements returns the elements of an array that is not empty.
func (r *reader) elements(at pointer, value strictjson.Value, what string) []strictjson.Value {
	if value.Kind != strictjson.Array || len(value.Elements()) == 0 {
		r.refuse(at, "want an array of one %s or more, got %s", what, kindOf(value))
		return nil
	}
	return value.Elements()
}

// text returns a string that is not blank.
func (r *reader) text(at pointer, value strictjson.Value) string {
	if value.Kind != strictjson.String || isBlank(value.Text()) {
		r.refuse(at, "want a string that is not blank, got %s", kindOf(value))
	}
	return value.Text()
}

// optionalText returns a string, or an empty one if value is absent.
func (r *reader) optionalText(at pointer, value strictjson.Value) string {
	if value.Kind != strictjson.String && value.Kind != strictjson.Null {
		r.refuse(at, "want a string, got %s", kindOf(value))
	}
	return value.Text()
}

// choice returns a string that is one of several, or an empty one if value is absent.
func (r *reader) choice(at pointer, value strictjson.Value, names ...string) string {
	if value.Kind != strictjson.Null && !slices.Contains(names, value.Text()) {
		r.refuse(at, "want %s, got %s", oneOf(names), kindOf(value))
	}
	return value.Text()
}

// oneOf lists names as in "a, b or c".
func oneOf(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// flag returns a boolean, or nil if value is absent.
func (r *reader) flag(at pointer, value strictjson.Value) *bool {
	if value.Kind == strictjson.Null {
		return nil
	}
	if value.Kind != strictjson.Bool {
		r.refuse(at, "want true or false, got %s", kindOf(value))
	}
	set := value.Raw == "true"
	return &set
}

// integer returns a whole number from lowest to highest, or absent if value is null. As
// in JSON Schema, 7.0 and 7e0 are whole numbers too.
func (r *reader) integer(at pointer, value strictjson.Value, lowest, highest, absent int) int {
	if value.Kind == strictjson.Null {
		return absent
	}
	number, ok := numberOf(value)
	if !ok || number != math.Trunc(number) || number < float64(lowest) || number > float64(highest) {
		r.refuse(at, "want a whole number from %d to %d, got %s", lowest, highest, kindOf(value))
		return absent
	}
	return int(number)
}

// number returns a number from 0 to highest, or nil if value is absent.
func (r *reader) number(at pointer, value strictjson.Value, highest float64) *float64 {
	if value.Kind == strictjson.Null {
		return nil
	}
	number, ok := numberOf(value)
	if !ok || number < 0 || number > highest {
		r.refuse(at, "want a number from 0 to %g, got %s", highest, kindOf(value))
	}
	return &number
}

func numberOf(value strictjson.Value) (float64, bool) {
	if value.Kind != strictjson.Number {
		return 0, false
	}
	number, err := strconv.ParseFloat(value.Raw, 64)
	return number, err == nil
}

// stops returns an array of at most highest strings that are not empty, or nil if value is
// absent.
func (r *reader) stops(at pointer, value strictjson.Value, highest int) []string {
	if value.Kind == strictjson.Null {
		return nil
	}
	if value.Kind != strictjson.Array || len(value.Elements()) > highest {
		r.refuse(at, "want an array of at most %d strings, got %s", highest, kindOf(value))
		return nil
	}
	var sequences []string
	for i, element := range value.Elements() {
		if element.Text() == "" {
			r.refuse(at.element(i), "want a string that is not empty, got %s", kindOf(element))
		}
		sequences = append(sequences, element.Text())
	}
	return sequences
}

func isBlank(text string) bool { return strings.TrimSpace(text) == "" }

// kindOf describes a value without quoting its content.
func kindOf(value strictjson.Value) string {
	switch value.Kind {
	case strictjson.Bool:
		return value.Raw
	case strictjson.Number:
		return "a number"
	case strictjson.String:
		if isBlank(value.Text()) {
			return "a blank string"
		}
		return "a string"
	case strictjson.Array:
		if len(value.Elements()) == 0 {
			return "an empty array"
		}
		return fmt.Sprintf("an array of %d", len(value.Elements()))
	case strictjson.Object:
		return "an object"
	}
	return "nothing"
}
