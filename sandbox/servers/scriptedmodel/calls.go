package scriptedmodel

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// planned is a call of a tool that a text asks for.
type planned struct {
	name      string
	arguments string
	position  int // in the text, of what asks for it
}

// calls returns the calls with which to reply; none for a reply in words. It leaves out
// those that were made since the last message of the user.
func (q *request) calls() []toolCall {
	if len(q.Tools) == 0 || q.ToolChoice.mode == "none" || q.lastOfUser() < 0 {
		return nil
	}
	plan := q.plan(q.Messages[q.lastOfUser()].Content.text())
	remaining := slices.DeleteFunc(slices.Clone(plan), q.made)
	if forced := q.ToolChoice.mode == "required" || q.ToolChoice.mode == "tool"; forced && len(remaining) == 0 {
		remaining = q.another(plan)
	}
	if q.ParallelToolCalls != nil && !*q.ParallelToolCalls && len(remaining) > 1 {
		remaining = remaining[:1]
	}
	calls := make([]toolCall, len(remaining))
	for i, p := range remaining {
		calls[i].Type, calls[i].ID = "function", fmt.Sprintf("call_%016x", hash(p.name, p.arguments, fmt.Sprint(i, len(q.Messages))))
		calls[i].Function.Name, calls[i].Function.Arguments = p.name, p.arguments
	}
	return calls
}

// another returns a call where all that is asked for was called, and a call is demanded:
// of a tool that was not called, which may take the answer, or else the same once more.
func (q *request) another(plan []planned) []planned {
	for _, t := range q.Tools {
		if p := (planned{name: t.Function.Name}); q.ToolChoice.mode == "required" && !q.called(p.name) {
			p.arguments = asText(newReader(q.asked() + "\n" + q.results()).fillObject(parseSchema(t.Function.Parameters)))
			return []planned{p}
		}
	}
	return plan
}

// called reports whether a tool was called since the last message of the user.
func (q *request) called(name string) bool {
	for _, m := range q.Messages[q.lastOfUser():] {
		if slices.ContainsFunc(m.ToolCalls, func(c toolCall) bool { return c.Function.Name == name }) {
			return true
		}
	}
	return false
}

// made reports whether a call was made since the last message of the user.
func (q *request) made(p planned) bool {
	for _, m := range q.Messages[q.lastOfUser():] {
		for _, call := range m.ToolCalls {
			if call.Function.Name == p.name && (sameJSON(call.Function.Arguments, p.arguments) || q.once(p.name)) {
				return true
			}
		}
	}
	return false
}

// once reports whether the text asks for a tool once: it has been called then, also with
// other arguments.
func (q *request) once(name string) bool {
	calls := 0
	for _, p := range q.plan(q.Messages[q.lastOfUser()].Content.text()) {
		if p.name == name {
			calls++
		}
	}
	return calls < 2
}

func sameJSON(a, b string) bool {
	normal := func(text string) string {
		var value any
		if json.Unmarshal([]byte(text), &value) != nil {
			return text
		}
		sorted, _ := json.Marshal(value)
		return string(sorted)
	}
	return normal(a) == normal(b)
}

// plan returns all calls that a text asks for, in its order.
func (q *request) plan(text string) []planned {
	wanted := q.wanted(text)
	asked := map[string]bool{}
	for _, t := range wanted {
		maps.Copy(asked, t.words)
	}
	var all []planned
	for _, t := range wanted {
		all = append(all, t.calls(text, asked)...)
	}
	slices.SortStableFunc(all, func(a, b planned) int { return a.position - b.position })
	return all
}

// candidate is a tool that a text may ask for.
type candidate struct {
	tool
	words    map[string]bool // of the text that are about the tool
	score    int
	position int // in the text, of the first of the words
}

// wanted returns the tools that a text asks for: each that has words of its own in it. If
// the request demands a call, the likeliest is among them.
func (q *request) wanted(text string) []candidate {
	if q.ToolChoice.mode == "tool" {
		return []candidate{{tool: *q.tool(q.ToolChoice.name)}}
	}
	var all []candidate
	for _, t := range q.Tools {
		all = append(all, t.match(text))
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return b.score - a.score })
	var chosen []candidate
	covered := map[string]bool{}
	for _, c := range all {
		own := false
		for word := range c.words {
			own = own || !covered[word]
		}
		if c.score < enough || !own {
			continue
		}
		for word := range c.words {
			covered[word] = true
		}
		chosen = append(chosen, c)
	}
	if len(chosen) == 0 && q.ToolChoice.mode == "required" {
		return all[:1]
	}
	return chosen
}

// The points of a word that a text has in common with a tool, and how many a tool needs.
const (
	namePoints        = 3
	descriptionPoints = 1
	fullNamePoints    = 100
	enough            = 3
)

// match returns how well the tool fits the text.
func (t tool) match(text string) candidate {
	c := candidate{tool: t, words: map[string]bool{}, position: len(text)}
	add := func(tokens []string, points int) {
		for _, w := range tokens {
			stem := stemOf(w)
			at, found := stems(text)[stem]
			if meaningless[stem] || c.words[stem] || !found {
				continue
			}
			c.words[stem] = true
			c.score += points
			c.position = min(c.position, at)
		}
	}
	name := t.Function.Name
	if at := strings.Index(text, name); at >= 0 && name != "" && !isPartOfName(text, at, name) {
		c.score += fullNamePoints
		c.words[name], c.position = true, at
	}
	add(splitName(name), namePoints)
	add(splitName(strings.Map(wordsOnly, t.Function.Description)), descriptionPoints)
	return c
}

