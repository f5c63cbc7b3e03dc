package bedrock

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// maxName limits the names of tools and the ids of their calls.
const maxName = 64

// accepted reports whether a text is a name or an id that Converse accepts.
func accepted(text string) bool {
	if text == "" || len(text) > maxName {
		return false
	}
	for i := range len(text) {
		if !acceptedByte(text[i]) {
			return false
		}
	}
	return true
}

func acceptedByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_' || b == '-'
}

// alias returns a name or an id that Converse accepts for one that it doesn't. The same
// text has the same alias in each request.
func alias(text string) string {
	const digits = 16
	sum := sha256.Sum256([]byte(text))
	readable := make([]byte, 0, maxName)
	for i := 0; i < len(text) && len(readable) < maxName-digits-1; i++ {
		if acceptedByte(text[i]) {
			readable = append(readable, text[i])
		} else {
			readable = append(readable, '_')
		}
	}
	readable = append(readable, '_')
	return string(hex.AppendEncode(readable, sum[:digits/2]))
}

// acceptedOr returns a text, or its alias if Converse doesn't accept the text.
func acceptedOr(text string) string {
	if accepted(text) {
		return text
	}
	return alias(text)
}

// callIDs gives each call of a conversation an id of its own, as Converse requires: some
// clients number calls from the start in each turn.
type callIDs struct {
	sent  map[string]sentID // by the client's id
	taken map[string]bool
}

// sentID is the last id that was sent for a client's.
type sentID struct {
	id       string
	repeated int
}

// next returns the id for a call. It is the same in each request of a conversation.
func (ids *callIDs) next(id string) string {
	if ids.sent == nil {
		ids.sent, ids.taken = map[string]sentID{}, map[string]bool{}
	}
	s := ids.sent[id]
	for s.id = acceptedOr(id); ids.taken[s.id]; {
		s.repeated++
		s.id = alias(id + "#" + strconv.Itoa(s.repeated))
	}
	ids.sent[id], ids.taken[s.id] = s, true
	return s.id
}

// last returns the id for a result, that of the last call with the client's id.
func (ids *callIDs) last(id string) string {
	if s, ok := ids.sent[id]; ok {
		return s.id
	}
	return acceptedOr(id)
}

// toolName returns the name by which a tool is sent. Nova's models fail when they call one
// whose name has a hyphen (https://github.com/SEMOSS/Semoss/pull/2892).
func (f *family) toolName(name string) string {
	if accepted(name) && !(f.has(plainNames) && strings.Contains(name, "-")) {
		return name
	}
	return strings.ReplaceAll(alias(name), "-", "_")
}

// toolNames maps the aliases of the tools in a conversation to their names. It is nil if
// there are none.
type toolNames map[string]string

func toolNamesOf(f *family, c *chat.Conversation) toolNames {
	var names toolNames
	add := func(name string) {
		sent := f.toolName(name)
		if sent == name {
			return
		}
		if names == nil {
			names = toolNames{}
		}
		names[sent] = name
	}
	for i := range c.Tools {
		add(c.Tools[i].Name)
	}
	for i := range c.Messages {
		for j := range c.Messages[i].ToolCalls {
			add(c.Messages[i].ToolCalls[j].Name)
		}
	}
	return names
}

// original returns the name of the tool that the model calls by a name or an alias.
func (names toolNames) original(name string) string {
	if original, ok := names[name]; ok {
		return original
	}
	return name
}
