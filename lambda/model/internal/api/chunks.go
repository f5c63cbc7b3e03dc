package api

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// chunks writes a completion as server-sent events in OpenAI's format: one chunk or more
// for each piece, those that end the choices, and the mark of the end. It has a buffer, and
// encodes what is the same in all chunks once, so that a token costs no allocation.
type chunks struct {
	id, model string
	created   int64
	version   string
	usage     bool // whether the client requested it

	begin   []byte // of each chunk, to the index of its choice; empty if it has changed
	buffer  []byte
	compact bytes.Buffer
	choices []chunkedChoice
	count   int // of the chunks so far
}

// chunkedChoice holds of a choice what decides about its next chunk.
type chunkedChoice struct {
	begun     bool // whether the client has its role
	answered  bool // whether it has a text, a refusal or a call
	reasoning []byte
	blocks    int // of reasoning, so far
}

const (
	eventBegin = "data: "
	eventEnd   = "\n\n"

	// keepAlive is a comment, which clients ignore.
	keepAlive = ": keep-alive" + eventEnd

	// streamEnd marks the end of a stream that is whole.
	streamEnd = eventBegin + "[DONE]" + eventEnd
)

// piece returns the chunks for a piece of a completion, or nothing if it has no content.
// They are valid until the next call.
func (w *chunks) piece(d chat.Delta) []byte {
	w.buffer = w.buffer[:0]
	choice := w.choice(d.Choice)
	w.setVersion(d.Version)
	if d.Text == "" && d.Refusal == "" && d.ToolCall == nil && d.Logprobs == nil && !hasReasoning(d.Reasoning) {
		return nil
	}
	if !choice.begun {
		w.role(d.Choice, d.Text != "")
	}
	w.beginChunk(d.Choice)
	w.reasoning(choice, d.Reasoning)
	if d.Text != "" {
		w.member("content", d.Text)
	}
	if d.Refusal != "" {
		w.member("refusal", d.Refusal)
	}
	if d.ToolCall != nil {
		w.toolCall(d.ToolCall)
	}
	choice.answered = choice.answered || d.Text != "" || d.Refusal != "" || d.ToolCall != nil
	w.endChunk(d.Logprobs, "")
	return w.buffer
}

func hasReasoning(r *chat.Reasoning) bool {
	return r != nil && (r.Text != "" || r.Signature != "" || r.Redacted != nil)
}

// end returns the chunks that end each choice, the usage if the client requested it, and
// the mark of the end.
func (w *chunks) end(done chat.Completion) []byte {
	w.buffer = w.buffer[:0]
	w.setVersion(done.Version)
	for i := range done.Choices {
		choice := w.choice(i)
		empty := choice.begun && !choice.answered
		if !choice.begun {
			w.role(i, true)
		}
		w.beginChunk(i)
		if empty {
			w.member("content", "") // else it would be null, which is a call's
		}
		w.endChunk(nil, finishReason(done.Choices[i]))
	}
	if w.usage {
		w.usageChunk(done.Usage)
	}
	w.buffer = append(w.buffer, streamEnd...)
	return w.buffer
}

func (w *chunks) choice(index int) *chunkedChoice {
	for len(w.choices) <= index {
		w.choices = append(w.choices, chunkedChoice{})
	}
	return &w.choices[index]
}

func (w *chunks) setVersion(version string) {
	if version != "" && version != w.version {
		w.version, w.begin = version, w.begin[:0]
	}
}

// role begins a choice. Its content is null until there is a text: it stays null if the
// model only calls tools.
func (w *chunks) role(index int, text bool) {
	w.choices[index].begun = true
	w.beginChunk(index)
	w.buffer = append(w.buffer, `"role":"assistant","content":`...)
	if text {
		w.buffer = append(w.buffer, `""`...)
	} else {
		w.buffer = append(w.buffer, `null`...)
	}
	w.endChunk(nil, "")
}

// reasoning writes a piece of the model's reasoning as text, and each block that the model
// demands back as a whole, once it has its signature.
func (w *chunks) reasoning(choice *chunkedChoice, r *chat.Reasoning) {
	if r == nil {
		return
	}
	if r.Text != "" {
		w.member("reasoning_content", r.Text)
		choice.reasoning = append(choice.reasoning, r.Text...)
	}
	if r.Signature == "" && r.Redacted == nil {
		return
	}
	block := chat.Reasoning{Text: string(choice.reasoning), Signature: r.Signature, Redacted: r.Redacted}
	encoded, err := marshal([]indexedBlock{{choice.blocks, blockOf(block)}})
	if err != nil {
		return // it has strings only
	}
	choice.blocks++
	choice.reasoning = choice.reasoning[:0]
	w.name("thinking_blocks")
	w.buffer = append(w.buffer, encoded...)
}

