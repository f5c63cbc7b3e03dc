package bedrock

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// Models of several families.
const (
	claude35Model = "anthropic.claude-3-5-sonnet-20241022-v2:0"
	claude37Model = "us.anthropic.claude-3-7-sonnet-20250219-v1:0"
	claude45Model = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
	claude46Model = "global.anthropic.claude-opus-4-6-v1"
	claude47Model = "us.anthropic.claude-opus-4-7"
	claude5Model  = "global.anthropic.claude-sonnet-5"
	novaModel     = "eu.amazon.nova-pro-v1:0"
	nova2Model    = "us.amazon.nova-2-lite-v1:0"
	llamaModel    = "meta.llama3-1-70b-instruct-v1:0"
	mistralModel  = "mistral.mistral-7b-instruct-v0:2"
	r1Model       = "us.deepseek.r1-v1:0"
	ossModel      = "openai.gpt-oss-20b-1:0"
	novelModel    = "novel.model-v1:0"
)

func user(text string) chat.Message { return message(chat.RoleUser, text) }

func assistant(text string) chat.Message { return message(chat.RoleAssistant, text) }

// asking returns a change of a conversation that sets its messages.
func asking(messages ...chat.Message) func(*chat.Conversation) {
	return func(c *chat.Conversation) { c.Messages = messages }
}

func withPart(part chat.Part) func(*chat.Conversation) {
	return asking(chat.Message{Role: chat.RoleUser, Content: []chat.Part{{Text: "What is it?"}, part}})
}

func reasoningAt(effort string, maxTokens int) func(*chat.Conversation) {
	return func(c *chat.Conversation) { c.ReasoningEffort, c.MaxTokens = effort, maxTokens }
}

func choosing(mode, name string, effort string) func(*chat.Conversation) {
	return func(c *chat.Conversation) {
		c.Tools = []chat.Tool{{Name: "weather"}, {Name: "time"}}
		c.ToolChoice = chat.ToolChoice{Mode: mode, Name: name}
		c.ReasoningEffort = effort
	}
}

// looseSchema is a schema that Bedrock's structured outputs don't accept.
const looseSchema = `{"type":"object","properties":{"days":{"type":"integer","minimum":1}}}`

func answering(schema, effort string) func(*chat.Conversation) {
	return func(c *chat.Conversation) {
		c.Format = chat.Format{Type: chat.FormatSchema, Name: "trip", Schema: json.RawMessage(schema)}
		c.ReasoningEffort = effort
	}
}

func passing(name, value string) func(*chat.Conversation) {
	return func(c *chat.Conversation) { c.PassThrough = map[string]json.RawMessage{name: json.RawMessage(value)} }
}

func nothingPassed(t *testing.T, c chat.Conversation) { assert.Nil(t, c.PassThrough) }

// toolLoop is a history in which a tool was called.
func toolLoop(reasoning ...chat.Reasoning) []chat.Message {
	return []chat.Message{
		user("Weather in Bonn?"),
		{Role: chat.RoleAssistant, Reasoning: reasoning, ToolCalls: []chat.ToolCall{{ID: "call_1", Name: "weather", Arguments: `{"city":"Bonn"}`}}},
		{Role: chat.RoleTool, ToolCallID: "call_1", Content: []chat.Part{{Text: "rain"}}},
	}
}

