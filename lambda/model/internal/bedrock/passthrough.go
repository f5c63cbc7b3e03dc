package bedrock

import (
	"encoding/json"
	"maps"
	"strconv"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// topKMember is the member of requests whose place and limits differ between families.
const topKMember = "top_k"

// novaConfig is Nova's own member for parameters that Converse has no member for.
const novaConfig = "inferenceConfig"

// maxTopK is Nova's limit of top_k. Source:
// https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html
const maxTopK = 128

// passThrough adapts the members that are passed through. Of these, only top_k is known
// here: what a setting lists is otherwise left to the model.
func (a *adapter) passThrough() {
	value, ok := a.c.PassThrough[topKMember]
	if !ok {
		return
	}
	// Claude rejects it beside reasoning.
	if !a.family.has(topK) || !a.family.nova() && reasons(a.family, a.c) {
		a.drop(topKMember)
		a.setTopK(nil)
		return
	}
	number, err := strconv.Atoi(string(value))
	if a.family.nova() && err == nil && number > maxTopK {
		limit := strconv.Itoa(maxTopK)
		a.clamp(topKMember, limit)
		a.setTopK(json.RawMessage(limit))
	}
}

// setTopK changes top_k, or removes it if the value is nil. The caller's map is kept.
func (a *adapter) setTopK(value json.RawMessage) {
	a.c.PassThrough = maps.Clone(a.c.PassThrough)
	if value != nil {
		a.c.PassThrough[topKMember] = value
		return
	}
	delete(a.c.PassThrough, topKMember)
	if len(a.c.PassThrough) == 0 {
		a.c.PassThrough = nil
	}
}

// passedThrough returns the members that are passed through, as the family names them.
func passedThrough(f *family, c *chat.Conversation) map[string]json.RawMessage {
	value, ok := c.PassThrough[topKMember]
	if !ok || !f.nova() {
		return c.PassThrough
	}
	members := maps.Clone(c.PassThrough)
	delete(members, topKMember)
	members[novaConfig] = withTopK(members[novaConfig], value)
	return members
}

// withTopK adds top_k to Nova's configuration. What the client has in there is as it is.
func withTopK(config, value json.RawMessage) json.RawMessage {
	var members map[string]json.RawMessage
	if config != nil && json.Unmarshal(config, &members) != nil {
		return config
	}
	if members == nil {
		members = map[string]json.RawMessage{}
	}
	if _, ok := members["topK"]; !ok {
		members["topK"] = value
	}
	merged, err := json.Marshal(members)
	if err != nil {
		return config
	}
	return merged
}
