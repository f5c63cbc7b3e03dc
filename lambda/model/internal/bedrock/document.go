package bedrock

import (
	"bytes"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
)

// jsonText is a document whose JSON text is sent as it is. The SDK's documents sort
// members and send numbers of arbitrary precision as strings.
type jsonText struct {
	document.Interface // nil, for its unexported method
	text               []byte
}

// MarshalSmithyDocument implements [document.Interface].
func (d jsonText) MarshalSmithyDocument() ([]byte, error) { return d.text, nil }

// UnmarshalSmithyDocument implements [document.Interface].
func (d jsonText) UnmarshalSmithyDocument(v any) error { return json.Unmarshal(d.text, v) }

// textOf returns the JSON text of a document in a response.
func textOf(d document.Interface) (string, error) {
	received, ok := d.(interface{ Value() any })
	if !ok {
		text, err := d.MarshalSmithyDocument()
		return string(text), err
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(received.Value()); err != nil {
		return "", err
	}
	return string(bytes.TrimSuffix(text.Bytes(), []byte("\n"))), nil
}

// isObject reports whether a text is a JSON object.
func isObject(text []byte) bool {
	text = bytes.TrimSpace(text)
	return len(text) > 0 && text[0] == '{' && json.Valid(text)
}
