package api

import (
	"slices"
	"strconv"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// messages returns the conversation's turns, each read by one.
func (r *reader) messages(pointer string, value any, one func(pointer string, value any) chat.Message) []chat.Message {
	elements := r.elements(pointer, value, "message")
	if elements == nil {
		return nil
	}
	messages := make([]chat.Message, len(elements))
	for i, element := range elements {
		messages[i] = one(pointer+"/"+strconv.Itoa(i), element)
	}
	first := slices.IndexFunc(messages, func(m chat.Message) bool { return m.Role != chat.RoleSystem })
	switch {
	case first < 0:
		r.refuse(pointer, "want a user's message, got the system's only")
	case messages[first].Role == chat.RoleAssistant:
		r.refuse(pointer+"/"+strconv.Itoa(first)+"/role", "want user, because it begins the conversation")
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