func TestAdapt(t *testing.T) {
	for _, test := range []struct {
		title   string
		model   string
		change  func(*chat.Conversation)
		dropped []string
		clamped []chat.Clamp
		refused []string // pointers
		check   func(*testing.T, chat.Conversation)
	}{
		{title: "nothing to change", model: claude45Model},
		{
			title: "members that Converse hasn't, and ignored ones", model: claude45Model,
			change: func(c *chat.Conversation) {
				c.Options = map[string]json.RawMessage{}
				for _, name := range []string{"seed", "user", "frequency_penalty", "metadata", "store", "service_tier", "n", "logprobs", "prompt_cache_key"} {
					c.Options[name] = json.RawMessage(`2`)
				}
			},
			dropped: []string{"frequency_penalty", "logprobs", "n", "seed"},
			check:   func(t *testing.T, c chat.Conversation) { assert.Nil(t, c.Options) },
		},
		{
			title: "temperature and top_p together", model: claude45Model,
			change:  func(c *chat.Conversation) { c.Temperature, c.TopP = aws.Float64(0.2), aws.Float64(0.9) },
			dropped: []string{"top_p"},
			check: func(t *testing.T, c chat.Conversation) {
				assert.Nil(t, c.TopP)
				assert.InDelta(t, 0.2, *c.Temperature, 0)
			},
		},
		{title: "the same on an older model", model: claude35Model, change: func(c *chat.Conversation) { c.Temperature, c.TopP = aws.Float64(0.2), aws.Float64(0.9) }},
		{
			title: "top_p alone", model: claude45Model, change: func(c *chat.Conversation) { c.TopP = aws.Float64(0.9) },
			check: func(t *testing.T, c chat.Conversation) { assert.NotNil(t, c.TopP) },
		},
		{
			title: "a top_p that is the default isn't missed", model: claude45Model,
			change: func(c *chat.Conversation) { c.Temperature, c.TopP = aws.Float64(0.2), aws.Float64(1) },
			check:  func(t *testing.T, c chat.Conversation) { assert.Nil(t, c.TopP) },
		},
		{
			title: "a temperature that is the default, beside a top_p that isn't", model: claude45Model,
			change: func(c *chat.Conversation) { c.Temperature, c.TopP = aws.Float64(1), aws.Float64(0.5) },
			check: func(t *testing.T, c chat.Conversation) {
				assert.Nil(t, c.Temperature)
				assert.InDelta(t, 0.5, *c.TopP, 0)
			},
		},
		{
			title: "both the default", model: claude45Model,
			change: func(c *chat.Conversation) { c.Temperature, c.TopP = aws.Float64(1), aws.Float64(1) },
			check:  func(t *testing.T, c chat.Conversation) { assert.Nil(t, c.TopP) },
		},
		{
			title: "defaults of a model without sampling", model: claude47Model,
			change: func(c *chat.Conversation) { c.Temperature, c.TopP = aws.Float64(1), aws.Float64(1) },
			check:  func(t *testing.T, c chat.Conversation) { assert.Nil(t, c.Temperature) },
		},
		{
			title: "a model without sampling", model: claude47Model,
			change:  func(c *chat.Conversation) { c.Temperature, c.TopP = aws.Float64(0.2), aws.Float64(0.9) },
			dropped: []string{"temperature", "top_p"},
		},
		{
			title: "a temperature above the limit", model: novaModel, change: func(c *chat.Conversation) { c.Temperature = aws.Float64(1.7) },
			clamped: []chat.Clamp{{Member: "temperature", Limit: "1"}},
			check:   func(t *testing.T, c chat.Conversation) { assert.InDelta(t, 1, *c.Temperature, 0) },
		},
		{
			title: "more tokens than the model generates", model: claude35Model, change: func(c *chat.Conversation) { c.MaxTokens = 10000 },
			clamped: []chat.Clamp{{Member: "max_tokens", Limit: "8192"}},
		},
		{
			title: "a stop sequence of white space", model: claude45Model, change: func(c *chat.Conversation) { c.Stop = []string{"\n", "END"} },
			dropped: []string{"stop"},
			check:   func(t *testing.T, c chat.Conversation) { assert.Equal(t, []string{"END"}, c.Stop) },
		},
		{title: "the same where it is accepted", model: novaModel, change: func(c *chat.Conversation) { c.Stop = []string{"\n", "END"} }},
		{
			title: "a model without stop sequences", model: ossModel, change: func(c *chat.Conversation) { c.Stop = []string{"END"} },
			dropped: []string{"stop"},
			check:   func(t *testing.T, c chat.Conversation) { assert.Nil(t, c.Stop) },
		},

		{title: "a prefill", model: claude45Model, change: asking(user("Count."), assistant("1, 2,"))},
		{title: "a refused prefill", model: claude46Model, change: asking(user("Count."), assistant("1, 2,")), refused: []string{"/messages/1"}},
		{title: "the assistant's turn first", model: claude45Model, change: asking(message(chat.RoleSystem, "x"), assistant("Hi"), user("Hello")), refused: []string{"/messages/1"}},
		{title: "a blank turn first", model: claude45Model, change: asking(assistant(" "), user("Hello"), assistant(""), user("!"))},
		{title: "only blank turns", model: claude45Model, change: asking(user(" \n")), refused: []string{"/messages"}},
		{title: "system messages only", model: claude45Model, change: asking(message(chat.RoleSystem, "Be brief."), message(chat.RoleSystem, "Say hello."))},
		{title: "a blank system message", model: claude45Model, change: asking(message(chat.RoleSystem, " ")), refused: []string{"/messages"}},
		{title: "no messages", model: claude45Model, change: asking(), refused: []string{"/messages"}},
		{title: "a system message last", model: claude46Model, change: asking(user("Hi"), assistant("Hello"), message(chat.RoleSystem, "Say goodbye."))},
		{title: "a blank system message last", model: claude46Model, change: asking(user("Hi"), assistant("Hello"), message(chat.RoleSystem, " ")), refused: []string{"/messages/1"}},
		{title: "a blank last turn after one of the system", model: claude46Model, change: asking(user("Hi"), assistant("Hello"), message(chat.RoleSystem, "x"), user(" "))},
		{title: "a blank last turn where the assistant's is continued", model: claude45Model, change: asking(user("Count."), assistant("1, 2,"), message(chat.RoleSystem, " "), user("")), refused: []string{"/messages/3/content"}},
		{title: "calls without results before a blank message", model: claude45Model, change: asking(append(toolLoop()[:2], assistant(" "))...), refused: []string{"/messages/2/content"}},
		{title: "a blank last turn", model: claude45Model, change: asking(user("Hi"), assistant("Hello"), user(" ")), refused: []string{"/messages/2/content"}},
		{title: "calls without results", model: claude45Model, change: asking(toolLoop()[:2]...), refused: []string{"/messages/1"}},

		{title: "an image", model: novaModel, change: withPart(chat.Part{Image: &chat.Image{Format: "png", Data: []byte("x"), Width: 8, Height: 8}})},
		{title: "an image's detail", model: novaModel, change: withPart(chat.Part{Image: &chat.Image{Format: "png", Detail: "low"}}), dropped: []string{"messages.content.image_url.detail"}},
		{title: "an image for a model without", model: llamaModel, change: withPart(chat.Part{Image: &chat.Image{Format: "png"}}), refused: []string{"/messages/0/content/1"}},
		{title: "a wide image", model: novaModel, change: withPart(chat.Part{Image: &chat.Image{Format: "png", Width: 8001}}), refused: []string{"/messages/0/content/1"}},
		{title: "a large image", model: novaModel, change: withPart(chat.Part{Image: &chat.Image{Format: "png", Data: make([]byte, maxImageBytes+1)}}), refused: []string{"/messages/0/content/1"}},
		{title: "an image of the assistant", model: novaModel, change: asking(user("x"), chat.Message{Role: chat.RoleAssistant, Content: []chat.Part{{Image: &chat.Image{}}}}, user("y")), refused: []string{"/messages/1/content/0"}},
		{title: "an image of the system", model: novaModel, change: asking(chat.Message{Role: chat.RoleSystem, Content: []chat.Part{{Image: &chat.Image{}}}}, user("y")), refused: []string{"/messages/0/content/0"}},
		{title: "a document", model: claude45Model, change: withPart(chat.Part{File: &chat.File{Format: "pdf"}})},
		{title: "a document for a model without", model: "amazon.nova-micro-v1:0", change: withPart(chat.Part{File: &chat.File{Format: "pdf"}}), refused: []string{"/messages/0/content/1"}},
		{title: "a document for open weights", model: ossModel, change: withPart(chat.Part{File: &chat.File{Format: "pdf"}}), refused: []string{"/messages/0/content/1"}},
		{title: "a large document", model: claude45Model, change: withPart(chat.Part{File: &chat.File{Format: "pdf", Data: make([]byte, maxDocumentBytes+1)}}), refused: []string{"/messages/0/content/1"}},
		{title: "a document of a tool", model: claude45Model, change: asking(append(toolLoop()[:2], chat.Message{Role: chat.RoleTool, ToolCallID: "call_1", Content: []chat.Part{{File: &chat.File{Format: "pdf"}}}})...), refused: []string{"/messages/2/content/0"}},
		{title: "a name of the system", model: claude45Model, change: asking(chat.Message{Role: chat.RoleSystem, Name: "ops", Content: []chat.Part{{Text: "x"}}}, user("Hi")), dropped: []string{"messages.name"}},
		{title: "a participant's name", model: claude45Model, change: asking(chat.Message{Role: chat.RoleUser, Name: "ann", Content: []chat.Part{{Text: "Hi"}}}), dropped: []string{"messages.name"}},

		{
			title: "tools for a model without", model: mistralModel, change: choosing(chat.ChooseRequired, "", ""), dropped: []string{"tools"},
			check: func(t *testing.T, c chat.Conversation) { assert.Empty(t, c.Tools) },
		},
		{title: "a forced tool", model: novaModel, change: choosing(chat.ChooseTool, "time", "")},
		{title: "a forced tool where there is no choice", model: llamaModel, change: choosing(chat.ChooseRequired, "", ""), dropped: []string{"tool_choice"}},
		{
			title: "a named tool where any can be forced", model: "mistral.mistral-small-2402-v1:0", change: choosing(chat.ChooseTool, "time", ""),
			check: func(t *testing.T, c chat.Conversation) {
				assert.Equal(t, []chat.Tool{{Name: "time"}}, c.Tools)
				assert.Equal(t, chat.ChooseRequired, c.ToolChoice.Mode)
			},
		},
		{
			title: "the same of Mistral Large", model: "mistral.mistral-large-2407-v1:0", change: choosing(chat.ChooseTool, "time", ""),
			check: func(t *testing.T, c chat.Conversation) { assert.Equal(t, chat.ChooseRequired, c.ToolChoice.Mode) },
		},
		{
			title: "no tool", model: claude45Model, change: choosing(chat.ChooseNone, "", ""),
			check: func(t *testing.T, c chat.Conversation) { assert.Empty(t, c.Tools) },
		},
		{
			title: "no tool, with calls in the history", model: claude45Model,
			change: func(c *chat.Conversation) {
				choosing(chat.ChooseNone, "", "")(c)
				c.Messages = toolLoop()
			},
			dropped: []string{"tool_choice"},
			check:   func(t *testing.T, c chat.Conversation) { assert.Len(t, c.Tools, 2) },
		},
		{
			title: "one call at a time", model: claude45Model,
			change: func(c *chat.Conversation) {
				choosing(chat.ChooseAuto, "", "")(c)
				c.ParallelToolCalls = aws.Bool(false)
			},
			check: func(t *testing.T, c chat.Conversation) { assert.NotNil(t, c.ParallelToolCalls) },
		},
		{
			title: "the same where it isn't known", model: novaModel,
			change: func(c *chat.Conversation) {
				choosing(chat.ChooseAuto, "", "")(c)
				c.ParallelToolCalls = aws.Bool(false)
			},
			dropped: []string{"parallel_tool_calls"},
		},
		{title: "the same without tools", model: novaModel, change: func(c *chat.Conversation) { c.ParallelToolCalls = aws.Bool(false) }},

		{title: "reasoning", model: claude45Model, change: reasoningAt("medium", 4096)},
		{title: "reasoning where there is none", model: claude35Model, change: reasoningAt("medium", 4096), dropped: []string{"reasoning_effort"}},
		{title: "no reasoning where there is none", model: claude35Model, change: reasoningAt("none", 4096)},
		{title: "no reasoning where it can't be turned off", model: r1Model, change: reasoningAt("none", 4096), dropped: []string{"reasoning_effort"}},
		{title: "reasoning without a limit of tokens", model: claude45Model, change: reasoningAt("low", 0)},
		{title: "reasoning that doesn't fit", model: claude45Model, change: reasoningAt("low", 1024), dropped: []string{"reasoning_effort"}},
		{
			title: "reasoning beside sampling", model: claude45Model,
			change: func(c *chat.Conversation) {
				c.ReasoningEffort, c.MaxTokens, c.Temperature = "high", 8192, aws.Float64(0.2)
			},
			dropped: []string{"temperature"},
		},
		{
			title: "the same with Nova", model: nova2Model,
			change: func(c *chat.Conversation) {
				c.ReasoningEffort, c.Temperature, c.TopP = "low", aws.Float64(0.2), aws.Float64(1)
			},
			check: func(t *testing.T, c chat.Conversation) {
				assert.InDelta(t, 0.2, *c.Temperature, 0)
				assert.InDelta(t, 1, *c.TopP, 0)
			},
		},
		{title: "no effort that is known", model: nova2Model, change: reasoningAt("novel", 4096), dropped: []string{"reasoning_effort"}},
		{title: "an effort that isn't there", model: nova2Model, change: reasoningAt("xhigh", 4096), clamped: []chat.Clamp{{Member: "reasoning_effort", Limit: `"medium"`}}},
		{title: "the least effort", model: claude46Model, change: reasoningAt("minimal", 4096), clamped: []chat.Clamp{{Member: "reasoning_effort", Limit: `"low"`}}},
		{title: "a forced tool beside reasoning", model: claude46Model, change: choosing(chat.ChooseRequired, "", "high"), dropped: []string{"reasoning_effort"}},
		{
			title: "the same where reasoning is the default", model: claude5Model, change: choosing(chat.ChooseRequired, "", "high"), dropped: []string{"reasoning_effort"},
			check: func(t *testing.T, c chat.Conversation) { assert.Equal(t, noEffort, c.ReasoningEffort) },
		},
		{
			title: "a forced tool where reasoning is the default", model: claude5Model, change: choosing(chat.ChooseTool, "time", ""),
			check: func(t *testing.T, c chat.Conversation) { assert.Equal(t, noEffort, c.ReasoningEffort) },
		},
		{
			title: "a schema where reasoning is the default", model: claude5Model, change: answering(looseSchema, ""),
			check: func(t *testing.T, c chat.Conversation) { assert.Equal(t, noEffort, c.ReasoningEffort) },
		},
		{
			title: "a schema beside reasoning", model: claude5Model, change: answering(looseSchema, "high"),
			check: func(t *testing.T, c chat.Conversation) { assert.Equal(t, "high", c.ReasoningEffort) },
		},
		{title: "a forced tool where none can be forced", model: "us.anthropic.claude-opus-5-5", change: choosing(chat.ChooseTool, "time", "high"), dropped: []string{"tool_choice"}},
		{
			title: "reasoning after an unsigned call", model: claude45Model,
			change: func(c *chat.Conversation) {
				reasoningAt("high", 8192)(c)
				c.Messages = toolLoop(chat.Reasoning{Text: "They want the weather."})
			},
			dropped: []string{"reasoning_effort"},
		},
		{
			title: "reasoning after a signed call", model: claude45Model,
			change: func(c *chat.Conversation) {
				reasoningAt("high", 8192)(c)
				c.Messages = toolLoop(chat.Reasoning{Text: "They want the weather.", Signature: "c2ln"})
			},
		},
		{
			title: "adaptive reasoning after an unsigned call", model: claude46Model,
			change: func(c *chat.Conversation) {
				reasoningAt("high", 8192)(c)
				c.Messages = toolLoop()
			},
		},
		{title: "top_k", model: claude45Model, change: passing("top_k", "500")},
		{title: "top_k where there is none", model: llamaModel, change: passing("top_k", "5"), dropped: []string{"top_k"}, check: nothingPassed},
		{title: "top_k where it is deprecated", model: claude47Model, change: passing("top_k", "5"), dropped: []string{"top_k"}, check: nothingPassed},
		{
			title: "top_k beside reasoning", model: claude45Model,
			change: func(c *chat.Conversation) {
				passing("top_k", "5")(c)
				reasoningAt("high", 8192)(c)
			},
			dropped: []string{"top_k"}, check: nothingPassed,
		},
		{
			title: "top_k above the limit", model: novaModel, change: passing("top_k", "500"), clamped: []chat.Clamp{{Member: "top_k", Limit: "128"}},
			check: func(t *testing.T, c chat.Conversation) { assert.Equal(t, "128", string(c.PassThrough["top_k"])) },
		},
		{title: "a member that isn't known here", model: llamaModel, change: passing("performance", `"fast"`)},
		{title: "a model that doesn't chat", model: "amazon.titan-embed-text-v2:0", refused: []string{"/model"}},
		{title: "an unknown model", model: novelModel, change: choosing(chat.ChooseTool, "time", "")},
	} {
		t.Run(test.title, func(t *testing.T) {
			c := chat.Conversation{Model: test.model, Messages: []chat.Message{user("Hello")}, MaxTokens: 2048}
			if test.change != nil {
				test.change(&c)
			}
			got := (&Provider{}).Adapt(c)
			assert.Equal(t, test.dropped, got.Dropped)
			assert.Equal(t, test.clamped, got.Clamped)
			var refused []string
			for _, fault := range got.Refused {
				refused = append(refused, fault.Pointer)
				assert.False(t, strings.HasSuffix(fault.Detail, "."), "problems end it themselves: %s", fault.Detail)
			}
			assert.Equal(t, test.refused, refused)
			if test.check != nil {
				test.check(t, got.Conversation)
			}
			again := (&Provider{}).Adapt(got.Conversation)
			if test.refused == nil {
				assert.Equal(t, got.Conversation, again.Conversation, "an adapted conversation needs no change")
			}
		})
	}
}

