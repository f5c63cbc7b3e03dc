package admission

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/price"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// says returns a conversation with a message.
func says(m chat.Message) chat.Conversation {
	return chat.Conversation{Model: "m", Messages: []chat.Message{m}, MaxTokens: 100}
}

func TestBoundCountsEverythingThatTheModelReads(t *testing.T) {
	const text = "Grüß Gott" // 11 bytes
	content := func(p chat.Part) chat.Message { return chat.Message{Content: []chat.Part{p}} }
	for title, test := range map[string]struct {
		c    chat.Conversation
		want int
	}{
		"nothing":       {chat.Conversation{}, 64},
		"text":          {says(content(chat.Part{Text: text})), 64 + 16 + 11},
		"name":          {says(chat.Message{Name: "joe"}), 64 + 16 + 3},
		"refusal":       {says(chat.Message{Refusal: "no"}), 64 + 16 + 2},
		"small image":   {says(content(chat.Part{Image: &chat.Image{Data: make([]byte, 42), Width: 1, Height: 1}})), 64 + 16 + 256},
		"large image":   {says(content(chat.Part{Image: &chat.Image{Data: make([]byte, 42), Width: 1000, Height: 1000}})), 64 + 16 + 2256},
		"image of many": {says(content(chat.Part{Image: &chat.Image{Data: make([]byte, 9999), Width: 10, Height: 10}})), 64 + 16 + 9999},
		"file":          {says(content(chat.Part{File: &chat.File{Name: "a.pdf", Data: make([]byte, 100)}})), 64 + 16 + 5 + 400},
		"call": {
			says(chat.Message{ToolCalls: []chat.ToolCall{{ID: "1", Name: "f", Arguments: `{"a":1}`}}}), 64 + 16 + 16 + 1 + 1 + 7 + 1024,
		},
		"result":    {says(chat.Message{Role: chat.RoleTool, ToolCallID: "1", Content: []chat.Part{{Text: "x"}}}), 64 + 16 + 1 + 1 + 1024},
		"reasoning": {says(chat.Message{Reasoning: []chat.Reasoning{{Text: "ab", Signature: "cd"}, {Redacted: []byte("efg")}}}), 64 + 16 + 2*16 + 4 + 3},
		"tools": {
			chat.Conversation{Tools: []chat.Tool{{Name: "f", Description: "does it", Parameters: []byte(`{}`)}, {Name: "g"}}}, 64 + 2*64 + 1 + 7 + 2 + 1 + 1024,
		},
		"schema":  {chat.Conversation{Format: chat.Format{Type: chat.FormatSchema, Name: "n", Description: "d", Schema: []byte(`{}`)}}, 64 + 4 + 1024},
		"options": {chat.Conversation{Options: map[string]json.RawMessage{"user": []byte(`"a"`)}, PassThrough: map[string]json.RawMessage{"k": []byte(`1`)}}, 64 + 7 + 2},
	} {
		assert.Equal(t, test.want, Bound(test.c), title)
	}
}

// The documented number of tokens of images, and of the prompts for tools.
func TestBoundIsAboveWhatIsDocumented(t *testing.T) {
	for _, image := range []struct{ width, height, tokens int }{
		{900, 450, 800}, {900, 900, 1300}, {1400, 900, 1800}, {1800, 900, 2400}, {1300, 1300, 2600}, // Nova
		{200, 200, 54}, {1000, 1000, 1334}, {1092, 1092, 1590}, // Claude
	} {
		bound := part(&chat.Part{Image: &chat.Image{Width: image.width, Height: image.height}})
		assert.GreaterOrEqual(t, bound, image.tokens, "%d × %d", image.width, image.height)
	}
	const ofTools = 530 // of Claude 3 Opus, the most
	assert.Greater(t, Bound(chat.Conversation{Tools: []chat.Tool{{}}}), ofTools)
}

