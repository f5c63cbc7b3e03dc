package chatstream

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Done is the data of the last event of a stream that is whole.
const Done = "[DONE]"

// Message has the content of an answer, whether it was streamed or not.
type Message struct {
	Content   string
	Reasoning string
	Calls     []Call
	Finish    string
}

// Call is a call of a tool. Its id differs from answer to answer.
type Call struct{ Name, Arguments string }

// Usage has the tokens of an answer.
type Usage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Total      int `json:"total_tokens"`
}

// Failure is the error in a stream whose head was sent already.
type Failure struct {
	Message string `json:"message"`
	Type    string `json:"type"`
	Code    string `json:"code"`
}

// Answer has the events of a stream, put together.
type Answer struct {
	Message Message
	Usage   *Usage // nil if there is none

	Tokens     []Event // those with content, reasoning or a part of a call
	Heartbeats []Event // comments
	Done       bool    // the stream ended with [Done]
	Failure    *Failure

	id    string
	roles int
	calls []call
}

type call struct{ id, name, arguments string }

// chunk is the data of an event.
type chunk struct {
	ID      string
	Object  string
	Model   string
	Choices []struct {
		Index        int
		FinishReason string `json:"finish_reason"`
		Delta        delta
	}
	Usage *Usage
	Error *Failure
}

type delta struct {
	Role             string
	Content          string
	ReasoningContent string `json:"reasoning_content"`
	ToolCalls        []struct {
		Index    *int
		ID       string
		Type     string
		Function struct{ Name, Arguments string }
	} `json:"tool_calls"`
}

// Assemble puts the events of a stream together. It returns an error where they are not as
// OpenAI's API has them.
func Assemble(events []Event) (Answer, error) {
	var a Answer
	for i, e := range events {
		if err := a.add(e); err != nil {
			return a, fmt.Errorf("event %d of %d, %q: %w", i+1, len(events), e.Data, err)
		}
	}
	for _, one := range a.calls {
		a.Message.Calls = append(a.Message.Calls, Call{one.name, one.arguments})
	}
	if a.Done && a.Message.Finish == "" {
		return a, errors.New("the stream is whole, and has no finish_reason")
	}
	return a, nil
}

func (a *Answer) add(e Event) error {
	switch {
	case a.Done || a.Failure != nil:
		return errors.New("an event after the last one")
	case e.Comment:
		a.Heartbeats = append(a.Heartbeats, e)
		return nil
	case e.Data == Done:
		a.Done = true
		return nil
	}
	var c chunk
	if err := json.Unmarshal([]byte(e.Data), &c); err != nil {
		return err
	}
	if c.Error != nil {
		a.Failure = c.Error
		return c.Error.check()
	}
	return a.addChunk(e, c)
}

func (f Failure) check() error {
	if f.Message == "" || f.Type == "" || f.Code == "" {
		return errors.New("an error without message, type or code")
	}
	return nil
}

func (a *Answer) addChunk(e Event, c chunk) error {
	if a.id == "" {
		a.id = c.ID
	}
	if c.Usage != nil {
		a.Usage = c.Usage
	}
	switch {
	case c.Object != "chat.completion.chunk" || c.ID == "" || c.Model == "":
		return errors.New("not a chunk of OpenAI's API")
	case c.ID != a.id:
		return errors.New("another id than the first chunk's")
	case len(c.Choices) == 0 && c.Usage == nil:
		return errors.New("neither choices nor usage")
	case len(c.Choices) > 1:
		return errors.New("more than one choice")
	}
	if len(c.Choices) == 0 {
		return nil
	}
	if a.Message.Finish != "" {
		return errors.New("a choice after its finish_reason")
	}
	a.Message.Finish = c.Choices[0].FinishReason
	return a.addDelta(e, c.Choices[0].Delta)
}