// indexedBlock is a block of reasoning in a stream. Clients put lists together by index.
type indexedBlock struct {
	Index int `json:"index"`
	thinkingBlock
}

func (w *chunks) toolCall(d *chat.ToolCallDelta) {
	w.name("tool_calls")
	w.buffer = append(w.buffer, `[{"index":`...)
	w.buffer = strconv.AppendInt(w.buffer, int64(d.Index), 10)
	if d.ID != "" || d.Name != "" {
		w.member("id", d.ID)
		w.buffer = append(w.buffer, `,"type":"function","function":{`...)
		w.member("name", d.Name)
	} else {
		w.buffer = append(w.buffer, `,"function":{`...)
	}
	w.member("arguments", d.Arguments)
	w.buffer = append(w.buffer, `}}]`...)
}

func (w *chunks) member(name, value string) {
	w.name(name)
	w.buffer = appendString(w.buffer, value)
}

// name writes the name of a member, after a comma unless it is the first.
func (w *chunks) name(name string) {
	if w.buffer[len(w.buffer)-1] != '{' {
		w.buffer = append(w.buffer, ',')
	}
	w.buffer = append(append(append(w.buffer, '"'), name...), `":`...)
}

// beginChunk begins a chunk of a choice.
func (w *chunks) beginChunk(index int) {
	w.beginEvent()
	w.buffer = append(w.buffer, `{"index":`...)
	w.buffer = strconv.AppendInt(w.buffer, int64(index), 10)
	w.buffer = append(w.buffer, `,"delta":{`...)
}

func (w *chunks) endChunk(logprobs json.RawMessage, reason string) {
	w.buffer = append(w.buffer, `},"logprobs":`...)
	w.json(logprobs)
	w.buffer = append(w.buffer, `,"finish_reason":`...)
	if reason == "" {
		w.buffer = append(w.buffer, `null`...)
	} else {
		w.buffer = appendString(w.buffer, reason)
	}
	w.buffer = append(w.buffer, `}]`...)
	if w.usage {
		w.buffer = append(w.buffer, `,"usage":null`...)
	}
	w.buffer = append(append(w.buffer, '}'), eventEnd...)
	w.count++
}

// usageChunk writes the chunk with the usage, which has no choices.
func (w *chunks) usageChunk(u chat.Usage) {
	usage, err := marshal(usageOf(u))
	if err != nil {
		return // it has numbers only
	}
	w.beginEvent()
	w.buffer = append(append(w.buffer, `],"usage":`...), usage...)
	w.buffer = append(append(w.buffer, '}'), eventEnd...)
}

// beginEvent begins the event of a chunk, up to its first choice.
func (w *chunks) beginEvent() {
	if len(w.begin) == 0 {
		w.begin = w.header(w.begin)
	}
	w.buffer = append(w.buffer, w.begin...)
}

func (w *chunks) header(to []byte) []byte {
	to = appendString(append(to, eventBegin+`{"id":`...), w.id)
	to = strconv.AppendInt(append(to, `,"object":"chat.completion.chunk","created":`...), w.created, 10)
	to = appendString(append(to, `,"model":`...), w.model)
	to = append(to, `,"system_fingerprint":`...)
	if w.version == "" {
		to = append(to, `null`...)
	} else {
		to = appendString(to, w.version)
	}
	return append(to, `,"choices":[`...)
}

// json writes a JSON text on one line, or null if there is none.
func (w *chunks) json(text json.RawMessage) {
	w.compact.Reset()
	if len(text) == 0 || json.Compact(&w.compact, text) != nil {
		w.buffer = append(w.buffer, `null`...)
		return
	}
	w.buffer = append(w.buffer, w.compact.Bytes()...)
}

// errorEvent returns the event for an error after the first chunk, as OpenAI's API has it.
// Its clients raise an error by it.
func errorEvent(p *problem) []byte {
	text, err := marshal(struct {
		Error openAIError `json:"error"`
	}{openAIError{Message: p.Error.Message, Type: streamErrorType, Code: p.Code}})
	if err != nil {
		return nil // it has strings only
	}
	return append(append([]byte(eventBegin), text...), eventEnd...)
}

// streamErrorType is the type of every error in a stream: the request was accepted.
const streamErrorType = "server_error"
