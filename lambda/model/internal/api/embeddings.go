package api

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"math"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/admission"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/strictjson"
)

const embeddingMembers = "model, input, dimensions, encoding_format, user"

var isEmbeddingMember = among("model", "input", "dimensions", "encoding_format", "user")

const (
	// maxInputs is the maximum number of inputs of a request, as for OpenAI.
	maxInputs = 2048

	// maxDimensions limits the length of a vector; no model has more.
	maxDimensions = 10_000
)

// The formats of vectors.
const (
	floatFormat  = "float"
	base64Format = "base64" // of little-endian 32-bit floats
)

// embeddingBody is a request to POST /embeddings.
type embeddingBody struct {
	chat.EmbeddingRequest

	format string
}

type embeddingList struct {
	Object    string          `json:"object"`
	Data      []embeddingItem `json:"data"`
	Model     string          `json:"model"`
	Usage     embeddingUsage  `json:"usage"`
	RequestID string          `json:"request_id"`
}

type embeddingItem struct {
	Object    string `json:"object"`
	Index     int    `json:"index"`
	Embedding any    `json:"embedding"` // numbers, or a string in base64
}

type embeddingUsage struct {
	PromptTokens int `json:"prompt_tokens"`
	TotalTokens  int `json:"total_tokens"`
}

// embed handles a request for embeddings.
func (h *Handler) embed(ctx context.Context, e *exchange) (*result, *problem) {
	body, problem := readBody(e.event, h.Limits.MaxBody)
	if problem != nil {
		return nil, problem
	}
	r := &reader{limits: h.limits(e)}
	request := r.embeddingBody(body)
	if len(r.faults) > 0 {
		return nil, invalidBody(r.faults)
	}
	if problem := h.checkModel(ctx, e, request.Model); problem != nil {
		return nil, problem
	}
	if h.provider.Describe(request.Model).Kind == chat.KindChat {
		return nil, unsupported([]strictjson.Fault{{Pointer: "/model", Detail: "want a model of embeddings: this one completes conversations"}})
	}
	e.changes = changesOf(r, chat.Adaptation{})
	if problem := h.reserve(ctx, e, r, admission.ForEmbeddings(request.EmbeddingRequest)); problem != nil {
		return nil, problem
	}
	var made chat.Embeddings
	h.call(ctx, e, request.Model, func(ctx context.Context) {
		made, e.cause = h.provider.Embed(ctx, request.EmbeddingRequest)
		e.call.completion.Usage = chat.Usage{InputTokens: made.InputTokens, TotalTokens: made.InputTokens}
	})
	if e.cause != nil {
		return nil, problemOf(r, e.cause)
	}
	return asJSON(listOf(e.id, request, made)), nil
}

func (r *reader) embeddingBody(body strictjson.Value) embeddingBody {
	var top pointer
	if !r.isObject(top, body, embeddingMembers) {
		return embeddingBody{}
	}
	r.unknown(top, body, "", r.orPassedThrough(isEmbeddingMember), embeddingMembers)
	read := embeddingBody{format: r.choice(top.member("encoding_format"), body.Get("encoding_format"), floatFormat, base64Format)}
	read.User = r.optionalText(top.member("user"), body.Get("user"))
	read.PassThrough = r.passThrough(body)
	read.Model = r.text(top.member("model"), body.Get("model"))
	read.Dimensions = r.integer(top.member("dimensions"), body.Get("dimensions"), 1, maxDimensions, 0)
	read.Texts, read.Tokens = r.input(top.member("input"), body.Get("input"))
	return read
}

// input reads a text, a list of tokens, or an array of either.
func (r *reader) input(at pointer, value strictjson.Value) (texts []string, tokens [][]int) {
	if value.Kind == strictjson.String {
		return []string{r.text(at, value)}, nil
	}
	elements := r.elements(at, value, "text")
	if len(elements) > 0 && elements[0].Kind == strictjson.Number {
		return nil, [][]int{r.tokens(at, value)}
	}
	if len(elements) > maxInputs {
		r.refuse(at, "want at most %d texts, got %s", maxInputs, kindOf(value))
		return nil, nil
	}
	for i, element := range elements {
		if elements[0].Kind == strictjson.Array {
			tokens = append(tokens, r.tokens(at.element(i), element))
		} else {
			texts = append(texts, r.text(at.element(i), element))
		}
	}
	return texts, tokens
}

func (r *reader) tokens(at pointer, value strictjson.Value) []int {
	elements := r.elements(at, value, "token")
	tokens := make([]int, len(elements))
	for i, element := range elements {
		tokens[i] = r.integer(at.element(i), element, 0, math.MaxInt32, 0)
		if element.Kind == strictjson.Null {
			r.refuse(at.element(i), "want a token, got nothing")
		}
	}
	return tokens
}

func listOf(id string, request embeddingBody, made chat.Embeddings) embeddingList {
	list := embeddingList{
		Object:    "list",
		Data:      make([]embeddingItem, len(made.Vectors)),
		Model:     request.Model,
		Usage:     embeddingUsage{made.InputTokens, made.InputTokens},
		RequestID: id,
	}
	for i, vector := range made.Vectors {
		list.Data[i] = embeddingItem{Object: "embedding", Index: i, Embedding: vector}
		if request.format == base64Format {
			list.Data[i].Embedding = base64Of(vector)
		}
	}
	return list
}

func base64Of(vector []float32) string {
	bytes := make([]byte, 0, 4*len(vector))
	for _, number := range vector {
		bytes = binary.LittleEndian.AppendUint32(bytes, math.Float32bits(number))
	}
	return base64.StdEncoding.EncodeToString(bytes)
}
