package chat

// Adaptation is a conversation as its model accepts it, and what was changed for that.
type Adaptation struct {
	Conversation Conversation

	// Added is the number of bytes by which the backend's form of the conversation may be
	// longer than its texts, if that is more than a few.
	Added int

	// Dropped are members that were left out because the model has nothing like them, by
	// the names that OpenAI's API has. Each changes the answer; what doesn't is left out
	// without being listed.
	Dropped []string

	// Clamped are members whose value was moved to the nearest that the model accepts.
	Clamped []Clamp

	// Refused are parts of the request that the model can't process and that can't be
	// left out without changing the question, such as an image.
	Refused []Fault
}

// Clamp is a value that was moved to the nearest that is accepted: a number, or an effort.
type Clamp struct {
	Member string // as OpenAI's API names it
	Limit  string // the value used, in JSON
}

// Fault is an error in a request. Pointer is a JSON pointer (RFC 6901).
type Fault struct{ Pointer, Detail string }
