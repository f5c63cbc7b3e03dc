package bedrock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"golang.org/x/sync/errgroup"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// embedding describes the models of a family that return embeddings.
type embedding struct {
	body       func(texts []string, dimensions int) any // the request
	dimensions []int                                    // that a vector may have
	fixed      bool                                     // whether the request has no dimensions
	texts      int                                      // that a request may have
}

// Limits of the calls for one request. A call takes a fraction of a second: the maximum
// of them ends well before the timeout of a request, and none is paid in vain.
const (
	maxCalls      = 512
	parallelCalls = 32 // at the same time
)

// Embed implements [chat.Provider]. Beside an error, it returns the tokens of the calls that
// succeeded: they are billed.
func (p *Provider) Embed(ctx context.Context, r chat.EmbeddingRequest) (chat.Embeddings, error) {
	e := p.familyOf(r.Model).embedding
	if err := embeddable(e, &r); err != nil {
		return chat.Embeddings{}, chat.NotComputed(err)
	}
	dimensions := r.Dimensions
	if e.fixed {
		dimensions = 0
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelCalls)
	batches := slices.Collect(slices.Chunk(r.Texts, e.texts))
	answers := make([]chat.Embeddings, len(batches))
	for i, texts := range batches {
		group.Go(func() error {
			answer, err := p.invoke(ctx, &r, e.body(texts, dimensions), len(texts))
			answers[i] = answer
			return err
		})
	}
	err := group.Wait()
	all := joined(answers, len(r.Texts))
	switch {
	case err != nil && len(batches) == 1:
		return chat.Embeddings{InputTokens: all.InputTokens}, callMeaning(err)
	case err != nil: // the other calls may have been computed
		return chat.Embeddings{InputTokens: all.InputTokens}, meaning(err)
	}
	return all, nil
}

func joined(answers []chat.Embeddings, texts int) chat.Embeddings {
	all := chat.Embeddings{Vectors: make([][]float32, 0, texts)}
	for i := range answers {
		all.Vectors = append(all.Vectors, answers[i].Vectors...)
		all.InputTokens += answers[i].InputTokens
	}
	return all
}

// embeddable returns an error if the model doesn't accept the request.
func embeddable(e *embedding, r *chat.EmbeddingRequest) error {
	switch {
	case e == nil:
		return &chat.Rejection{Members: []string{"model"}, Reason: "the model doesn't return embeddings; choose one that does"}
	case r.Tokens != nil:
		return &chat.Rejection{
			Members: []string{"input"},
			Reason:  "models of Bedrock embed texts, not tokens; send texts (LangChain: check_embedding_ctx_length=False)",
		}
	case len(r.Texts) > maxCalls*e.texts:
		return &chat.Rejection{
			Members: []string{"input"},
			Reason:  fmt.Sprintf("the model embeds at most %d texts of a request, this one has %d; send several requests", maxCalls*e.texts, len(r.Texts)),
		}
	case r.Dimensions != 0 && !slices.Contains(e.dimensions, r.Dimensions):
		return &chat.Rejection{Members: []string{"dimensions"}, Reason: fmt.Sprintf("the model's vectors have one of %d dimensions", e.dimensions)}
	}
	return nil
}

// withPassThrough encodes a request with the members that the client passes through, which
// replace the request's own.
func withPassThrough(body any, members map[string]json.RawMessage) ([]byte, error) {
	encoded, err := json.Marshal(body)
	if err != nil || len(members) == 0 {
		return encoded, err
	}
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(encoded, &all); err != nil {
		return nil, err
	}
	maps.Copy(all, members)
	return json.Marshal(all)
}

