package openai

import (
	"crypto/rand"
	"slices"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// calls are the calls of tools in a choice, in the order in which they began. They
// recognize which call a piece of a stream continues: some servers leave out the index or
// use one for several calls, and leave out the id or repeat it.
type calls []*callState

type callState struct {
	index   int // the server's; -1 if it has none
	id      string
	made    bool // whether the id is ours
	name    string
	pending []byte // arguments that came before the name
	sent    bool   // whether id and name were emitted
}

// add returns the delta for a piece of a call, or nil if there is nothing to emit yet.
func (c *calls) add(piece toolCall) *chat.ToolCallDelta {
	position := c.find(piece)
	if position < 0 {
		position = len(*c)
		*c = append(*c, c.begin(piece))
	}
	call := (*c)[position]
	if call.name == "" {
		call.name = string(piece.Function.Name)
	}
	if call.sent {
		if piece.Function.Arguments == "" {
			return nil
		}
		return &chat.ToolCallDelta{Index: position, Arguments: string(piece.Function.Arguments)}
	}
	call.pending = append(call.pending, piece.Function.Arguments...)
	if call.name == "" {
		return nil
	}
	return call.first(position)
}

// first returns the first delta of a call, with its id and name.
func (c *callState) first(position int) *chat.ToolCallDelta {
	c.sent = true
	return &chat.ToolCallDelta{Index: position, ID: c.id, Name: c.name, Arguments: string(c.pending)}
}

// complete reports whether every call has its name.
func (c *calls) complete() bool {
	return !slices.ContainsFunc(*c, func(call *callState) bool { return !call.sent })
}

// find returns the position of the call that a piece continues, or -1 if it begins one.
func (c *calls) find(piece toolCall) int {
	for position, call := range slices.Backward(*c) {
		if piece.ID != "" && string(piece.ID) == call.id && piece.mayContinue(call) {
			return position
		}
	}
	for position, call := range slices.Backward(*c) {
		switch {
		case !piece.mayContinue(call):
		case piece.begins(call):
			return -1
		case piece.ID == "" || piece.Index != nil || call.made:
			return position
		}
	}
	return -1
}

// mayContinue reports whether a piece has a call's index, as far as both have one.
func (t *toolCall) mayContinue(c *callState) bool {
	return t.Index == nil || c.index < 0 || int(*t.Index) == c.index
}

// begins reports whether a piece that may continue a call by its index begins another: it
// has another name, or a name beside another id or no index.
func (t *toolCall) begins(c *callState) bool {
	if t.ID == "" || c.made {
		return t.Function.Name != "" && c.name != "" && (t.Index == nil || string(t.Function.Name) != c.name)
	}
	return string(t.ID) != c.id && t.Function.Name != "" && (t.Index == nil || c.name != "")
}

// madeID is the length of the ids that are made: Mistral's models take no other.
const madeID = 9

// begin returns the state of a call that a piece begins. A call with the id of an earlier
// one gets another, or the client could not send both back.
func (c *calls) begin(piece toolCall) *callState {
	call := &callState{index: -1, id: string(piece.ID)}
	if piece.Index != nil {
		call.index = int(*piece.Index)
	}
	if call.id == "" || slices.ContainsFunc(*c, func(earlier *callState) bool { return earlier.id == call.id }) {
		call.id, call.made = rand.Text()[:madeID], true
	}
	return call
}
