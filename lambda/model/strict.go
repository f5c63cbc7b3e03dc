package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// fault is one thing that is wrong with a request's body, and where: a JSON pointer
// (RFC 6901).
type fault struct {
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

// parseJSON returns the one value of text as maps, slices, strings, numbers
// ([json.Number]), booleans and nil. It refuses what encoding/json lets pass: a
// member that is there twice, of which one would be ignored, and text that is not
// UTF-8, which would be altered.
func parseJSON(text []byte) (any, *fault) {
	if !utf8.Valid(text) {
		return nil, &fault{"", "not UTF-8"}
	}
	var syntax *json.SyntaxError
	if err := json.Unmarshal(text, new(json.RawMessage)); errors.As(err, &syntax) {
		return nil, &fault{"", fmt.Sprintf("not one JSON value: %v, at byte %d", syntax, syntax.Offset)}
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return parseValue(decoder, "")
}

// parseValue returns the decoder's next value. The syntax is right: that was
// checked, nesting included.
func parseValue(decoder *json.Decoder, pointer string) (any, *fault) {
	switch token := nextToken(decoder); token {
	case json.Delim('['):
		array := []any{}
		for decoder.More() {
			element, fault := parseValue(decoder, pointer+"/"+strconv.Itoa(len(array)))
			if fault != nil {
				return nil, fault
			}
			array = append(array, element)
		}
		nextToken(decoder)
		return array, nil
	case json.Delim('{'):
		object := map[string]any{}
		for decoder.More() {
			name := nextToken(decoder).(string)
			member := pointer + "/" + escapePointer(name)
			if _, twice := object[name]; twice {
				return nil, &fault{member, "there twice"}
			}
			value, fault := parseValue(decoder, member)
			if fault != nil {
				return nil, fault
			}
			object[name] = value
		}
		nextToken(decoder)
		return object, nil
	default:
		return token, nil
	}
}

func nextToken(decoder *json.Decoder) json.Token {
	token, err := decoder.Token()
	if err != nil {
		panic(fmt.Sprintf("JSON that was valid a moment ago: %v", err))
	}
	return token
}

func escapePointer(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
