package api

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// assembled is a choice as a client puts it together from chunks.
type assembled struct {
	begun, hasText                         bool
	text, refusal, reasoning, finishReason string
	blocks                                 []map[string]any
	calls                                  map[int]assembledCall
	logprobs                               []json.RawMessage
}

type assembledCall struct{ id, name, arguments string }

// assembleChunks puts the chunks of a stream together, by choice.
func assembleChunks(t testing.TB, all []chunk) map[int]*assembled {
	t.Helper()
	choices := map[int]*assembled{}
	for _, c := range all {
		for _, piece := range c.Choices {
			choice := choices[piece.Index]
			if choice == nil {
				choice = &assembled{calls: map[int]assembledCall{}}
				choices[piece.Index] = choice
			}
			require.Empty(t, choice.finishReason, "a piece after the last")
			choice.add(t, piece.Delta)
			if string(piece.Logprobs) != "null" {
				choice.logprobs = append(choice.logprobs, piece.Logprobs)
			}
			if piece.FinishReason != nil {
				choice.finishReason = *piece.FinishReason
			}
		}
	}
	return choices
}

func (a *assembled) add(t testing.TB, delta map[string]any) {
	t.Helper()
	for name, value := range delta {
		switch name {
		case "role":
			require.False(t, a.begun, "a role twice")
			require.Equal(t, "assistant", value)
		case "content":
			text, given := value.(string)
			a.text, a.hasText = a.text+text, a.hasText || given
		case "refusal":
			a.refusal += value.(string)
		case "reasoning_content":
			a.reasoning += value.(string)
		case "thinking_blocks":
			for _, block := range value.([]any) {
				a.blocks = append(a.blocks, block.(map[string]any))
			}
		case "tool_calls":
			for _, call := range value.([]any) {
				a.addCall(t, call.(map[string]any))
			}
		default:
			t.Fatalf("an unknown member: %s", name)
		}
	}
	if !a.begun {
		require.Contains(t, delta, "role", "the first piece")
		a.begun = true
	}
}

func (a *assembled) addCall(t testing.TB, piece map[string]any) {
	t.Helper()
	index := int(piece["index"].(float64))
	call := a.calls[index]
	function := piece["function"].(map[string]any)
	if id, first := piece["id"]; first {
		require.Zero(t, call, "a call begins twice")
		require.Equal(t, "function", piece["type"])
		call.id, call.name = id.(string), function["name"].(string)
	}
	call.arguments += function["arguments"].(string)
	a.calls[index] = call
}