func TestNeeds(t *testing.T) {
	c := says(chat.Message{})
	assert.Equal(t, Need{Model: "m", Input: 80 + 7, Choices: 1, Output: 100}, ForConversation(chat.Adaptation{Conversation: c, Added: 7}))
	for n, want := range map[string]int{"1": 1, "2": 2, "8.0": 8, "3e0": 3, "null": 1} {
		c.Options = map[string]json.RawMessage{"n": []byte(n)}
		assert.Equal(t, want, ForConversation(chat.Adaptation{Conversation: c}).Choices, n)
	}
	c.Options = map[string]json.RawMessage{"prediction": []byte(`{"content":"x"}`)}
	assert.Equal(t, 100+15, ForConversation(chat.Adaptation{Conversation: c}).output())

	assert.Equal(t, Need{Model: "e", Input: 64 + 32 + 5, Choices: 1}, ForEmbeddings(chat.EmbeddingRequest{Model: "e", Texts: []string{"ab", "cde"}}))
	assert.Equal(t, Need{Model: "e", Input: 64 + 16 + 3, Choices: 1}, ForEmbeddings(chat.EmbeddingRequest{Model: "e", Tokens: [][]int{{1, 2, 3}}}))
	assert.Equal(t, int64(64+16+3), ForEmbeddings(chat.EmbeddingRequest{Tokens: [][]int{{1, 2, 3}}}).use(price.Price{}).Tokens)
}

func TestOutcomes(t *testing.T) {
	p := price.Price{Input: price.Dollar, Output: 2 * price.Dollar, CacheRead: price.Dollar / 10, CacheWrite: price.Dollar}
	used := chat.Usage{InputTokens: 10, OutputTokens: 5, TotalTokens: 15}
	text := []chat.Choice{{Text: "Hi"}}
	nothing, held := budget.Outcome{Charge: budget.ChargedNothing}, budget.Outcome{Charge: budget.ChargedHold}
	use := func(cost price.Amount, tokens int64) budget.Outcome {
		return budget.Outcome{Charge: budget.ChargedUse, Use: budget.Use{Cost: cost, Tokens: tokens}}
	}
	for title, test := range map[string]struct {
		done chat.Completion
		err  error
		want budget.Outcome
	}{
		"a reply":               {chat.Completion{Choices: text, Usage: used}, nil, use(20_000, 15)},
		"of the cache":          {chat.Completion{Choices: text, Usage: chat.Usage{InputTokens: 10, CachedTokens: 10, OutputTokens: 5}}, nil, use(11_000, 15)},
		"reasoning beside it":   {chat.Completion{Choices: text, Usage: chat.Usage{InputTokens: 10, OutputTokens: 5, TotalTokens: 20}}, nil, use(30_000, 20)},
		"embeddings":            {chat.Completion{Usage: chat.Usage{InputTokens: 10, TotalTokens: 10}}, nil, use(10_000, 10)},
		"malformed":             {chat.Completion{Choices: text, Usage: used}, fmt.Errorf("%w: no JSON", chat.ErrMalformed), use(20_000, 15)},
		"malformed, no usage":   {chat.Completion{}, chat.ErrMalformed, held},
		"no usage":              {chat.Completion{Choices: text}, nil, held},
		"no usage of the reply": {chat.Completion{Choices: text, Usage: chat.Usage{InputTokens: 10}}, nil, held},
		"nor of a call":         {chat.Completion{Choices: []chat.Choice{{ToolCalls: make([]chat.ToolCall, 1)}}, Usage: chat.Usage{InputTokens: 10}}, nil, held},
		"an empty reply":        {chat.Completion{Choices: make([]chat.Choice, 1), Usage: chat.Usage{InputTokens: 10}}, nil, use(10_000, 10)},
		"cut off":               {chat.Completion{Usage: used}, errors.New("the connection broke"), held},
		"timeout":               {chat.Completion{}, chat.ErrTimeout, held},
		"busy":                  {chat.Completion{}, chat.ErrBusy, held},
		"busy before":           {chat.Completion{}, chat.NotComputed(chat.ErrBusy), nothing},
	} {
		got, _ := outcome(p, test.done, test.err)
		assert.Equal(t, test.want, got, title)
	}
}

func FuzzBound(f *testing.F) {
	f.Add("Hello", "f", 3)
	f.Fuzz(func(t *testing.T, text, name string, messages int) {
		c := chat.Conversation{Tools: []chat.Tool{{Name: name, Description: text}}}
		size := 0
		for range messages % 50 {
			c.Messages = append(c.Messages, chat.Message{Content: []chat.Part{{Text: text}}})
			size += len(text)
		}
		assert.Greater(t, Bound(c), size+len(strings.TrimSpace(name)))
	})
}
