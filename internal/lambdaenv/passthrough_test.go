package lambdaenv

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPassThrough(t *testing.T) {
	for _, member := range []string{"top_k", "min_p", "chat_template_kwargs", "guided_json", "k2", strings.Repeat("a", 64)} {
		assert.True(t, IsPassThrough(member), member)
	}
	for _, member := range []string{
		"", "Top_k", "topK", "top-k", "_k", "2k", "top k", "a,b", "a=b", "é", strings.Repeat("a", 65),
		"messages", "model", "tools", "stream", "input", "max_tokens", "response_format", "reasoning_effort",
	} {
		assert.False(t, IsPassThrough(member), member)
	}
}
