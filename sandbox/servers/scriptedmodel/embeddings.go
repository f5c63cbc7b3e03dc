package scriptedmodel

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// defaultDimensions is the number of a vector's dimensions unless the request has another.
const defaultDimensions = 1024

// embeddingRequest is a request for embeddings.
type embeddingRequest struct {
	Model          string
	Input          json.RawMessage
	Dimensions     *int
	EncodingFormat string `json:"encoding_format"`
}

func (s *server) embed(w http.ResponseWriter, r *http.Request) {
	var q embeddingRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&q); err != nil {
		writeError(w, err)
		return
	}
	inputs, err := q.inputs()
	if err != nil {
		writeError(w, err)
		return
	}
	dimensions := defaultDimensions
	if q.Dimensions != nil {
		dimensions = *q.Dimensions
	}
	data, used := make([]any, len(inputs)), 0
	for i, words := range inputs {
		used += len(words)
		computed := embed(words, dimensions)
		var vector any = computed
		if q.EncodingFormat == "base64" {
			vector = encode(computed)
		}
		data[i] = map[string]any{"object": "embedding", "index": i, "embedding": vector}
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"object": "list", "model": q.Model, "data": data, "usage": map[string]any{"prompt_tokens": used, "total_tokens": used},
	})
}

// inputs returns the tokens of each input.
func (q embeddingRequest) inputs() ([][]string, error) {
	switch {
	case !slices.Contains(Models, q.Model):
		return nil, noModel(q.Model)
	case q.Dimensions != nil && (*q.Dimensions < 1 || *q.Dimensions > 4096):
		return nil, refuse("dimensions", "invalid_value", "Invalid 'dimensions': expected a value from 1 to 4096.")
	case q.EncodingFormat != "" && q.EncodingFormat != "float" && q.EncodingFormat != "base64":
		return nil, refuse("encoding_format", "invalid_value", "Invalid 'encoding_format': expected 'float' or 'base64'.")
	}
	var all [][]string
	var text string
	var texts []string
	var ids []int
	var lists [][]int
	switch {
	case json.Unmarshal(q.Input, &text) == nil:
		all = [][]string{tokens(text)}
	case json.Unmarshal(q.Input, &texts) == nil:
		for _, text := range texts {
			all = append(all, tokens(text))
		}
	case json.Unmarshal(q.Input, &ids) == nil:
		all = [][]string{names(ids)}
	case json.Unmarshal(q.Input, &lists) == nil:
		for _, ids := range lists {
			all = append(all, names(ids))
		}
	}
	if len(all) == 0 || slices.ContainsFunc(all, func(words []string) bool { return len(words) == 0 }) {
		return nil, refuse("input", "invalid_value", "Invalid 'input': expected a text, texts, tokens or lists of tokens, none of them empty.")
	}
	return all, nil
}

func names(ids []int) []string {
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = strconv.Itoa(id)
	}
	return all
}

// embed returns a vector of length 1: the sum of a direction for each word, so that texts
// with words in common are near each other.
func embed(words []string, dimensions int) []float32 {
	sum := make([]float64, dimensions)
	for _, w := range words {
		state := hash(stemOf(strings.TrimSpace(w)))
		for i := range sum {
			state = state*6364136223846793005 + 1442695040888963407
			sum[i] += float64(int64(state)>>32) / (1 << 31)
		}
	}
	length := 0.0
	for _, x := range sum {
		length += x * x
	}
	vector := make([]float32, dimensions)
	for i, x := range sum {
		vector[i] = float32(x / math.Sqrt(length))
	}
	return vector
}

// encode returns a vector as OpenAI's API encodes it: floats, the lowest byte first.
func encode(vector []float32) string {
	data := make([]byte, 0, 4*len(vector))
	for _, x := range vector {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
	}
	return base64.StdEncoding.EncodeToString(data)
}
