package chat

// EmbeddingRequest is a request for the vectors of one or more texts. The inputs are
// texts, or lists of tokens.
type EmbeddingRequest struct {
	Model      string
	Texts      []string
	Tokens     [][]int // nil if there are texts
	Dimensions int     // of a vector; the model's default if 0
}

// Embeddings are the vectors of a request's inputs, in their order.
type Embeddings struct {
	Vectors     [][]float32
	InputTokens int // that are billed
}
