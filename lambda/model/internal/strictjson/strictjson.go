// Package strictjson parses JSON without silently changing it: it rejects duplicate
// members and invalid Unicode, which encoding/json accepts, with the position of the
// fault. Package api parses request bodies with it.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Fault describes an error in a value. Pointer is a JSON pointer (RFC 6901), empty for
// the value as a whole.
type Fault struct {
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

// Parse returns the single value in text as maps, slices, strings, numbers
// ([json.Number]), booleans and nil. It rejects what encoding/json accepts: duplicate
// members, of which one would be ignored, and invalid Unicode, which would be altered.
func Parse(text []byte) (any, *Fault) {
	if !utf8.Valid(text) {
		return nil, &Fault{"", "not UTF-8"}
	}
	if err := json.Unmarshal(text, new(json.RawMessage)); err != nil {
		return nil, syntaxFault(err)
	}
	if at := halfPair(text); at >= 0 {
		return nil, &Fault{"", fmt.Sprintf("not Unicode: half of a surrogate pair, at byte %d", at+1)}
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return parseValue(decoder, "")
}

func syntaxFault(err error) *Fault {
	detail := fmt.Sprintf("not one JSON value: %v", err)
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		detail += fmt.Sprintf(", at byte %d", syntax.Offset)
	}
	return &Fault{"", detail}
}

// parseValue returns the decoder's next value. Its depth was checked with the syntax.
func parseValue(decoder *json.Decoder, pointer string) (any, *Fault) {
	token, err := decoder.Token()
	if err != nil {
		return nil, syntaxFault(err)
	}
	switch token {
	case json.Delim('['):
		return parseArray(decoder, pointer)
	case json.Delim('{'):
		return parseObject(decoder, pointer)
	}
	return token, nil
}

func parseArray(decoder *json.Decoder, pointer string) (any, *Fault) {
	array := []any{}
	for decoder.More() {
		element, fault := parseValue(decoder, pointer+"/"+strconv.Itoa(len(array)))
		if fault != nil {
			return nil, fault
		}
		array = append(array, element)
	}
	return array, parseEnd(decoder)
}

func parseObject(decoder *json.Decoder, pointer string) (any, *Fault) {
	object := map[string]any{}
	for decoder.More() {
		token, err := decoder.Token()
		name, isName := token.(string)
		if err != nil || !isName {
			return nil, syntaxFault(errors.Join(err, errors.New("a member without a name")))
		}
		member := pointer + "/" + Escape(name)
		if _, twice := object[name]; twice {
			return nil, &Fault{member, "duplicate member"}
		}
		value, fault := parseValue(decoder, member)
		if fault != nil {
			return nil, fault
		}
		object[name] = value
	}
	return object, parseEnd(decoder)
}

func parseEnd(decoder *json.Decoder) *Fault {
	if _, err := decoder.Token(); err != nil {
		return syntaxFault(err)
	}
	return nil
}

// Escape returns a member's name as a reference token of a JSON pointer.
func Escape(name string) string {
	if !strings.ContainsAny(name, "~/") {
		return name
	}
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

// halfPair returns the index of an escaped surrogate, such as \ud800, without its other
// half in valid JSON, or -1.
func halfPair(text []byte) int {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		switch unit := escapedUnit(text[i:]); {
		case unit < 0:
			i++ // the character that the backslash escapes
		case unit < 0xD800 || unit > 0xDFFF:
			i += unitSize - 1
		case unit >= 0xDC00:
			return i
		default:
			if low := escapedUnit(text[i+unitSize:]); low < 0xDC00 || low > 0xDFFF {
				return i
			}
			i += 2*unitSize - 1
		}
	}
	return -1
}

const unitSize = len(`\u0000`)

// escapedUnit returns the UTF-16 unit that text begins with, as in \u0041, or -1.
func escapedUnit(text []byte) int {
	if len(text) < unitSize || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	unit, err := strconv.ParseUint(string(text[2:unitSize]), 16, 16)
	if err != nil {
		return -1
	}
	return int(unit)
}
