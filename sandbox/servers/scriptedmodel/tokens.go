package scriptedmodel

import (
	"hash/fnv"
	"regexp"
)

// token matches a token: a word, number or punctuation mark with the space before it, or
// other white space.
var token = regexp.MustCompile(` ?[\p{L}\p{N}\p{M}_'’]+| ?[^\s\p{L}\p{N}\p{M}_'’]|\s+?`)

// tokens returns the tokens of a text, which together are the text.
func tokens(text string) []string { return token.FindAllString(text, -1) }

func count(text string) int { return len(tokens(text)) }

// hash returns a number for a list of strings, the same in every run.
func hash(texts ...string) uint64 {
	h := fnv.New64a()
	for _, text := range texts {
		_, _ = h.Write([]byte(text))
		_, _ = h.Write([]byte{0})
	}
	return h.Sum64()
}
