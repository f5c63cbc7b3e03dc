package chat

import "encoding/json"

// Assembly puts the deltas of a stream together. Its zero value is empty.
type Assembly struct{ choices []assembledChoice }

type assembledChoice struct {
	text, refusal []byte
	reasoning     []assembledReasoning
	calls         []assembledCall
	stopReason    string
	logprobs      []json.RawMessage
}

type assembledReasoning struct {
	text, signature []byte
	redacted        []byte
}

type assembledCall struct {
	id, name  string
	arguments []byte
}

// Add adds a delta.
func (a *Assembly) Add(d Delta) {
	for len(a.choices) <= d.Choice {
		a.choices = append(a.choices, assembledChoice{})
	}
	a.choices[d.Choice].add(d)
}

func (c *assembledChoice) add(d Delta) {
	c.text = append(c.text, d.Text...)
	c.refusal = append(c.refusal, d.Refusal...)
	c.addReasoning(d.Reasoning)
	c.addCall(d.ToolCall)
	if d.Logprobs != nil {
		c.logprobs = append(c.logprobs, d.Logprobs)
	}
	if d.StopReason != "" {
		c.stopReason = d.StopReason
	}
}

// addReasoning continues the last block. A signature, or encrypted reasoning, ends a
// block.
func (c *assembledChoice) addReasoning(r *Reasoning) {
	if r == nil {
		return
	}
	last := len(c.reasoning) - 1
	if last < 0 || len(c.reasoning[last].signature) > 0 || c.reasoning[last].redacted != nil || r.Redacted != nil {
		c.reasoning = append(c.reasoning, assembledReasoning{redacted: r.Redacted})
		last++
	}
	c.reasoning[last].text = append(c.reasoning[last].text, r.Text...)
	c.reasoning[last].signature = append(c.reasoning[last].signature, r.Signature...)
}

func (c *assembledChoice) addCall(d *ToolCallDelta) {
	if d == nil {
		return
	}
	for len(c.calls) <= d.Index {
		c.calls = append(c.calls, assembledCall{})
	}
	call := &c.calls[d.Index]
	if d.ID != "" {
		call.id = d.ID
	}
	if d.Name != "" {
		call.name = d.Name
	}
	call.arguments = append(call.arguments, d.Arguments...)
}

// Choices returns the choices of the deltas so far.
func (a *Assembly) Choices() []Choice {
	choices := make([]Choice, len(a.choices))
	for i := range a.choices {
		choices[i] = a.choices[i].choice()
	}
	return choices
}

func (c *assembledChoice) choice() Choice {
	choice := Choice{
		Text:       string(c.text),
		Refusal:    string(c.refusal),
		StopReason: c.stopReason,
		Logprobs:   joinLogprobs(c.logprobs),
	}
	for _, block := range c.reasoning {
		choice.Reasoning = append(choice.Reasoning, Reasoning{Text: string(block.text), Signature: string(block.signature), Redacted: block.redacted})
	}
	for _, call := range c.calls {
		choice.ToolCalls = append(choice.ToolCalls, ToolCall{ID: call.id, Name: call.name, Arguments: string(call.arguments)})
	}
	return choice
}

// joinLogprobs joins the tokens of several deltas, in OpenAI's form: an object with the
// lists content and refusal. Those of a single delta stay as they are.
func joinLogprobs(pieces []json.RawMessage) json.RawMessage {
	switch len(pieces) {
	case 0:
		return nil
	case 1:
		return pieces[0]
	}
	type lists struct {
		Content []json.RawMessage `json:"content"`
		Refusal []json.RawMessage `json:"refusal"`
	}
	var all lists
	for _, piece := range pieces {
		var one lists
		if json.Unmarshal(piece, &one) != nil {
			continue
		}
		all.Content = append(all.Content, one.Content...)
		all.Refusal = append(all.Refusal, one.Refusal...)
	}
	joined, err := json.Marshal(all)
	if err != nil {
		return nil
	}
	return joined
}
