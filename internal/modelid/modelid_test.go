package modelid

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

const application = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/a1b2c3d4e5f6"

func TestFoundationModels(t *testing.T) {
	for _, id := range []string{
		"amazon.nova-micro-v1:0", "anthropic.claude-3-haiku-20240307-v1:0", "amazon.titan-text-lite-v1", "mistral.mistral-7b-instruct-v0:2",
		"meta.llama3-8b-instruct-v1:0:8k", "openai.gpt-oss-20b-1:0", "zai.glm-4.6", "ai21.jamba-1-5-mini-v1:0",
	} {
		assert.True(t, IsValid(id), id)
		assert.False(t, IsInferenceProfile(id), id)
		assert.False(t, IsEmbedding(id), id)
		assert.Equal(t, id, Foundation(id))
	}
}

func TestCrossRegionInferenceProfiles(t *testing.T) {
	for id, model := range map[string]string{
		"eu.amazon.nova-micro-v1:0":                      "amazon.nova-micro-v1:0",
		"us.anthropic.claude-3-haiku-20240307-v1:0":      "anthropic.claude-3-haiku-20240307-v1:0",
		"apac.amazon.nova-lite-v1:0":                     "amazon.nova-lite-v1:0",
		"us-gov.anthropic.claude-3-haiku-20240307-v1:0":  "anthropic.claude-3-haiku-20240307-v1:0",
		"global.anthropic.claude-sonnet-4-20250514-v1:0": "anthropic.claude-sonnet-4-20250514-v1:0",
		"jp.anthropic.claude-haiku-4-5-20251001-v1:0":    "anthropic.claude-haiku-4-5-20251001-v1:0",
		"au.anthropic.claude-haiku-4-5-20251001-v1:0":    "anthropic.claude-haiku-4-5-20251001-v1:0",
	} {
		assert.True(t, IsValid(id), id)
		assert.True(t, IsInferenceProfile(id), id)
		assert.False(t, IsApplicationProfile(id), id)
		assert.Empty(t, ProfileRegion(id), id)
		assert.Equal(t, model, Foundation(id))
	}
}

func TestApplicationInferenceProfiles(t *testing.T) {
	for id, region := range map[string]string{
		application: "eu-west-1",
		"arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:application-inference-profile/a1b2c3d4e5f6": "us-gov-west-1",
	} {
		assert.True(t, IsValid(id), id)
		assert.True(t, IsInferenceProfile(id), id)
		assert.True(t, IsApplicationProfile(id), id)
		assert.Equal(t, region, ProfileRegion(id))
		assert.Equal(t, id, Foundation(id))
		assert.False(t, IsEmbedding(id), "its ARN doesn't tell")
	}
}

func TestInvalidIDs(t *testing.T) {
	for _, id := range []string{
		"", "nova", "amazon/nova", "amazon.nova*", "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0",
		"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-micro-v1:0",
		"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/*",
		"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a,b",
		"arn:aws:bedrock:us-east-1::application-inference-profile/a1b2c3d4e5f6",
		"arn:aws:bedrock:*:123456789012:application-inference-profile/a1b2c3d4e5f6",
		application + "\n", "a1b2c3d4e5f6",
	} {
		assert.False(t, IsValid(id), id)
	}
}

func TestEmbeddingModels(t *testing.T) {
	for _, id := range []string{
		"amazon.titan-embed-text-v1", "amazon.titan-embed-text-v2:0", "amazon.titan-embed-image-v1", "amazon.titan-embed-g1-text-02",
		"amazon.nova-2-multimodal-embeddings-v1:0", "cohere.embed-english-v3", "cohere.embed-multilingual-v3", "cohere.embed-v4:0",
		"us.cohere.embed-v4:0", "global.cohere.embed-v4:0", "twelvelabs.marengo-embed-2-7-v1:0", "eu.twelvelabs.marengo-embed-3-0-v1:0",
	} {
		assert.True(t, IsValid(id), id)
		assert.True(t, IsEmbedding(id), id)
	}
	for _, id := range []string{"", "embed", "embed.amazon-nova-v1:0", "amazon.embedded-llama-v1:0", "us.amazon.nova-lite-v1:0", "cohere.command-r-plus-v1:0", "cohere.rerank-v3-5:0"} {
		assert.False(t, IsEmbedding(id), id)
	}
}

func TestIDOfAFoundationModelsARN(t *testing.T) {
	assert.Equal(t, "amazon.nova-lite-v1:0", OfFoundationARN("arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0"))
	assert.Equal(t, "amazon.nova-lite-v1:0", OfFoundationARN("arn:aws:bedrock:::foundation-model/amazon.nova-lite-v1:0"), "of a global profile")
	for _, arn := range []string{"", application, "arn:aws:bedrock:eu-west-1:123456789012:custom-model/a/b", "arn:aws:bedrock:eu-west-1::foundation-model/"} {
		assert.Empty(t, OfFoundationARN(arn), arn)
	}
}