// isPartOfName reports whether a name in the text is only the beginning or end of a longer
// one.
func isPartOfName(text string, at int, name string) bool {
	isLetter := func(i int) bool {
		return i >= 0 && i < len(text) && (text[i] == '_' || text[i] >= 'a' && text[i] <= 'z' || text[i] >= 'A' && text[i] <= 'Z')
	}
	return isLetter(at-1) || isLetter(at+len(name))
}

func wordsOnly(c rune) rune {
	if strings.ContainsRune(",.;:!?()[]{}'\"`’/", c) {
		return ' '
	}
	return c
}

// meaningless are the stems of words that tell nothing of a tool.
var meaningless = stemSet(`a about add_tool all an and any api are as at be by call current do for from function get give given has have
	i in input is it its me my need of on or out please return return_value show tell that the this to tool use using value want
	what when which with you your user text data result information`)

func stemSet(text string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(text) {
		set[stemOf(word)] = true
	}
	return set
}

// synonyms maps signs and words to the stem of a word for the same.
var synonyms = map[string]string{
	"+": "add", "plu": "add", "sum": "add", "*": "multiply", "×": "multiply", "product": "multiply", "minu": "subtract",
	"forecast": "weather", "sunny": "weather", "rain": "weather", "mail": "email",
}

// stemOf returns the stem of a word in lower case: without the endings of English.
func stemOf(word string) string {
	stem := strings.ToLower(word)
	for _, ending := range []string{"ing", "er", "ed", "es", "s", "e"} {
		if cut, found := strings.CutSuffix(stem, ending); found && len(cut) >= 3 {
			stem = cut
			break
		}
	}
	if synonym, found := synonyms[stem]; found {
		return stemless(synonym)
	}
	return stem
}

func stemless(word string) string {
	if cut, found := strings.CutSuffix(word, "e"); found && len(cut) >= 3 {
		return cut
	}
	return strings.TrimSuffix(word, "er")
}

// stems returns the stems of a text's words, with the position of the first of each.
func stems(text string) map[string]int {
	found, at := map[string]int{}, 0
	for _, t := range tokens(text) {
		word := strings.TrimSpace(t)
		for _, part := range append([]string{word}, splitName(word)...) {
			if _, known := found[stemOf(part)]; !known && part != "" {
				found[stemOf(part)] = at
			}
		}
		at += len(t)
	}
	return found
}

// calls returns the calls of the tool: one for each thing that the text lists, if the tool
// takes one thing. The words that ask for tools are no arguments.
func (c candidate) calls(text string, asked map[string]bool) []planned {
	s := parseSchema(c.Function.Parameters)
	subjects := subjects(s, without(newReader(text), asked))
	if len(subjects) < 2 {
		return []planned{{c.Function.Name, asText(without(newReader(text), asked).fillObject(s)), c.position}}
	}
	var all []planned
	for i, subject := range subjects {
		r := without(newReader(text), asked)
		for j := range r.clues {
			r.clues[j].used = r.clues[j].kind == subject.kind && r.clues[j].start != subject.start
		}
		all = append(all, planned{c.Function.Name, asText(r.fillObject(s)), c.position + i})
	}
	return all
}

// without removes the names that are words which ask for a tool, such as "Weather" at the
// beginning of a sentence.
func without(r *reader, asked map[string]bool) *reader {
	r.clues = slices.DeleteFunc(r.clues, func(c clue) bool { return c.kind == nameClue && asked[stemOf(c.text)] })
	return r
}

// subjects returns the things of one kind that the text lists for a tool that takes one of
// them.
func subjects(s schema, r *reader) (all []clue) {
	kind, takesOne := oneSubject(s)
	if !takesOne {
		return nil
	}
	for _, found := range r.clues {
		if found.kind != kind {
			continue
		}
		if len(all) > 0 && !listed(r.text[all[len(all)-1].end:found.start]) {
			break
		}
		all = append(all, found)
	}
	return all
}

// listed reports whether what is between two things makes them a list.
func listed(between string) bool {
	trimmed := strings.Trim(between, ` ,'"’”?.`)
	return trimmed == "" && strings.Contains(between, ",") || trimmed == "and" || trimmed == "or" || strings.HasPrefix(trimmed, "and ") || strings.HasSuffix(trimmed, " and in")
}

// oneSubject returns the kind of the only required argument that is free text or a number.
func oneSubject(s schema) (kind clueKind, takesOne bool) {
	required := 0
	for _, p := range s.resolve().properties() {
		types := p.schema.resolve().types()
		if !p.required || p.schema.resolve().keywords["enum"] != nil {
			continue
		}
		required++
		switch {
		case slices.Contains(types, "string"):
			kind = nameClue
		case slices.Contains(types, "integer"), slices.Contains(types, "number"):
			kind = numberClue
		default:
			return 0, false
		}
	}
	return kind, required == 1
}

// fillObject fills the schema of arguments, which are an object also where no schema says so.
func (r *reader) fillObject(s schema) any {
	if value, is := r.fill(s, "").(object); is {
		return value
	}
	return object{}
}

func asText(value any) string {
	text, _ := json.Marshal(value)
	return string(text)
}
