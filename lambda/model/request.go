package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// maxFaults is how many faults one answer lists.
const maxFaults = 20

// readConversation returns the conversation that a body describes, or all that is
// wrong with it. Optional members may be null, which means absent.
func readConversation(body any, maxTokens int) (conversation, []fault) {
	r := &reader{}
	object := r.object("", body, "messages", "max_tokens", "temperature", "top_p", "stop")
	if object == nil {
		return conversation{}, r.faults
	}
	c := conversation{
		messages:    r.messages("/messages", object["messages"]),
		maxTokens:   r.integer("/max_tokens", object["max_tokens"], 1, maxTokens),
		temperature: r.fraction("/temperature", object["temperature"]),
		topP:        r.fraction("/top_p", object["top_p"]),
		stop:        r.texts("/stop", object["stop"]),
	}
	return c, r.faults
}

// reader reads values of a parsed body and collects what is wrong with them.
type reader struct{ faults []fault }

func (r *reader) refuse(pointer, format string, args ...any) {
	if len(r.faults) < maxFaults {
		r.faults = append(r.faults, fault{pointer, fmt.Sprintf(format, args...)})
	}
}

// object returns the members of a value that has no others than those named, or nil
// if it is no object.
func (r *reader) object(pointer string, value any, members ...string) map[string]any {
	object, ok := value.(map[string]any)
	if !ok {
		r.refuse(pointer, "want an object with %s, got %s", strings.Join(members, ", "), kindOf(value))
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains(members, name) {
			r.refuse(pointer+"/"+escapePointer(name), "unknown: want %s", strings.Join(members, ", "))
		}
	}
	return object
}

func (r *reader) messages(pointer string, value any) []message {
	elements, ok := value.([]any)
	if !ok || len(elements) == 0 {
		r.refuse(pointer, "want an array of one message or more, got %s", kindOf(value))
		return nil
	}
	messages := make([]message, len(elements))
	for i, element := range elements {
		messages[i] = r.message(pointer+"/"+strconv.Itoa(i), element)
	}
	first := slices.IndexFunc(messages, func(m message) bool { return m.role != roleSystem })
	switch {
	case first < 0:
		r.refuse(pointer, "want a user's message, got the system's only")
	case messages[first].role == roleAssistant:
		r.refuse(pointer+"/"+strconv.Itoa(first)+"/role", "want user, because it begins the conversation")
	}
	return messages
}

func (r *reader) message(pointer string, value any) message {
	object := r.object(pointer, value, "role", "content")
	if object == nil {
		return message{}
	}
	role, _ := object["role"].(string)
	switch role {
	case roleSystem, roleUser, roleAssistant:
	default:
		r.refuse(pointer+"/role", "want system, user or assistant, got %s", kindOf(object["role"]))
	}
	content, ok := object["content"].(string)
	if !ok || strings.TrimSpace(content) == "" {
		r.refuse(pointer+"/content", "want a string that is not blank, got %s", kindOf(object["content"]))
	}
	return message{role, content}
}

// integer returns a whole number from lowest to highest, which is also the default.
func (r *reader) integer(pointer string, value any, lowest, highest int) int {
	if value == nil {
		return highest
	}
	text, _ := value.(json.Number)
	number, err := strconv.Atoi(text.String())
	if err != nil || number < lowest || number > highest {
		r.refuse(pointer, "want a whole number from %d to %d, got %s", lowest, highest, kindOf(value))
	}
	return number
}

// fraction returns a number from 0 to 1, or nil if value is absent.
func (r *reader) fraction(pointer string, value any) *float64 {
	if value == nil {
		return nil
	}
	text, _ := value.(json.Number)
	number, err := text.Float64()
	if err != nil || number < 0 || number > 1 {
		r.refuse(pointer, "want a number from 0 to 1, got %s", kindOf(value))
	}
	return &number
}

// texts returns an array of strings that are not empty, or nil if value is absent.
func (r *reader) texts(pointer string, value any) []string {
	if value == nil {
		return nil
	}
	elements, ok := value.([]any)
	if !ok {
		r.refuse(pointer, "want an array of strings, got %s", kindOf(value))
	}
	var texts []string
	for i, element := range elements {
		text, _ := element.(string)
		if text == "" {
			r.refuse(pointer+"/"+strconv.Itoa(i), "want a string that is not empty, got %s", kindOf(element))
		}
		texts = append(texts, text)
	}
	return texts
}

// kindOf says what a value is, without quoting what someone wrote into it.
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
		return "an array"
	default:
		return "an object"
	}
}
