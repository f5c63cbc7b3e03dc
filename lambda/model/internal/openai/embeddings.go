package openai

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// maxVectors limits the size of a response with vectors, in bytes. As decimal numbers they
// take about twice the space that they take in the response to the client.
const maxVectors = 2 * maxResponse

// Embed implements [chat.Provider].
func (p *Provider) Embed(ctx context.Context, r chat.EmbeddingRequest) (chat.Embeddings, error) {
	got, err := p.do(ctx, http.MethodPost, "/embeddings", embeddingBody(r))
	if err != nil {
		return chat.Embeddings{}, err
	}
	defer func() { _ = got.Body.Close() }()
	text, err := readAll(got.Body, maxVectors)
	if err != nil {
		return chat.Embeddings{}, err
	}
	return embeddingsOf(text, r)
}

func embeddingBody(r chat.EmbeddingRequest) []byte {
	w := newWriter()
	w.begin('{')
	w.stringMember("model", r.Model)
	if r.Tokens != nil {
		w.member("input", r.Tokens)
	} else {
		w.member("input", r.Texts)
	}
	if r.Dimensions > 0 {
		w.member("dimensions", r.Dimensions)
	}
	w.member("encoding_format", "float")
	w.optional("user", r.User)
	w.others(r.PassThrough)
	w.end('}')
	return w.buffer.Bytes()
}

type embeddingResponse struct {
	Object text            `json:"object"`
	Error  json.RawMessage `json:"error"`
	Data   []struct {
		Index     *count `json:"index"`
		Embedding vector `json:"embedding"`
	} `json:"data"`
	Usage *usage `json:"usage"`
}

// embeddingsOf decodes a response. Its errors quote nothing of it.
func embeddingsOf(body []byte, request chat.EmbeddingRequest) (chat.Embeddings, error) {
	var r embeddingResponse
	if json.Unmarshal(body, &r) != nil {
		return chat.Embeddings{}, errors.New("the model's server: the response is not a list of embeddings")
	}
	if (&response{Object: r.Object, Error: r.Error}).isError() {
		return chat.Embeddings{}, replyError(complaintOf(body))
	}
	wanted := max(len(request.Texts), len(request.Tokens))
	if len(r.Data) != wanted {
		return chat.Embeddings{}, fmt.Errorf("the model's server: the response has %d embeddings, want %d", len(r.Data), wanted)
	}
	vectors := make([][]float32, wanted)
	for i, one := range r.Data {
		if one.Index != nil { // else they are in order
			i = int(*one.Index)
		}
		if i >= wanted || vectors[i] != nil || len(one.Embedding) == 0 {
			return chat.Embeddings{}, errors.New("the model's server: the response lacks an embedding, or has two for one input")
		}
		vectors[i] = one.Embedding
	}
	if err := checkDimensions(vectors, request.Dimensions); err != nil {
		return chat.Embeddings{}, err
	}
	return chat.Embeddings{Vectors: vectors, InputTokens: r.Usage.chatUsage().TotalTokens}, nil
}

// checkDimensions returns an error if vectors don't have the dimensions of the request:
// servers ignore the member if a model's vectors can't be shortened, and a client would
// store vectors that it can't compare.
func checkDimensions(vectors [][]float32, want int) error {
	for _, v := range vectors {
		switch {
		case want > 0 && len(v) != want:
			return &chat.Rejection{Members: []string{"dimensions"}, Reason: fmt.Sprintf("the model's vectors have %d dimensions", len(v))}
		case len(v) != len(vectors[0]):
			return errors.New("the model's server: the embeddings differ in their dimensions")
		}
	}
	return nil
}

// vector is a list of numbers, or of little-endian numbers of 32 bits in base64, which
// some servers return regardless of the format requested.
type vector []float32

// UnmarshalJSON implements [json.Unmarshaler].
func (v *vector) UnmarshalJSON(raw []byte) error {
	if raw[0] != '"' {
		return json.Unmarshal(raw, (*[]float32)(v))
	}
	var encoded string
	if err := json.Unmarshal(raw, &encoded); err != nil {
		return err
	}
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(data)%4 != 0 {
		return errors.New("not a list of numbers in base64")
	}
	*v = make(vector, len(data)/4)
	for i := range *v {
		number := math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		if math.IsNaN(float64(number)) || math.IsInf(float64(number), 0) {
			return errors.New("not a finite number")
		}
		(*v)[i] = number
	}
	return nil
}
