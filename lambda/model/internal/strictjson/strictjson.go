// Package strictjson parses JSON without silently changing it: it rejects duplicate
// members and invalid Unicode, which encoding/json accepts, with the position of the
// fault, and keeps the text of each value. Package api parses request bodies with it.
package strictjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Fault describes an error in a value. Pointer is a JSON pointer (RFC 6901), empty for
// the value as a whole.
type Fault struct {
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

// Parse returns the single value in text. It rejects what encoding/json accepts:
// duplicate members, of which one would be ignored, and invalid Unicode, which would be
// altered. The value's texts are parts of text, which stays in memory as long as they.
func Parse(text string) (Value, *Fault) {
	if !utf8.ValidString(text) {
		return Value{}, &Fault{"", "not UTF-8"}
	}
	if fault := checkSyntax([]byte(text)); fault != nil {
		return Value{}, fault
	}
	if at := halfPair(text); at >= 0 {
		return Value{}, &Fault{"", fmt.Sprintf("not Unicode: half of a surrogate pair, at byte %d", at+1)}
	}
	p := parser{text: text}
	value := p.value()
	if p.path != nil {
		return Value{}, p.fault()
	}
	return value, nil
}

// checkSyntax leaves grammar and maximum depth to encoding/json.
func checkSyntax(text []byte) *Fault {
	if json.Valid(text) {
		return nil
	}
	err := json.Unmarshal(text, new(json.RawMessage))
	detail := fmt.Sprintf("not one JSON value: %v", err)
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		detail += fmt.Sprintf(", at byte %d", syntax.Offset)
	}
	return &Fault{"", detail}
}

var unescaper = strings.NewReplacer("~1", "/", "~0", "~")

// Unescape returns the member's name of a reference token.
func Unescape(token string) string { return unescaper.Replace(token) }

// Escape returns a member's name as a reference token of a JSON pointer.
func Escape(name string) string {
	if !strings.ContainsAny(name, "~/") {
		return name
	}
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
