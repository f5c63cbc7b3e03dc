package scriptedmodel

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// array returns the items that the text has, of a number that the schema permits.
func (r *reader) array(s schema, name string) any {
	r.depth++
	defer func() { r.depth-- }()
	item := s.child(s.keywords["items"]).resolve()
	least, hasLeast := s.number("minItems")
	most, hasMost := s.number("maxItems")
	if prefix := s.children("prefixItems"); len(prefix) > 0 {
		values := []any{}
		for _, p := range prefix {
			values = append(values, r.fill(p, name))
		}
		return values
	}
	values := []any{}
	if r.depth <= maxDepth {
		values = r.items(item, name)
	}
	var unique bool
	if s.read("uniqueItems", &unique); unique {
		values = distinct(values)
	}
	for hasLeast && len(values) < int(least) {
		values = append(values, r.another(item, name, len(values)+1, unique))
	}
	if hasMost && len(values) > int(most) {
		values = values[:int(most)]
	}
	return values
}

// items returns one item for each of the text's clues that fit.
func (r *reader) items(item schema, name string) []any {
	values := []any{}
	var choices []any
	switch t := item.types(); {
	case item.read("enum", &choices):
		for _, c := range choices {
			if text, _ := c.(string); len(r.mentions(text)) > 0 {
				values = append(values, c)
			}
		}
	case slices.Contains(t, "integer") || slices.Contains(t, "number"):
		for r.next(0, len(r.text), numberClue) != nil {
			values = append(values, r.fill(item, ""))
		}
	case slices.Contains(t, "object") || item.keywords["properties"] != nil:
		for _, clause := range r.clauses() {
			part := newReader(clause)
			part.depth = r.depth
			values = append(values, part.fill(item, name))
		}
	default:
		for _, text := range r.list(name) {
			values = append(values, newReader(text).string(item, ""))
		}
	}
	return values
}

// another returns an item beyond those that the text has.
func (r *reader) another(item schema, name string, number int, different bool) any {
	value := r.fill(item, name)
	if text, is := value.(string); is && different {
		return fmt.Sprintf("%s %d", text, number)
	}
	if n, is := value.(int64); is && different {
		return n + int64(number)
	}
	return value
}

func distinct(values []any) (all []any) {
	seen := map[string]bool{}
	for _, v := range values {
		text, _ := json.Marshal(v)
		if !seen[string(text)] {
			all = append(all, v)
		}
		seen[string(text)] = true
	}
	return all
}

var (
	clauseEnd = regexp.MustCompile(`[.;!?\n]\s+|;\s*|\n|,? and |, `)
	listItem  = regexp.MustCompile(`,? (?:and|or) |, `)
	listStart = regexp.MustCompile(`(?:^|[:] ?|\b(?:of|for|with|are|in|about|items?|list) )((?:[\p{L}\p{N}'-]+ ?){1,3}(?:, (?:[\p{L}\p{N}'-]+ ?){1,3})*,? (?:and|or) (?:[\p{L}\p{N}'-]+ ?){1,3})`)
)

// clauses returns the parts of the text that have a clue of their own.
func (r *reader) clauses() (all []string) {
	for _, clause := range clauseEnd.Split(r.text, -1) {
		if c := newReader(clause); len(c.clues) > 0 && (c.next(0, len(clause), nameClue, quotedClue) != nil || len(all) == 0) {
			all = append(all, clause)
		}
	}
	return all
}

// list returns the texts of a list: quoted ones, names, or words with "and" between them.
func (r *reader) list(name string) []string {
	for _, kind := range []clueKind{quotedClue, emailClue, addressClue, nameClue} {
		var texts []string
		for c := r.next(0, len(r.text), kind); c != nil; c = r.next(0, len(r.text), kind) {
			c.used = true
			texts = append(texts, c.text)
		}
		if len(texts) > 0 {
			return texts
		}
	}
	for _, at := range r.mentions(name) {
		if words, _, _ := strings.Cut(strings.Trim(r.text[at[1]:], " :="), "."); strings.Contains(words, ",") || strings.Contains(words, " and ") {
			return listItem.Split(words, -1)
		}
	}
	if found := listStart.FindStringSubmatch(r.text); found != nil {
		return listItem.Split(withoutCommon(strings.TrimSpace(found[1])), -1)
	}
	return nil
}

// withoutCommon drops what asks for the list from its first words, as in "buy milk and eggs".
func withoutCommon(list string) string {
	for {
		first, rest, more := strings.Cut(list, " ")
		if !more || !common[strings.ToLower(first)] {
			return list
		}
		list = rest
	}
}
