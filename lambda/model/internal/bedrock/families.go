package bedrock

import (
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/modelid"
)

// capability is a set of what a family of models accepts.
type capability uint32

const (
	system        capability = 1 << iota // a system prompt
	prefill                              // a conversation that ends with the assistant's turn
	images                               // images in a user's turn
	documents                            // documents in a user's turn
	tools                                // tools, of which the model chooses
	anyTool                              // the choice that at least one tool is called
	namedTool                            // the choice of one tool
	singleTool                           // that at most one tool is called at a time
	toolStatus                           // the status of a tool's result
	toolImages                           // images in a tool's result
	streamedTools                        // tools in ConverseStream
	plainNames                           // only names of tools without hyphens, though Converse takes them
	mixedTurns                           // other blocks beside calls and results of tools in a turn
	temperature                          // a temperature
	topP                                 // top_p; beside temperature only with bothSamplers
	bothSamplers                         // temperature and top_p together
	stops                                // stop sequences
	blankStops                           // stop sequences of white space only
	topK                                 // top_k
	nativeFormat                         // a JSON schema for the answer, and strict tools
	cachedTools                          // a cache point after the tools
	cachedResults                        // a cache point after a tool's result
)

// The sets that several families have.
const (
	samplers = temperature | topP | bothSamplers
	anyStops = stops | blankStops
	allTools = tools | anyTool | namedTool

	claude3  = system | prefill | images | documents | allTools | mixedTurns | toolStatus | toolImages | streamedTools | samplers | topK | stops | cachedTools | cachedResults
	claude41 = claude3 &^ bothSamplers
	claude45 = claude41 | singleTool | nativeFormat
	claude46 = claude45 &^ prefill
	claude47 = claude46 &^ (nativeFormat | temperature | topP | topK)
	claude55 = claude47 &^ (anyTool | namedTool)

	novaText = system | prefill | allTools | plainNames | mixedTurns | toolStatus | streamedTools | samplers | topK | anyStops
	nova     = novaText | images | documents | toolImages

	llama  = system | documents | samplers
	open   = system | tools | mixedTurns | streamedTools | samplers
	openVL = open | images
)

// reasoning names the means that control a family's reasoning.
type reasoning int

const (
	noReasoning     reasoning = iota
	alwaysReasons             // it can't be controlled
	budgetTokens              // Claude's thinking with a number of tokens; its history must be signed
	adaptive                  // Claude's adaptive thinking, off by default
	adaptiveDefault           // the same, on by default
	adaptiveAlways            // the same, always on
	novaEffort                // Nova's reasoningConfig
	ossEffort                 // the member reasoning_effort
	objectEffort              // the member reasoning.effort
)

// family describes the models whose ids begin with a prefix.
type family struct {
	prefix    string // of the id without its geography
	can       capability
	maxTokens int // of an answer; 0 if not known

	// plainTools says whether a tool's schema must have few keywords at its root, and no
	// definitions.
	plainTools bool

	reasoning reasoning
	efforts   []string // of reasoning, in ascending order

	// cacheMinimum is the number of tokens that must be before a cache point. It is 0 for
	// families without them.
	cacheMinimum int

	embedding *embedding // nil for families that chat

	source string // documents the row, beside the sources below
}

// The efforts of reasoning of several families.
var (
	threeEfforts = []string{"low", "medium", "high"}
	upToMedium   = []string{"low", "medium"} // a high effort of Nova requires that the answer has no limit of tokens
	upToMax      = []string{"low", "medium", "high", "max"}
	allEfforts   = []string{"low", "medium", "high", "xhigh", "max"}
)

// Limits of the Converse operation. Sources: the descriptions of Message and
// InferenceConfiguration in the reference of the API,
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Message.html and
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InferenceConfiguration.html
const (
	maxTemperature   = 1
	maxImages        = 20 // in a turn
	maxImageBytes    = 3_932_160
	maxImagePixels   = 8000 // of a side
	maxDocuments     = 5    // in a turn
	maxDocumentBytes = 4_718_592
)

// Sources of the table. Those for a single family are in its row.
const (
	featuresSource = "https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html"
	cachingSource  = "https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html"
	formatSource   = "https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html"
	claude46Source = "https://platform.claude.com/docs/en/about-claude/models/whats-new-claude-4-6"
	claude47Source = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-card-anthropic-claude-opus-4-7.html"
	claude5Source  = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-card-anthropic-claude-opus-5.html"
	nova2Source    = "https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html"
	claude55Source = "https://platform.claude.com/docs/en/models/opus-5-5/whats-new-opus-5-5"
	noStopsSource  = "https://github.com/langgenius/dify-official-plugins/issues/1767"
	kimiSource     = "https://github.com/anomalyco/models.dev/pull/1637"
)

