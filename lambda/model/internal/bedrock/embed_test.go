package bedrock

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

const titanAnswer = `{"embedding": [0.5, -1], "inputTextTokenCount": 3}`

func TestEmbeds(t *testing.T) {
	for _, test := range []struct {
		model      string
		dimensions int
		answer     string
		sent       string
		tokens     int
	}{
		{"amazon.titan-embed-text-v2:0", 0, titanAnswer, `{"inputText":"Hi"}`, 3},
		{"amazon.titan-embed-text-v2:0", 256, titanAnswer, `{"inputText":"Hi","dimensions":256}`, 3},
		{"amazon.titan-embed-text-v1", 1536, titanAnswer, `{"inputText":"Hi"}`, 3},
		{"amazon.titan-embed-image-v1", 384, titanAnswer, `{"inputText":"Hi","embeddingConfig":{"outputEmbeddingLength":384}}`, 3},
		{"cohere.embed-english-v3", 1024, `{"embeddings": [[0.5, -1]]}`, `{"texts":["Hi"],"input_type":"search_document","embedding_types":["float"]}`, 0},
		{
			"eu.cohere.embed-v4:0", 256, `{"embeddings": {"float": [[0.5, -1]]}}`,
			`{"texts":["Hi"],"input_type":"search_document","embedding_types":["float"],"output_dimension":256}`, 0,
		},
		{
			"amazon.nova-2-multimodal-embeddings-v1:0", 384, `{"embeddings": [{"embeddingType": "TEXT", "embedding": [0.5, -1]}]}`,
			`{"taskType":"SINGLE_EMBEDDING","singleEmbeddingParams":{"embeddingPurpose":"GENERIC_INDEX","embeddingDimension":384,"text":{"truncationMode":"NONE","value":"Hi"}}}`, 0,
		},
	} {
		for _, header := range []string{"", "8"} {
			provider, service := before(t, answer{200, "", test.answer})
			want := test.tokens
			if header != "" {
				service.headers = http.Header{"X-Amzn-Bedrock-Input-Token-Count": {header}}
				want = 8
			}
			got, err := provider.Embed(t.Context(), chat.EmbeddingRequest{Model: test.model, Texts: []string{"Hi"}, Dimensions: test.dimensions})
			require.NoError(t, err, test.model)
			assert.Equal(t, chat.Embeddings{Vectors: [][]float32{{0.5, -1}}, InputTokens: want}, got, test.model)
			assert.Equal(t, "/model/"+test.model+"/invoke", service.requests[0].path)
			assert.Equal(t, test.sent, string(service.requests[0].body), test.model)
		}
	}
}

func TestEmbedsWithMembersThatArePassedThrough(t *testing.T) {
	provider, service := before(t, answer{200, "", `{"embeddings": [[0.5, -1]]}`})
	_, err := provider.Embed(t.Context(), chat.EmbeddingRequest{
		Model: "cohere.embed-english-v3", Texts: []string{"Hi"},
		PassThrough: map[string]json.RawMessage{"input_type": json.RawMessage(`"search_query"`), "truncate": json.RawMessage(`"END"`)},
	})
	require.NoError(t, err)
	assert.JSONEq(t, `{"texts":["Hi"],"input_type":"search_query","embedding_types":["float"],"truncate":"END"}`, string(service.requests[0].body))
}

func TestEmbedsManyTexts(t *testing.T) {
	provider, service := before(t, answer{200, "", titanAnswer})
	got, err := provider.Embed(t.Context(), chat.EmbeddingRequest{Model: "amazon.titan-embed-text-v2:0", Texts: slices.Repeat([]string{"Hi"}, 9)})
	require.NoError(t, err)
	assert.Len(t, got.Vectors, 9)
	assert.Equal(t, 27, got.InputTokens)
	assert.Len(t, service.requests, 9)

	provider, service = before(t, answer{200, "", `{"embeddings": [` + strings.Repeat("[1],", 95) + `[1]]}`})
	got, err = provider.Embed(t.Context(), chat.EmbeddingRequest{Model: "cohere.embed-english-v3", Texts: slices.Repeat([]string{"Hi"}, 192)})
	require.NoError(t, err)
	assert.Len(t, got.Vectors, 192)
	assert.Len(t, service.requests, 2)
}

func TestRejectedEmbeddings(t *testing.T) {
	const titan = "amazon.titan-embed-text-v2:0"
	for member, r := range map[string]chat.EmbeddingRequest{
		"dimensions": {Model: titan, Texts: []string{"Hi"}, Dimensions: 300},
		"input":      {Model: titan, Tokens: [][]int{{1, 2}}},
		"model":      {Model: testModel, Texts: []string{"Hi"}},
	} {
		provider, service := before(t, answer{200, "", titanAnswer})
		_, err := provider.Embed(t.Context(), r)
		var rejection *chat.Rejection
		require.ErrorAs(t, err, &rejection)
		assert.Equal(t, []string{member}, rejection.Members)
		assert.Empty(t, service.requests)
	}
}

