package bedrock

import (
	"bytes"
	"encoding/json"
)

// openSchema is the schema of arguments about which nothing is known.
const openSchema = `{"type":"object","properties":{}}`

// toolSchema returns the schema of a tool's arguments. Converse requires that it is that
// of an object, which OpenAI's API doesn't.
func toolSchema(parameters json.RawMessage) []byte {
	if !isObject(parameters) {
		return []byte(openSchema)
	}
	var root struct {
		Type       json.RawMessage `json:"type"`
		Properties json.RawMessage `json:"properties"`
	}
	if json.Unmarshal(parameters, &root) != nil || root.Type != nil {
		return parameters
	}
	rest := bytes.TrimSpace(parameters)[1:]
	if rest = bytes.TrimLeft(rest, " \t\r\n"); rest[0] == '}' {
		return []byte(openSchema)
	}
	return append([]byte(`{"type":"object",`), rest...)
}

// toolInput returns the arguments of a call in a history as a document. Arguments that
// are no JSON object, such as those that the limit of tokens cut off, are in one.
func toolInput(arguments string) []byte {
	text := []byte(arguments)
	switch {
	case blank(arguments):
		return []byte("{}")
	case isObject(text):
		return text
	}
	wrapped, err := json.Marshal(map[string]string{"arguments": arguments})
	if err != nil {
		return []byte("{}")
	}
	return wrapped
}
