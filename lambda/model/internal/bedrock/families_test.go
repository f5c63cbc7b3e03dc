package bedrock

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-iac/gatehouse/internal/modelid"
)

func TestEveryFamilyIsConsistent(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range families {
		assert.False(t, seen[f.prefix], "%s has two rows", f.prefix)
		seen[f.prefix] = true
		assert.True(t, strings.HasPrefix(f.source, "https://"), "%s has no source", f.prefix)
		if f.embedding != nil {
			assert.Zero(t, f.can, f.prefix)
			assert.NotEmpty(t, f.embedding.dimensions, f.prefix)
			assert.Positive(t, f.embedding.texts, f.prefix)
			continue
		}
		for needs, needed := range map[capability]capability{
			anyTool: tools, namedTool: tools, singleTool: tools, streamedTools: tools, toolStatus: tools, toolImages: tools | images,
			mixedTurns:   tools,
			bothSamplers: temperature | topP, blankStops: stops,
		} {
			assert.True(t, !f.has(needs) || f.has(needed), "%s: %b needs %b", f.prefix, needs, needed)
		}
		steers := f.reasoning != noReasoning && f.reasoning != alwaysReasons
		assert.Equal(t, steers, len(f.efforts) > 0, f.prefix)
		assert.True(t, !slices.Contains(f.efforts, "minimal"), f.prefix)
	}
}

func TestLongestPrefixDecides(t *testing.T) {
	for model, prefix := range map[string]string{
		"anthropic.claude-3-haiku-20240307-v1:0":                                             "anthropic.claude-3-",
		"us.anthropic.claude-3-5-haiku-20241022-v1:0":                                        "anthropic.claude-3-5-haiku",
		"apac.anthropic.claude-sonnet-4-20250514-v1:0":                                       "anthropic.claude-sonnet-4-2",
		"jp.anthropic.claude-sonnet-4-5-20250929-v1:0":                                       "anthropic.claude-sonnet-4-5",
		"us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0":                                   "anthropic.claude-sonnet-4-5",
		"global.anthropic.claude-opus-4-6-v1":                                                "anthropic.claude-opus-4-6",
		"global.anthropic.claude-opus-5-5":                                                   "anthropic.claude-opus-5-5",
		"us.anthropic.claude-opus-5":                                                         "anthropic.claude-opus-5",
		"anthropic.claude-novel-9":                                                           "anthropic.claude-",
		"au.amazon.nova-2-lite-v1:0":                                                         "amazon.nova-2-",
		"amazon.nova-2-multimodal-embeddings-v1:0":                                           "amazon.nova-2-multimodal-embeddings",
		"meta.llama3-3-70b-instruct-v1:0":                                                    "meta.llama",
		"openai.gpt-oss-120b-1:0":                                                            "openai.gpt-oss",
		"arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0": "anthropic.claude-3-",
		"arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.amazon.nova-pro-v1:0":   "amazon.nova-",
		"arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc":           "",
		"novel.model-v1:0":                                                                   "",
		"":                                                                                   "",
	} {
		assert.Equal(t, prefix, familyOf(model).prefix, model)
	}
}

func TestLimitsOfTokens(t *testing.T) {
	for model, limit := range map[string]int{
		"us.amazon.nova-premier-v1:0": 10000, nova2Model: 65535, llamaModel: 8192, "meta.llama3-8b-instruct-v1:0": 2048,
		"amazon.titan-text-premier-v1:0": 3000, "amazon.titan-text-lite-v1": 4096, ossModel: 128000, claude46Model: 128000,
		claude47Model: 128000, claude5Model: 128000, "us.mistral.pixtral-large-2502-v1:0": 8192, "qwen.qwen3-32b-v1:0": 8192, novelModel: 0,
	} {
		assert.Equal(t, limit, familyOf(model).maxTokens, model)
	}
}

// The program gives the function permissions by the names of embedding models.
func TestEmbeddingFamiliesAreThoseOfTheProgram(t *testing.T) {
	for _, f := range families {
		if f.known() {
			id := strings.TrimSuffix(f.prefix, "-") + "-v1:0"
			assert.Equal(t, f.embedding != nil, modelid.IsEmbedding(id), id)
		}
	}
}