// invoke embeds the texts of one call.
func (p *Provider) invoke(ctx context.Context, r *chat.EmbeddingRequest, body any, texts int) (chat.Embeddings, error) {
	encoded, err := withPassThrough(body, r.PassThrough)
	if err != nil {
		return chat.Embeddings{}, err
	}
	out, err := p.API.InvokeModel(ctx, &bedrockruntime.InvokeModelInput{
		ModelId:     aws.String(r.Model),
		Body:        encoded,
		ContentType: aws.String("application/json"),
		Accept:      aws.String("application/json"),
	})
	if err != nil {
		return chat.Embeddings{}, err
	}
	answer, err := embeddingsOf(out.Body)
	if err == nil && len(answer.Vectors) != texts {
		err = errors.New("bedrock: the response has another number of embeddings than the request has texts")
	}
	if counted := countedTokens(out.ResultMetadata); counted > 0 {
		answer.InputTokens = counted
	}
	return answer, err
}

// countedTokens returns the number of tokens in the header of a response, or 0.
func countedTokens(metadata middleware.Metadata) int {
	response, ok := awsmiddleware.GetRawResponse(metadata).(*smithyhttp.Response)
	if !ok || response == nil {
		return 0
	}
	counted, err := strconv.Atoi(response.Header.Get("X-Amzn-Bedrock-Input-Token-Count"))
	if err != nil {
		return 0
	}
	return counted
}

// embeddingsOf decodes a response of any family. Titan returns one vector, Cohere a list
// of them or one list by type, Nova a list of objects.
func embeddingsOf(body []byte) (chat.Embeddings, error) {
	var response struct {
		Embedding  []float32       `json:"embedding"`
		Tokens     int             `json:"inputTextTokenCount"`
		Embeddings json.RawMessage `json:"embeddings"`
	}
	if json.Unmarshal(body, &response) != nil {
		return chat.Embeddings{}, errors.New("bedrock: the response can't be decoded")
	}
	if response.Embedding != nil {
		return chat.Embeddings{Vectors: [][]float32{response.Embedding}, InputTokens: response.Tokens}, nil
	}
	vectors := vectorsOf(response.Embeddings)
	if vectors == nil {
		return chat.Embeddings{}, errors.New("bedrock: the response lacks embeddings")
	}
	return chat.Embeddings{Vectors: vectors}, nil
}

func vectorsOf(embeddings json.RawMessage) [][]float32 {
	var list [][]float32
	if json.Unmarshal(embeddings, &list) == nil {
		return list
	}
	var byType struct{ Float [][]float32 }
	if json.Unmarshal(embeddings, &byType) == nil {
		return byType.Float
	}
	var objects []struct{ Embedding []float32 }
	if json.Unmarshal(embeddings, &objects) != nil {
		return nil
	}
	list = nil
	for _, object := range objects {
		list = append(list, object.Embedding)
	}
	return list
}

func titanBody(texts []string, dimensions int) any {
	return struct {
		InputText  string `json:"inputText"`
		Dimensions int    `json:"dimensions,omitempty"`
	}{texts[0], dimensions}
}

func titanImageBody(texts []string, dimensions int) any {
	type config struct {
		Length int `json:"outputEmbeddingLength"`
	}
	body := struct {
		InputText string  `json:"inputText"`
		Config    *config `json:"embeddingConfig,omitempty"`
	}{InputText: texts[0]}
	if dimensions > 0 {
		body.Config = &config{dimensions}
	}
	return body
}

// cohereBody requests vectors of documents, unless input_type is passed through: OpenAI's
// API has no member for it.
func cohereBody(texts []string, dimensions int) any {
	return struct {
		Texts      []string `json:"texts"`
		InputType  string   `json:"input_type"`
		Types      []string `json:"embedding_types"`
		Dimensions int      `json:"output_dimension,omitempty"`
	}{texts, "search_document", []string{"float"}, dimensions}
}

func novaBody(texts []string, dimensions int) any {
	type text struct {
		Truncation string `json:"truncationMode"`
		Value      string `json:"value"`
	}
	type params struct {
		Purpose    string `json:"embeddingPurpose"`
		Dimensions int    `json:"embeddingDimension,omitempty"`
		Text       text   `json:"text"`
	}
	return struct {
		TaskType string `json:"taskType"`
		Params   params `json:"singleEmbeddingParams"`
	}{"SINGLE_EMBEDDING", params{"GENERIC_INDEX", dimensions, text{"NONE", texts[0]}}}
}