// TestTooManyTexts checks that what can't end in time is refused before a call is paid.
func TestTooManyTexts(t *testing.T) {
	for model, maximum := range map[string]int{"amazon.titan-embed-text-v2:0": 512, "cohere.embed-v4:0": 49152} {
		e := familyOf(model).embedding
		require.NoError(t, embeddable(e, &chat.EmbeddingRequest{Texts: make([]string, maximum)}))
		provider, service := before(t, answer{200, "", titanAnswer})
		_, err := provider.Embed(t.Context(), chat.EmbeddingRequest{Model: model, Texts: make([]string, maximum+1)})
		var rejection *chat.Rejection
		require.ErrorAs(t, err, &rejection)
		assert.Equal(t, []string{"input"}, rejection.Members)
		assert.Contains(t, rejection.Reason, strconv.Itoa(maximum))
		assert.Empty(t, service.requests)
	}
}

// TestParallelCalls checks that calls are made at the same time, and not too many.
func TestParallelCalls(t *testing.T) {
	const texts = 3 * parallelCalls
	api := &waiting{open: make(chan struct{})}
	done := make(chan error, 1)
	go func() {
		got, err := (&Provider{API: api}).Embed(t.Context(), chat.EmbeddingRequest{
			Model: "amazon.titan-embed-text-v2:0", Texts: slices.Repeat([]string{"Hi"}, texts),
		})
		assert.Len(t, got.Vectors, texts)
		done <- err
	}()
	assert.Eventually(t, func() bool { return api.calls.Load() == parallelCalls }, 5*time.Second, time.Millisecond)
	time.Sleep(20 * time.Millisecond)
	assert.Equal(t, int64(parallelCalls), api.calls.Load())
	close(api.open)
	require.NoError(t, <-done)
	assert.Equal(t, int64(texts), api.calls.Load())
}

// waiting is an API whose calls end once it is open.
type waiting struct {
	API
	open  chan struct{}
	calls atomic.Int64
}

func (w *waiting) InvokeModel(context.Context, *bedrockruntime.InvokeModelInput, ...func(*bedrockruntime.Options)) (*bedrockruntime.InvokeModelOutput, error) {
	w.calls.Add(1)
	<-w.open
	return &bedrockruntime.InvokeModelOutput{Body: []byte(titanAnswer)}, nil
}

// TestFailedEmbeddingsCountTheirTokens checks that calls that succeeded before another
// failed are counted.
func TestFailedEmbeddingsCountTheirTokens(t *testing.T) {
	for _, failure := range []answer{{400, "ValidationException", quoting}, {200, "", `{"embeddings": [], "inputTextTokenCount": 3}`}} {
		provider, service := before(t, answer{200, "", titanAnswer}, answer{200, "", titanAnswer}, failure)
		provider.API = oneByOne{API: provider.API, mutex: &sync.Mutex{}}
		got, err := provider.Embed(t.Context(), chat.EmbeddingRequest{Model: "amazon.titan-embed-text-v2:0", Texts: slices.Repeat([]string{"Hi"}, 3)})
		require.Error(t, err)
		assert.Equal(t, chat.Embeddings{InputTokens: 6}, got)
		assert.Len(t, service.requests, 3)
	}
}

// oneByOne is an API whose calls wait for each other.
type oneByOne struct {
	API
	mutex *sync.Mutex
}

func (o oneByOne) InvokeModel(ctx context.Context, in *bedrockruntime.InvokeModelInput, options ...func(*bedrockruntime.Options)) (*bedrockruntime.InvokeModelOutput, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.API.InvokeModel(ctx, in, options...)
}

func TestErrorsOfEmbeddings(t *testing.T) {
	for _, test := range []struct {
		answer answer
		want   error
	}{
		{answer{429, "ThrottlingException", quoting}, chat.ErrBusy},
		{answer{400, "ValidationException", quoting}, chat.ErrRejected},
		{answer{200, "", `{}`}, nil},
		{answer{200, "", `{"embeddings": {"int8": [[1]]}}`}, nil},
		{answer{200, "", `{"embeddings": [[1], [2]]}`}, nil},
		{answer{200, "", `Sesame`}, nil},
	} {
		provider, _ := before(t, test.answer)
		_, err := provider.Embed(t.Context(), chat.EmbeddingRequest{Model: "cohere.embed-english-v3", Texts: []string{"Hi"}})
		require.Error(t, err, test.answer.body)
		if test.want != nil {
			require.ErrorIs(t, err, test.want)
		}
		assert.NotContains(t, err.Error(), "Sesame")
	}
}