// TestDefaultsOfSampling checks that a value that changes the answer is told when it is
// left out, also where it is Claude's default.
func TestDefaultsOfSampling(t *testing.T) {
	for model, dropped := range map[string][]string{claude45Model: nil, novaModel: {"temperature", "top_p"}, llamaModel: {"temperature", "top_p"}} {
		a := adapter{c: &chat.Conversation{Temperature: aws.Float64(1), TopP: aws.Float64(1)}, family: familyOf(model)}
		a.dropTemperature()
		a.dropTopP()
		assert.Equal(t, dropped, a.dropped, model)
	}
}

func TestTooManyImages(t *testing.T) {
	parts := make([]chat.Part, maxImages+1)
	for i := range parts {
		parts[i].Image = &chat.Image{Format: "png"}
	}
	c := chat.Conversation{Model: claude45Model, Messages: []chat.Message{{Role: chat.RoleUser, Content: parts}}}
	got := (&Provider{}).Adapt(c)
	require.Len(t, got.Refused, 1)
	assert.Equal(t, "/messages/0/content/20", got.Refused[0].Pointer)
}

func TestTooManyDocuments(t *testing.T) {
	parts := make([]chat.Part, maxDocuments+1)
	for i := range parts {
		parts[i].File = &chat.File{Format: "pdf"}
	}
	c := chat.Conversation{Model: claude45Model, Messages: []chat.Message{{Role: chat.RoleUser, Content: parts}}}
	got := (&Provider{}).Adapt(c)
	require.Len(t, got.Refused, 1)
	assert.Equal(t, "/messages/0/content/5", got.Refused[0].Pointer)
}

// TestAdaptKeepsTheRequest checks that the caller's conversation isn't changed.
func TestAdaptKeepsTheRequest(t *testing.T) {
	c := chat.Conversation{Model: claude47Model, Messages: []chat.Message{user("Hello")}, Stop: []string{"\n", "END"}, Temperature: aws.Float64(2)}
	passing("top_k", "5")(&c)
	(&Provider{}).Adapt(c)
	assert.Len(t, c.PassThrough, 1)
	assert.Equal(t, []string{"\n", "END"}, c.Stop)
	assert.InDelta(t, 2, *c.Temperature, 0)
}
