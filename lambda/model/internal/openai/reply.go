package openai

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// readReply passes the reply in a response's body to emit. It decides by the first
// character whether the reply is whole or a stream, because some servers ignore which was
// requested. Its errors quote nothing of the reply.
func readReply(body io.Reader, emit func(chat.Delta) error) (chat.Completion, error) {
	buffered := bufio.NewReader(body)
	r := &reply{emit: emit}
	var err error
	if first, readErr := firstCharacter(buffered); readErr != nil {
		err = readErr
	} else if first == '{' {
		err = r.readWhole(buffered)
	} else {
		err = r.readStream(buffered)
	}
	if err != nil {
		return chat.Completion{Usage: r.usage}, err
	}
	return chat.Completion{Choices: r.assembly.Choices(), Usage: r.usage, Version: r.version}, nil
}

// firstCharacter returns the first character that isn't white space, without reading it.
func firstCharacter(r *bufio.Reader) (byte, error) {
	for {
		first, err := r.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return 0, errors.New("the model's server: the response is empty")
		case err != nil:
			return 0, meaning(err)
		case first != ' ' && first != '\t' && first != '\r' && first != '\n':
			return first, r.UnreadByte()
		}
	}
}

// reply is a reply as far as it was read.
type reply struct {
	emit     func(chat.Delta) error
	assembly chat.Assembly
	choices  []choiceState
	usage    chat.Usage
	version  string
	size     int
}

// choiceState holds of a choice what its deltas don't have.
type choiceState struct {
	calls        calls
	finished     bool
	finishReason string
}

func (r *reply) readWhole(body io.Reader) error {
	text, err := readAll(body, maxResponse)
	if err != nil {
		return err
	}
	var whole response
	if json.Unmarshal(text, &whole) != nil {
		return errors.New("the model's server: the response is not a chat completion")
	}
	if whole.isError() {
		return replyError(complaintOf(text))
	}
	if len(whole.Choices) == 0 {
		return errors.New("the model's server: the response has no choices")
	}
	if err := number(whole.Choices); err != nil {
		return err
	}
	if err := r.add(whole); err != nil {
		return err
	}
	return r.finish()
}

// number numbers the choices of a whole reply, and their calls, of which none continues
// another. Some servers leave the index out, or repeat it.
func number(choices []choice) error {
	slices.SortStableFunc(choices, func(a, b choice) int { return int(a.Index) - int(b.Index) })
	for i := range choices {
		one := &choices[i]
		if one.Message == nil {
			return errors.New("the model's server: the response has a choice without a message")
		}
		one.Index = count(i)
		one.Message.ToolCalls = one.Message.calls()
		for j := range one.Message.ToolCalls {
			position := count(j)
			one.Message.ToolCalls[j].Index = &position
		}
	}
	return nil
}

func (r *reply) readStream(body io.Reader) error {
	for stream := newEvents(body); ; {
		e, err := stream.next()
		switch {
		case errors.Is(err, io.EOF):
			return r.end()
		case err != nil:
			return meaning(err)
		case len(e.data) == 0:
			continue
		case string(e.data) == "[DONE]":
			return r.finishStream()
		}
		var piece response
		if json.Unmarshal(e.data, &piece) != nil {
			return errors.New("the model's server: the stream has an event that is not part of a chat completion")
		}
		if piece.isError() || e.name == "error" {
			return replyError(complaintOf(e.data))
		}
		if err := r.add(piece); err != nil {
			return err
		}
	}
}

var errCut = errors.New("the model's server: the stream ended before the reply did")

// end ends a stream without the event that marks its end. The reply is whole if the server
// said of each choice why it ended; else the connection broke.
func (r *reply) end() error {
	for i := range r.choices {
		if !r.choices[i].finished {
			return errCut
		}
	}
	return r.finishStream()
}

func (r *reply) finishStream() error {
	if len(r.choices) == 0 {
		return errCut
	}
	return r.finish()
}

// maxChoices limits the number of choices, as OpenAI's API does.
const maxChoices = 128

func (r *reply) add(piece response) error {
	if piece.SystemFingerprint != "" {
		r.version = string(piece.SystemFingerprint)
	}
	if piece.Usage != nil {
		r.usage = piece.Usage.chatUsage()
	}
	for i := range piece.Choices {
		if err := r.addChoice(&piece.Choices[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r *reply) addChoice(c *choice) error {
	if c.Index >= maxChoices {
		return fmt.Errorf("the model's server: the reply has more than %d choices", maxChoices)
	}
	for len(r.choices) <= int(c.Index) {
		r.choices = append(r.choices, choiceState{})
	}
	state := &r.choices[c.Index]
	if c.Usage != nil {
		r.usage = c.Usage.chatUsage()
	}
	if c.FinishReason == "error" { // Mistral's and OpenRouter's, for a failure while generating
		return replyError(complaint{})
	}
	if c.FinishReason != "" {
		state.finished, state.finishReason = true, string(c.FinishReason)
	}
	m := c.Delta
	if m == nil {
		m = c.Message
	}
	if m == nil {
		return nil
	}
	return r.addMessage(int(c.Index), m, c.Logprobs)
}

func (r *reply) addMessage(index int, m *message, logprobs json.RawMessage) error {
	d := chat.Delta{Choice: index, Text: m.Content.text, Refusal: string(m.Refusal) + m.Content.refusal}
	if reasoning := m.reasoning(); reasoning != "" {
		d.Reasoning = &chat.Reasoning{Text: reasoning}
	}
	if string(logprobs) != "null" {
		d.Logprobs = logprobs
	}
	if d.Text != "" || d.Refusal != "" || d.Reasoning != nil || d.Logprobs != nil {
		if err := r.pass(d); err != nil {
			return err
		}
	}
	return r.addCalls(index, m.calls())
}

// maxCalls limits the number of calls in a choice. Models make a few.
const maxCalls = 1024

func (r *reply) addCalls(index int, pieces []toolCall) error {
	state := &r.choices[index]
	for _, piece := range pieces {
		delta := state.calls.add(piece)
		if len(state.calls) > maxCalls {
			return fmt.Errorf("the model's server: the reply has more than %d calls of tools", maxCalls)
		}
		if err := r.grow(len(piece.Function.Arguments)); err != nil {
			return err
		}
		if delta == nil {
			continue
		}
		if err := r.pass(chat.Delta{Choice: index, ToolCall: delta}); err != nil {
			return err
		}
	}
	return nil
}

// finish passes why each choice ended, which depends on all its calls. A call without a
// name is malformed, unless the reply was cut off before it came.
func (r *reply) finish() error {
	for i := range r.choices {
		state := &r.choices[i]
		if !state.calls.complete() && stopReason(state.finishReason, false) != chat.MaxTokens {
			return fmt.Errorf("%w: a call of a tool has no name", chat.ErrMalformed)
		}
		if err := r.pass(chat.Delta{Choice: i, StopReason: stopReason(state.finishReason, len(state.calls) > 0)}); err != nil {
			return err
		}
	}
	return nil
}

func (r *reply) pass(d chat.Delta) error {
	size := len(d.Text) + len(d.Refusal) + len(d.Logprobs)
	if d.Reasoning != nil {
		size += len(d.Reasoning.Text)
	}
	if err := r.grow(size); err != nil {
		return err
	}
	d.Version = r.version
	r.assembly.Add(d)
	return r.emit(d)
}

// grow returns an error if a reply that grows by a number of bytes is too large.
func (r *reply) grow(by int) error {
	if r.size += by; r.size > maxResponse {
		return fmt.Errorf("the model's server: the reply has more than %d bytes", maxResponse)
	}
	return nil
}
