package api

import (
	"slices"
	"strconv"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// messages returns the conversation's turns, each read by one. In which order they
// come is for the model to judge, as long as there is something to answer.
func (r *reader) messages(pointer string, value any, one func(pointer string, value any) chat.Message) []chat.Message {
	elements := r.elements(pointer, value, "message")
	if elements == nil {
		return nil
	}
	before := len(r.faults)
	messages := make([]chat.Message, len(elements))
	for i, element := range elements {
		messages[i] = one(pointer+"/"+strconv.Itoa(i), element)
	}
	if len(r.faults) == before && !slices.ContainsFunc(messages, func(m chat.Message) bool { return m.Role == chat.RoleUser }) {
		r.refuse(pointer, "want a user's message among them")
	}
	return messages
}

// role returns a message's role, by the names that a shape has for them.
func (r *reader) role(pointer string, value any, roles map[string]string, want string) string {
	name, _ := value.(string)
	role, known := roles[name]
	if !known {
		r.refuse(pointer, "want %s, got %s", want, kindOf(value))
	}
	return role
}
