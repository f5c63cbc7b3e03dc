package scriptedmodel

import (
	"encoding/json"
	"strconv"
	"sync"
)

// cache knows the beginnings of the prompts so far, by hash.
type cache struct {
	mutex sync.Mutex
	known map[uint64]bool
}

// maxPrefixes limits what the cache knows; beyond it starts anew.
const maxPrefixes = 100_000

func newCache() *cache { return &cache{known: map[uint64]bool{}} }

// prompt adds the request's prompt. It returns the number of its tokens, and how many of
// them began an earlier prompt; none if they are fewer than the minimum.
func (c *cache) prompt(q *request, minimum int) (all, cached int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if len(c.known) > maxPrefixes {
		clear(c.known)
	}
	prefix := hash(q.Model)
	add := func(piece string, tokens int) {
		all += tokens
		prefix = hash(strconv.FormatUint(prefix, 16), piece)
		if c.known[prefix] {
			cached = all
		}
		c.known[prefix] = true
	}
	if tools := q.toolsText(); tools != "" {
		add(tools, count(tools))
	}
	for _, m := range q.Messages {
		text, _ := json.Marshal(m)
		add(string(text), m.tokens())
	}
	if cached < minimum {
		cached = 0
	}
	return all, cached
}

// toolsText returns the text by which a model knows its tools; empty without tools.
func (q *request) toolsText() string {
	if len(q.Tools) == 0 {
		return ""
	}
	text, _ := json.Marshal(q.Tools)
	return string(text)
}

// tokens returns how many tokens of a prompt a message is.
func (m message) tokens() int {
	sum := 0
	for _, p := range m.Content {
		sum += count(p.Text) + p.attachmentTokens()
	}
	for _, call := range m.ToolCalls {
		sum += count(call.Function.Name) + count(call.Function.Arguments)
	}
	return sum
}
