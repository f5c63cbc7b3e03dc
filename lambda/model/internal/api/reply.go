package api

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// chatCompletion is OpenAI's response with the request's id added.
type chatCompletion struct {
	ID                string       `json:"id"`
	Object            string       `json:"object"`
	Created           int64        `json:"created"`
	Model             string       `json:"model"`
	SystemFingerprint *string      `json:"system_fingerprint"`
	Choices           []chatChoice `json:"choices"`
	Usage             chatUsage    `json:"usage"`
	RequestID         string       `json:"request_id"`
}

type chatChoice struct {
	Index        int             `json:"index"`
	Message      chatReply       `json:"message"`
	Logprobs     json.RawMessage `json:"logprobs"` // null without
	FinishReason string          `json:"finish_reason"`
}

// chatReply is the message of the assistant. Reasoning has the names that servers and
// clients have for it, since OpenAI's API has none.
type chatReply struct {
	Role             string          `json:"role"`
	Content          *string         `json:"content"` // null if there are calls of tools only
	Refusal          *string         `json:"refusal"`
	ReasoningContent string          `json:"reasoning_content,omitempty"`
	ThinkingBlocks   []thinkingBlock `json:"thinking_blocks,omitempty"` // if the model demands its reasoning back
	ToolCalls        []chatToolCall  `json:"tool_calls,omitempty"`
}

// The types of blocks of reasoning, as Anthropic has them.
const (
	thinkingType = "thinking"
	redactedType = "redacted_thinking"
)

// thinkingBlock is a block of reasoning with the signature by which the model recognizes
// it.
type thinkingBlock struct {
	Type      string  `json:"type"`
	Thinking  *string `json:"thinking,omitempty"`
	Signature string  `json:"signature,omitempty"`
	Data      string  `json:"data,omitempty"` // encrypted, in base64
}

type chatToolCall struct {
	ID       string       `json:"id"`
	Type     string       `json:"type"`
	Function chatFunction `json:"function"`
}

type chatFunction struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

type chatUsage struct {
	PromptTokens            int                      `json:"prompt_tokens"`
	CompletionTokens        int                      `json:"completion_tokens"`
	TotalTokens             int                      `json:"total_tokens"`
	PromptTokensDetails     promptTokensDetails      `json:"prompt_tokens_details"`
	CompletionTokensDetails *completionTokensDetails `json:"completion_tokens_details,omitempty"`
}

type promptTokensDetails struct {
	CachedTokens int `json:"cached_tokens"`
}

type completionTokensDetails struct {
	ReasoningTokens int `json:"reasoning_tokens"`
}

func (openAIShape) write(e *exchange) any {
	done := e.call.completion
	choices := make([]chatChoice, len(done.Choices))
	for i, choice := range done.Choices {
		choices[i] = chatChoice{Index: i, Message: replyOf(choice), Logprobs: choice.Logprobs, FinishReason: finishReason(choice)}
	}
	return chatCompletion{
		ID:                completionID(e),
		Object:            "chat.completion",
		Created:           e.began.Unix(),
		Model:             e.call.model,
		SystemFingerprint: orNull(done.Version),
		Choices:           choices,
		Usage:             usageOf(done.Usage),
		RequestID:         e.id,
	}
}

func completionID(e *exchange) string { return "chatcmpl-" + strings.TrimRight(e.id, "=") }

func replyOf(choice chat.Choice) chatReply {
	reply := chatReply{Role: chat.RoleAssistant, Refusal: orNull(choice.Refusal)}
	if choice.Text != "" || len(choice.ToolCalls) == 0 && choice.Refusal == "" {
		reply.Content = &choice.Text
	}
	for _, call := range choice.ToolCalls {
		reply.ToolCalls = append(reply.ToolCalls, chatToolCall{call.ID, "function", chatFunction{call.Name, call.Arguments}})
	}
	var reasoning strings.Builder
	for _, block := range choice.Reasoning {
		reasoning.WriteString(block.Text)
		if block.Signature != "" || block.Redacted != nil {
			reply.ThinkingBlocks = append(reply.ThinkingBlocks, blockOf(block))
		}
	}
	reply.ReasoningContent = reasoning.String()
	return reply
}

func blockOf(r chat.Reasoning) thinkingBlock {
	if r.Redacted != nil {
		return thinkingBlock{Type: redactedType, Data: base64.StdEncoding.EncodeToString(r.Redacted)}
	}
	return thinkingBlock{Type: thinkingType, Thinking: &r.Text, Signature: r.Signature}
}

func usageOf(u chat.Usage) chatUsage {
	usage := chatUsage{
		PromptTokens:        u.InputTokens,
		CompletionTokens:    u.OutputTokens,
		TotalTokens:         u.TotalTokens,
		PromptTokensDetails: promptTokensDetails{u.CachedTokens},
	}
	if u.ReasoningTokens > 0 {
		usage.CompletionTokensDetails = &completionTokensDetails{u.ReasoningTokens}
	}
	return usage
}

// finishReason returns OpenAI's value for why the model stopped.
func finishReason(choice chat.Choice) string {
	switch choice.StopReason {
	case chat.ToolUse:
		return "tool_calls"
	case chat.MaxTokens, chat.ContextWindow:
		return "length"
	case chat.Filtered, chat.Guardrail:
		return "content_filter"
	}
	return "stop"
}