func (a *Answer) addDelta(e Event, d delta) error {
	if d.Role != "" {
		a.roles++
	}
	if d.Role != "" && d.Role != "assistant" || a.roles != 1 {
		return errors.New("the role must be in the first choice, and there only")
	}
	a.Message.Content += d.Content
	a.Message.Reasoning += d.ReasoningContent
	for _, piece := range d.ToolCalls {
		switch {
		case piece.Index == nil || *piece.Index > len(a.calls) || *piece.Index < len(a.calls)-1:
			return errors.New("a piece of a call without the index of the last one, or of the next")
		case *piece.Index == len(a.calls):
			if piece.ID == "" || piece.Type != "function" || piece.Function.Name == "" {
				return errors.New("the first piece of a call has its id, type and name")
			}
			a.calls = append(a.calls, call{id: piece.ID, name: piece.Function.Name})
		}
		a.calls[*piece.Index].arguments += piece.Function.Arguments
	}
	if d.Content != "" || d.ReasoningContent != "" || len(d.ToolCalls) > 0 {
		a.Tokens = append(a.Tokens, e)
	}
	return nil
}

// Whole returns an error unless the stream ended as one that lacks nothing.
func (a Answer) Whole() error {
	switch {
	case a.Failure != nil:
		return fmt.Errorf("%s: %s", a.Failure.Code, a.Failure.Message)
	case !a.Done:
		return errors.New("the stream ended without " + Done)
	case len(a.Tokens) == 0:
		return errors.New("the stream has no tokens")
	}
	return nil
}

// Broken returns an error unless the stream ended with an error of that code.
func (a Answer) Broken(code string) error {
	switch {
	case a.Done:
		return errors.New("the stream ended with " + Done)
	case a.Failure == nil:
		return errors.New("the stream ended without an error")
	case a.Failure.Code != code || a.Failure.Type != "server_error":
		return fmt.Errorf("%s of the type %s: %s", a.Failure.Code, a.Failure.Type, a.Failure.Message)
	}
	return nil
}

// First returns when the first token arrived, and Last when the last one did.
func (a Answer) First() time.Duration { return a.Tokens[0].At }

// Last returns when the last token arrived.
func (a Answer) Last() time.Duration { return a.Tokens[len(a.Tokens)-1].At }

// Gaps returns the times between two tokens.
func (a Answer) Gaps() []time.Duration {
	var gaps []time.Duration
	for i := 1; i < len(a.Tokens); i++ {
		gaps = append(gaps, a.Tokens[i].At-a.Tokens[i-1].At)
	}
	return gaps
}

// Joined counts the tokens that arrived together with the one before.
func (a Answer) Joined() int {
	joined := 0
	for i := 1; i < len(a.Tokens); i++ {
		if a.Tokens[i].Read == a.Tokens[i-1].Read {
			joined++
		}
	}
	return joined
}

// Percentile returns the smallest of the times that at least p percent of them do not
// exceed; zero without times.
func Percentile(times []time.Duration, p int) time.Duration {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}

// Completion parses an answer that was not streamed.
func Completion(body []byte) (Message, *Usage, error) {
	var done struct {
		Object  string
		Choices []struct {
			FinishReason string `json:"finish_reason"`
			Message      struct {
				Content          string
				ReasoningContent string `json:"reasoning_content"`
				ToolCalls        []struct {
					Function Call
				} `json:"tool_calls"`
			}
		}
		Usage *Usage
	}
	if err := json.Unmarshal(body, &done); err != nil {
		return Message{}, nil, fmt.Errorf("%.200q: %w", body, err)
	}
	if done.Object != "chat.completion" || len(done.Choices) != 1 {
		return Message{}, nil, fmt.Errorf("not a completion with one choice: %.200q", body)
	}
	one := done.Choices[0]
	m := Message{Content: one.Message.Content, Reasoning: one.Message.ReasoningContent, Finish: one.FinishReason}
	for _, c := range one.Message.ToolCalls {
		m.Calls = append(m.Calls, c.Function)
	}
	return m, done.Usage, nil
}