// families is the table of families. The longest prefix decides, so that a family's
// later models are as its latest known until they have a row.
//
// That a conversation must begin with the user's turn, and that text must not be blank,
// holds for all of them: Converse checks it.
//
// Where sources differ, the stricter one decides: what it asks for is accepted either way.
// More sources, of what several rows have:
//   - mixedTurns: https://github.com/strands-agents/harness-sdk/issues/1223 and
//     https://github.com/quarkiverse/quarkus-langchain4j/issues/1983
//   - namedTool: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolChoice.html
//     and https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-chat-completion.html
//   - no documents for OpenAI's models: https://github.com/anomalyco/models.dev/pull/6821;
//     for other open weights, no source says that they have them
//   - plainTools: https://docs.aws.amazon.com/nova/latest/userguide/tool-use-definition.html,
//     https://github.com/zed-industries/zed/issues/31815 and https://github.com/BerriAI/litellm/pull/10062
//   - maxTokens of Claude: https://github.com/Effect-TS/effect/releases/tag/@effect%2Fai-anthropic@4.0.0-beta.106
//     and https://github.com/RooCodeInc/Roo-Code/issues/248
//   - maxTokens of Llama: https://github.com/pollinations/pollinations/pull/5503
//   - maxTokens of Nova 2: https://github.com/UKGovernmentBEIS/inspect_ai/issues/3767
//   - maxTokens of Qwen: https://github.com/braintrustdata/braintrust-proxy/issues/550
var families = []family{
	// What isn't known is left to Bedrock: it rejects what the model can't do, and the
	// client gets its reason. What needs members of one family is off.
	{prefix: "", can: system | prefill | images | documents | allTools | samplers | topK | anyStops, source: featuresSource},

	{prefix: "anthropic.claude-3-", can: claude3, maxTokens: 4096, source: featuresSource},
	{prefix: "anthropic.claude-3-5-sonnet-20240620", can: claude3 &^ documents, maxTokens: 4096, source: featuresSource},
	{prefix: "anthropic.claude-3-5-", can: claude3, maxTokens: 8192, source: featuresSource},
	{prefix: "anthropic.claude-3-5-haiku", can: claude3 &^ (images | toolImages | documents), maxTokens: 8192, cacheMinimum: 2048, source: cachingSource},
	{prefix: "anthropic.claude-3-7-", can: claude3, maxTokens: 64000, reasoning: budgetTokens, efforts: allEfforts, cacheMinimum: 1024, source: cachingSource},
	{prefix: "anthropic.claude-opus-4-2", can: claude3, maxTokens: 32000, reasoning: budgetTokens, efforts: allEfforts, cacheMinimum: 1024, source: cachingSource},
	{prefix: "anthropic.claude-sonnet-4-2", can: claude3, maxTokens: 64000, reasoning: budgetTokens, efforts: allEfforts, cacheMinimum: 1024, source: cachingSource},
	{prefix: "anthropic.claude-opus-4-1", can: claude41, maxTokens: 32000, reasoning: budgetTokens, efforts: allEfforts, cacheMinimum: 1024, source: "https://github.com/aws-samples/bedrock-chat/pull/979"},
	{prefix: "anthropic.claude-opus-4-5", can: claude45, maxTokens: 64000, reasoning: budgetTokens, efforts: allEfforts, cacheMinimum: 4096, source: formatSource},
	{prefix: "anthropic.claude-sonnet-4-5", can: claude45, maxTokens: 64000, reasoning: budgetTokens, efforts: allEfforts, cacheMinimum: 1024, source: formatSource},
	{prefix: "anthropic.claude-haiku-4-5", can: claude45, maxTokens: 64000, reasoning: budgetTokens, efforts: allEfforts, cacheMinimum: 4096, source: formatSource},
	{prefix: "anthropic.claude-opus-4-6", can: claude46, maxTokens: 128000, reasoning: adaptive, efforts: upToMax, cacheMinimum: 4096, source: claude46Source},
	{prefix: "anthropic.claude-sonnet-4-6", can: claude46, maxTokens: 64000, reasoning: adaptive, efforts: threeEfforts, cacheMinimum: 2048, source: claude46Source},
	{prefix: "anthropic.claude-opus-4-7", can: claude47, maxTokens: 128000, reasoning: adaptive, efforts: allEfforts, cacheMinimum: 2048, source: claude47Source},
	{prefix: "anthropic.claude-opus-4-8", can: claude47, maxTokens: 128000, reasoning: adaptive, efforts: allEfforts, cacheMinimum: 4096, source: "https://github.com/langchain-ai/langchain-aws/pull/1141"},
	{prefix: "anthropic.claude-opus-5", can: claude47, maxTokens: 128000, reasoning: adaptiveDefault, efforts: allEfforts, cacheMinimum: 4096, source: claude5Source},
	{prefix: "anthropic.claude-sonnet-5", can: claude47, maxTokens: 128000, reasoning: adaptiveDefault, efforts: allEfforts, cacheMinimum: 4096, source: "https://github.com/presenton/presenton/issues/939"},
	{prefix: "anthropic.claude-opus-5-5", can: claude55, maxTokens: 128000, reasoning: adaptiveAlways, efforts: allEfforts, cacheMinimum: 4096, source: claude55Source},
	{prefix: "anthropic.claude-sonnet-5-5", can: claude55, maxTokens: 128000, reasoning: adaptiveAlways, efforts: allEfforts, cacheMinimum: 4096, source: "https://platform.claude.com/docs/en/models/sonnet-5-5/whats-new-sonnet-5-5"},
	{prefix: "anthropic.claude-", can: claude55, maxTokens: 128000, reasoning: adaptiveAlways, efforts: allEfforts, cacheMinimum: 4096, source: claude55Source},

	{prefix: "amazon.nova-", can: nova, maxTokens: 10000, plainTools: true, cacheMinimum: 1000, source: "https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html"},
	{prefix: "amazon.nova-micro", can: novaText, maxTokens: 10000, plainTools: true, cacheMinimum: 1000, source: "https://docs.aws.amazon.com/nova/latest/userguide/tool-choice.html"},
	{prefix: "amazon.nova-premier", can: nova, maxTokens: 10000, plainTools: true, cacheMinimum: 1000, source: cachingSource},
	{prefix: "amazon.nova-2-", can: nova, maxTokens: 65535, reasoning: novaEffort, efforts: upToMedium, cacheMinimum: 1000, source: nova2Source},
	{prefix: "amazon.nova-2-multimodal-embeddings", embedding: &embedding{body: novaBody, dimensions: []int{256, 384, 1024, 3072}, texts: 1}, source: "https://docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html"},
	{prefix: "amazon.titan-text-", can: documents | samplers | anyStops, maxTokens: 4096, source: "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html"},
	{prefix: "amazon.titan-text-premier", can: samplers | anyStops, maxTokens: 3000, source: "https://github.com/aws-samples/generative-ai-use-cases/issues/594"},
	{prefix: "amazon.titan-embed-text-v1", embedding: &embedding{body: titanBody, dimensions: []int{1536}, fixed: true, texts: 1}, source: "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html"},
	{prefix: "amazon.titan-embed-g1-text", embedding: &embedding{body: titanBody, dimensions: []int{1536}, fixed: true, texts: 1}, source: "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html"},
	{prefix: "amazon.titan-embed-text-v2", embedding: &embedding{body: titanBody, dimensions: []int{256, 512, 1024}, texts: 1}, source: "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html"},
	{prefix: "amazon.titan-embed-image-v1", embedding: &embedding{body: titanImageBody, dimensions: []int{256, 384, 1024}, texts: 1}, source: "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-mm.html"},

	{prefix: "meta.llama", can: llama | tools, maxTokens: 8192, source: featuresSource},
	{prefix: "meta.llama3-8b", can: llama, maxTokens: 2048, source: featuresSource},
	{prefix: "meta.llama3-70b", can: llama, maxTokens: 2048, source: featuresSource},
	{prefix: "meta.llama3-2-1b", can: llama, maxTokens: 8192, source: featuresSource},
	{prefix: "meta.llama3-2-3b", can: llama, maxTokens: 8192, source: featuresSource},
	{prefix: "meta.llama3-2-11b", can: llama | tools | images, maxTokens: 8192, source: featuresSource},
	{prefix: "meta.llama3-2-90b", can: llama | tools | images, maxTokens: 8192, source: featuresSource},
	{prefix: "meta.llama4-", can: llama | tools | images, maxTokens: 8192, source: "https://github.com/earendil-works/pi/issues/3739"},

	{prefix: "mistral.", can: open | anyStops | topK | nativeFormat, maxTokens: 8192, source: formatSource},
	{prefix: "mistral.mistral-7b", can: documents | samplers | anyStops | topK, maxTokens: 8192, source: featuresSource},
	{prefix: "mistral.mixtral-8x7b", can: documents | samplers | anyStops | topK, maxTokens: 4096, source: featuresSource},
	{prefix: "mistral.mistral-small-2402", can: system | tools | anyTool | samplers | anyStops | topK, maxTokens: 8192, source: featuresSource},
	{prefix: "mistral.mistral-large-2402", can: system | documents | tools | anyTool | samplers | anyStops | topK, maxTokens: 8192, source: featuresSource},
	{prefix: "mistral.mistral-large-2407", can: system | documents | tools | anyTool | streamedTools | samplers | anyStops | topK, maxTokens: 8192, source: featuresSource},
	{prefix: "mistral.pixtral-large", can: system | images | documents | tools | anyTool | streamedTools | samplers | anyStops | topK, maxTokens: 8192, source: featuresSource},
	{prefix: "mistral.magistral-", can: open | images | anyStops | topK | nativeFormat, maxTokens: 8192, reasoning: alwaysReasons, source: formatSource},
	{prefix: "mistral.ministral-", can: open | images | anyStops | topK | nativeFormat, maxTokens: 8192, source: formatSource},
	{prefix: "mistral.mistral-large-3", can: open | images | anyStops | topK | nativeFormat, maxTokens: 8192, source: formatSource},

	{prefix: "cohere.command-r", can: system | documents | tools | streamedTools | samplers | anyStops, maxTokens: 4000, source: featuresSource},
	{prefix: "cohere.embed-english-v3", embedding: &embedding{body: cohereBody, dimensions: []int{1024}, fixed: true, texts: 96}, source: "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v3.html"},
	{prefix: "cohere.embed-multilingual-v3", embedding: &embedding{body: cohereBody, dimensions: []int{1024}, fixed: true, texts: 96}, source: "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v3.html"},
	{prefix: "cohere.embed-v4", embedding: &embedding{body: cohereBody, dimensions: []int{256, 512, 1024, 1536}, texts: 96}, source: "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v4.html"},

	{prefix: "ai21.jamba-instruct", can: system | samplers | anyStops, maxTokens: 4096, source: featuresSource},
	{prefix: "ai21.jamba-1-5-", can: system | documents | tools | streamedTools | samplers | anyStops, maxTokens: 4096, source: featuresSource},

	{prefix: "deepseek.", can: system | tools | mixedTurns | samplers | nativeFormat, maxTokens: 8192, source: "https://docs.aws.amazon.com/bedrock/latest/userguide/model-card-deepseek-deepseek-v3-2.html"},
	{prefix: "deepseek.r1", can: system | documents | samplers | anyStops, maxTokens: 32768, reasoning: alwaysReasons, source: "https://github.com/langchain-ai/langchain-aws/issues/447"},

	{prefix: "openai.", can: openVL | allTools, reasoning: objectEffort, efforts: append([]string{"none"}, allEfforts...), source: "https://github.com/anomalyco/opencode/pull/48195"},
	{prefix: "openai.gpt-oss", can: open | nativeFormat, maxTokens: 128000, reasoning: ossEffort, efforts: threeEfforts, source: "https://github.com/crewAIInc/crewAI/issues/3317"},

	{prefix: "qwen.", can: open | nativeFormat, maxTokens: 8192, source: noStopsSource},
	{prefix: "qwen.qwen3-vl", can: openVL | nativeFormat, maxTokens: 8192, source: noStopsSource},
	{prefix: "moonshot.kimi-k2-thinking", can: open | nativeFormat, maxTokens: 16000, reasoning: alwaysReasons, source: kimiSource},
	{prefix: "moonshotai.kimi-k2.5", can: openVL | nativeFormat, maxTokens: 16000, source: kimiSource},
	{prefix: "minimax.", can: open | nativeFormat, maxTokens: 98304, reasoning: alwaysReasons, source: "https://github.com/anomalyco/models.dev/issues/1271"},
	{prefix: "zai.glm-", can: open, maxTokens: 101376, source: "https://github.com/anomalyco/models.dev/issues/1271"},
	{prefix: "nvidia.nemotron-", can: open | nativeFormat, source: formatSource},
	{prefix: "google.gemma-3-", can: system | images | samplers | nativeFormat, source: formatSource},
	{prefix: "writer.palmyra-", can: system | documents | tools | samplers | anyStops, source: "https://github.com/langchain-ai/langchain-aws/pull/466"},
}

// known reports whether the family has a row of its own.
func (f *family) known() bool { return f.prefix != "" }

// has reports whether the family accepts all of some capabilities.
func (f *family) has(all capability) bool { return f.can&all == all }

// signs reports whether the model accepts its own reasoning in the history.
func (f *family) signs() bool {
	switch f.reasoning {
	case budgetTokens, adaptive, adaptiveDefault, adaptiveAlways, objectEffort:
		return true
	}
	return false
}

// baseID returns the id of a foundation model, for its own ARN and for the ids of
// cross-region inference profiles too.
func baseID(model string) string {
	if strings.HasPrefix(model, "arn:") {
		model = model[strings.LastIndexByte(model, '/')+1:]
	}
	return modelid.Foundation(model)
}

// familyOf returns the family of a model.
func familyOf(model string) *family {
	id := baseID(model)
	best := &families[0]
	for i := range families {
		if f := &families[i]; len(f.prefix) > len(best.prefix) && strings.HasPrefix(id, f.prefix) {
			best = f
		}
	}
	return best
}

// nova reports whether the model is Amazon's Nova.
func (f *family) nova() bool { return strings.HasPrefix(f.prefix, "amazon.nova-") }
