package openai

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// FuzzReply finds replies of a server that crash the provider, that are accepted without
// being one, or whose pieces add up to something else.
func FuzzReply(f *testing.F) {
	for _, text := range []string{
		completion, stream, "", "null", "[]", `{"choices":[{}],"usage":{}}`, `{"choices":[{"message":{"content":""}}],"usage":{}}`,
		`{"error":{"message":"x","code":400}}`, "data: [DONE]\n\n", `{"choices":[{"message":{"content":[{"text":["a"]},"b"],"reasoning":"c"}},{"message":{}}]}`,
		"data: {\"choices\":[{\"index\":1,\"delta\":{\"tool_calls\":[{\"id\":\"a\",\"function\":{\"arguments\":{}}},{\"index\":-1}]}}]}\n\ndata: [DONE]",
		"event: error\rdata: {\r\rdata:", `{"choices":[{"message":{"function_call":{"name":"f","arguments":null}},"finish_reason":"length"}]}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, pieces, err := read(strings.NewReader(text))
		if err != nil {
			assert.Empty(t, got.Choices)
			return
		}
		require.NotEmpty(t, got.Choices)
		together := assemble(pieces)
		for i, choice := range got.Choices {
			assert.NotEmpty(t, choice.StopReason)
			assert.Equal(t, chat.Choice{Text: choice.Text, Refusal: choice.Refusal, Reasoning: choice.Reasoning}, chat.Choice{Text: together[i].Text, Refusal: together[i].Refusal, Reasoning: together[i].Reasoning})
			assert.Len(t, together[i].ToolCalls, len(choice.ToolCalls))
			for _, call := range choice.ToolCalls {
				assert.NotEmpty(t, call.ID)
			}
			assert.True(t, choice.Logprobs == nil || json.Valid(choice.Logprobs))
		}
	})
}

// FuzzEvents finds streams that crash the parser, or that it reads differently if they
// come in pieces or with other line ends.
func FuzzEvents(f *testing.F) {
	for _, text := range []string{stream, "data: a\r\n\r\n", "data:a\r\rdata\n\n", "\ufeffevent: x\ndata: y\ndata: z\n\n:c\n\nid", "\n\r"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, err := readEvents(strings.NewReader(text))
		require.True(t, errors.Is(err, io.EOF) || errors.Is(err, errEventTooLarge))
		got, _ := readEvents(iotest.OneByteReader(strings.NewReader(text)))
		assert.Equal(t, want, got)
		plain := strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
		got, _ = readEvents(strings.NewReader(plain))
		assert.Equal(t, want, got)
		for _, one := range got {
			assert.NotContains(t, one, "\r")
		}
	})
}

// FuzzRequest finds conversations whose request is not JSON, or has another text.
func FuzzRequest(f *testing.F) {
	f.Add("Hello \"<b>\"\n", "call_1", `{"a":1}`, []byte{1, 2})
	f.Add("\xff\x00\u2028", "", "", []byte{})
	f.Fuzz(func(t *testing.T, text, id, arguments string, file []byte) {
		c := chat.Conversation{Model: id, Stop: []string{text}, MaxTokens: len(text), Messages: []chat.Message{
			{Role: chat.RoleUser, Name: id, Content: []chat.Part{{Text: text}, {Image: &chat.Image{Format: "png", Data: file, Detail: id}}}},
			{Role: chat.RoleAssistant, Reasoning: []chat.Reasoning{{Text: text}}, ToolCalls: []chat.ToolCall{{ID: id, Name: text, Arguments: arguments}}},
			{Role: chat.RoleTool, ToolCallID: id, Content: []chat.Part{{Text: text}}},
		}}
		var got struct {
			Messages []struct {
				Content   json.RawMessage
				ToolCalls []struct {
					Function struct{ Arguments string }
				} `json:"tool_calls"`
			}
		}
		require.NoError(t, json.Unmarshal(requestBody(c, dialect{}, true), &got))
		require.Len(t, got.Messages, 3)
		var again string
		require.NoError(t, json.Unmarshal(got.Messages[2].Content, &again))
		assert.Equal(t, string([]rune(text)), again)
		if arguments != "" {
			assert.Equal(t, string([]rune(arguments)), got.Messages[1].ToolCalls[0].Function.Arguments)
		}
	})
}

// BenchmarkRequest measures the request for a conversation as agents send it.
func BenchmarkRequest(b *testing.B) {
	c := chat.Conversation{Model: "m", MaxTokens: 9}
	for range 20 {
		c.Tools = append(c.Tools, chat.Tool{Name: "tool", Description: "Does this.", Parameters: json.RawMessage(`{"type":"object","properties":{"a":{"type":"string"}}}`)})
	}
	for range 50 {
		c.Messages = append(c.Messages, chat.Message{Role: chat.RoleUser, Content: []chat.Part{{Text: strings.Repeat("What is this?\n", 20)}}})
	}
	b.ReportAllocs()
	for b.Loop() {
		requestBody(c, dialect{}, false)
	}
}

// BenchmarkReply measures the decoding of a whole reply and of a stream.
func BenchmarkReply(b *testing.B) {
	for name, text := range map[string]string{"whole": completion, "stream": stream} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := readReply(strings.NewReader(text), func(chat.Delta) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
