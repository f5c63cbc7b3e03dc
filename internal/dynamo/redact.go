package dynamo

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/secret"
)

// minRedacted is the length from which a value is redacted. Shorter ones are found in
// every text.
const minRedacted = 3

// redact returns a message without the values of items.
func redact(message string, items []Item) string {
	var texts []string
	for _, item := range items {
		texts = appendTexts(texts, item)
	}
	// Longer ones first: one value may be a part of another.
	slices.SortFunc(texts, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	var pairs []string
	for _, text := range texts {
		if len(text) >= minRedacted {
			pairs = append(pairs, text, secret.Redacted)
		}
	}
	return strings.NewReplacer(pairs...).Replace(message)
}

// appendTexts appends the strings and numbers of an item.
func appendTexts(texts []string, item Item) []string {
	for _, value := range item {
		if value.S != nil {
			texts = append(texts, *value.S)
		}
		if value.N != nil {
			texts = append(texts, *value.N)
		}
		texts = appendTexts(append(texts, value.SS...), value.M)
	}
	return texts
}
