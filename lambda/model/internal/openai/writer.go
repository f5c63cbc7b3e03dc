package openai

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
)

// writer writes JSON. Unlike encoding/json, it leaves texts that are JSON already as they
// are, white space and escape sequences included, and encodes files without a copy.
type writer struct {
	buffer  bytes.Buffer
	encoder *json.Encoder
	text    string // that is encoded; here, so that it is not allocated
}

func newWriter() *writer {
	w := &writer{}
	w.encoder = json.NewEncoder(&w.buffer)
	w.encoder.SetEscapeHTML(false)
	return w
}

// separate writes a comma unless the next value is the first in its array or object, or
// follows its name.
func (w *writer) separate() {
	text := w.buffer.Bytes()
	if len(text) == 0 {
		return
	}
	switch text[len(text)-1] {
	case '{', '[', ':':
	default:
		w.buffer.WriteByte(',')
	}
}

// begin writes the beginning of an array or object, end its end.
func (w *writer) begin(bracket byte) {
	w.separate()
	w.buffer.WriteByte(bracket)
}

func (w *writer) end(bracket byte) { w.buffer.WriteByte(bracket) }

func (w *writer) name(name string) {
	w.string(name)
	w.buffer.WriteByte(':')
}

func (w *writer) string(text string) {
	w.text = text
	w.value(&w.text)
}

// value writes a number or boolean, a list of them, or a list of strings.
func (w *writer) value(value any) {
	w.separate()
	if w.encoder.Encode(value) == nil {
		w.buffer.Truncate(w.buffer.Len() - 1) // the encoder's line feed
	}
}

// raw writes a JSON text.
func (w *writer) raw(text json.RawMessage) {
	w.separate()
	w.buffer.Write(text)
}

// dataURL writes a file as a string.
func (w *writer) dataURL(mediaType string, data []byte) {
	w.separate()
	w.buffer.WriteString(`"data:` + mediaType + `;base64,`)
	w.buffer.Grow(base64.StdEncoding.EncodedLen(len(data)) + 1)
	w.buffer.Write(base64.StdEncoding.AppendEncode(w.buffer.AvailableBuffer(), data))
	w.buffer.WriteByte('"')
}

func (w *writer) member(name string, value any) {
	w.name(name)
	w.value(value)
}

func (w *writer) stringMember(name, value string) {
	w.name(name)
	w.string(value)
}

// optional writes a member unless its value is empty.
func (w *writer) optional(name, value string) {
	if value != "" {
		w.stringMember(name, value)
	}
}
