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
	text := bytes.TrimSpace(parameters)
	if bytes.HasPrefix(text, []byte(`{"type":"object"`)) {
		return text
	}
	var root map[string]json.RawMessage
	if json.Unmarshal(text, &root) != nil || len(root) == 0 {
		return []byte(openSchema)
	}
	if root["type"] != nil {
		return text
	}
	return append([]byte(`{"type":"object",`), text[1:]...)
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
