package chat

import "encoding/json"

// EmbeddingRequest is a request for the vectors of one or more texts. The inputs are
// texts, or lists of tokens.
type EmbeddingRequest struct {
	Model      string
	Texts      []string
	Tokens     [][]int // nil if there are texts
	Dimensions int     // of a vector; the model's default if 0
	User       string  // label of the client's user; may be empty

	// PassThrough are members that OpenAI's API doesn't have, by name, as JSON texts. The
	// settings list their names.
	PassThrough map[string]json.RawMessage
}

// Embeddings are the vectors of a request's inputs, in their order.
type Embeddings struct {
	Vectors     [][]float32
	InputTokens int // that are billed
}
