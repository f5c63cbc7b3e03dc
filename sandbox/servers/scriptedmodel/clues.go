package scriptedmodel

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// clueKind is the kind of a clue. Kinds that are earlier in the list are found first:
// what belongs to one of them is no clue of another.
type clueKind int

const (
	quotedClue clueKind = iota
	addressClue
	emailClue
	dateClue
	timeClue
	numberClue
	nameClue
)

// clue is a part of a text that may be the value of an argument.
type clue struct {
	kind       clueKind
	text       string
	start, end int // in the text
	used       bool
}

// patterns find the clues of a text. The value is the last group that matched.
var patterns = []struct {
	kind  clueKind
	match *regexp.Regexp
}{
	{quotedClue, regexp.MustCompile(`"([^"\n]+)"|“([^”\n]+)”|「([^」\n]+)」|` + "`([^`\n]+)`" + `|(?:^|[\s(:=\[,])'([^'\n]+)'`)},
	{addressClue, regexp.MustCompile(`(https?://[^\s,"'<>]*[^\s,"'<>.?!)])`)},
	{emailClue, regexp.MustCompile(`([\w.+-]+@[\w-]+(?:\.[\w-]+)+)`)},
	{dateClue, regexp.MustCompile(`\b(\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?)?)\b`)},
	{timeClue, regexp.MustCompile(`\b(\d{1,2}:\d{2}(?::\d{2})?)\b`)},
	{numberClue, regexp.MustCompile(`(?:^|[^\p{L}\p{N}_.])(-?\d+(?:\.\d+)?)`)},
	{numberClue, regexp.MustCompile(`(?i)\b(zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b`)},
	{nameClue, regexp.MustCompile(`(\p{Lu}[\p{L}\p{N}'’.-]*[\p{L}\p{N}](?:,? \p{Lu}[\p{L}\p{N}'’.-]*[\p{L}\p{N}])*)`)},
}

// digits are the numbers that are written as words.
var digits = strings.Fields("zero one two three four five six seven eight nine ten eleven twelve")

// reader reads the values of arguments from a text.
type reader struct {
	text  string
	lower string
	clues []clue
	depth int // of the value that is being read
}

func newReader(text string) *reader {
	r := &reader{text: text, lower: strings.ToLower(text)}
	for _, p := range patterns {
		for _, at := range p.match.FindAllStringSubmatchIndex(text, -1) {
			r.add(p.kind, at)
		}
	}
	slices.SortStableFunc(r.clues, func(a, b clue) int { return a.start - b.start })
	return r
}

// add adds a match, unless it is part of another one.
func (r *reader) add(kind clueKind, at []int) {
	start, end := at[0], at[1]
	for i := 2; i < len(at); i += 2 {
		if at[i] >= 0 {
			start, end = at[i], at[i+1]
		}
	}
	for _, other := range r.clues {
		if start < other.end && other.start < end {
			return
		}
	}
	text := r.text[start:end]
	if n := slices.Index(digits, strings.ToLower(text)); kind == numberClue && n >= 0 {
		text = strconv.Itoa(n)
	}
	if kind == nameClue {
		if start, text = r.trimName(start, text); text == "" {
			return
		}
		if enumerates.MatchString(r.text[end:]) {
			r.addNames(start, text)
			return
		}
	}
	r.clues = append(r.clues, clue{kind: kind, text: text, start: start, end: end})
}

// enumerates matches what follows the last but one name of a list.
var enumerates = regexp.MustCompile(`^,? (?:and|or) \p{Lu}`)

// addNames adds the names of a list, which have commas between them. Without a list, a
// comma is part of a name, as in "San Francisco, CA".
func (r *reader) addNames(start int, list string) {
	for name := range strings.SplitSeq(list, ", ") {
		r.clues = append(r.clues, clue{kind: nameClue, text: name, start: start, end: start + len(name)})
		start += len(name) + len(", ")
	}
}

// trimName drops a word from the beginning of a name that is capitalized because it begins
// a sentence, if it is one of a list.
func (r *reader) trimName(start int, text string) (int, string) {
	for {
		first, rest, more := strings.Cut(text, " ")
		if !common[strings.ToLower(strings.TrimRight(first, ",.'’"))] {
			return start, text
		}
		if !more {
			return start, ""
		}
		start, text = start+len(first)+1, rest
	}
}

// common are words that are no names, also with a capital letter.
var common = wordSet(`a about add an and answer are ask at book buy by calculate call can case check compare compute convert could count create
	delete describe do does draw each email explain extract fetch fill find first for from generate get give go good hello hey hi his her how i
	if in is it its let list look make me multiply my name no not note now of on open or order our plan please plus print put read remember
	remind report return run say schedule search send set she he show summarize sum tell that the their then there these they this those to
	translate turn update use using was we were what what's when where which who why will with would write yes you your json`)

func wordSet(text string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(text) {
		set[word] = true
	}
	return set
}

// next takes the first unused clue of one of the kinds that begins within a range.
func (r *reader) next(from, to int, kinds ...clueKind) *clue {
	for i := range r.clues {
		c := &r.clues[i]
		if !c.used && c.start >= from && c.start < to && slices.Contains(kinds, c.kind) {
			return c
		}
	}
	return nil
}

// take takes the first unused clue of one of the kinds. Its text is empty if there is none.
func (r *reader) take(kinds ...clueKind) string {
	c := r.next(0, len(r.text), kinds...)
	if c == nil {
		return ""
	}
	c.used = true
	return c.text
}

// connector matches what may be between the name of an argument and its value.
var connector = regexp.MustCompile(`^["'’”]?(?:s\b)?(?:\s*(?:is|are|was|of|to|as|be|named|called|at|for|in|the|an?|equals|should)\b)*\s*[:=(]?\s*["'“]?$`)

// labeled takes the clue that follows the name of an argument in the text, as in "age: 7"
// or "a customer named 'Ann'".
func (r *reader) labeled(name string, kinds ...clueKind) *clue {
	for _, at := range r.mentions(name) {
		if c := r.next(at[1], min(at[1]+40, len(r.text)), kinds...); c != nil && connector.MatchString(r.lower[at[1]:c.start]) {
			return c
		}
	}
	return nil
}

// mentions returns where the text has the name of an argument, also in other spellings.
func (r *reader) mentions(name string) [][]int {
	words := splitName(name)
	if len(words) == 0 || len(r.lower) != len(r.text) {
		return nil
	}
	pattern, err := regexp.Compile(`(^|[^\p{L}\p{N}])` + regexp.QuoteMeta(words[0]) + joinQuoted(words[1:]) + `($|[^\p{L}\p{N}])`)
	if err != nil {
		return nil
	}
	var all [][]int
	for _, at := range pattern.FindAllStringSubmatchIndex(r.lower, -1) {
		all = append(all, []int{at[3], at[4]})
	}
	return all
}

func joinQuoted(words []string) string {
	var pattern strings.Builder
	for _, word := range words {
		pattern.WriteString(`[\s_-]?` + regexp.QuoteMeta(word))
	}
	return pattern.String()
}

var nameBoundary = regexp.MustCompile(`([\p{Ll}\p{N}])(\p{Lu})`)

// splitName splits a name such as get_weather or getWeather into words in lower case.
func splitName(name string) []string {
	spaced := nameBoundary.ReplaceAllString(name, "$1 $2")
	return strings.FieldsFunc(strings.ToLower(spaced), func(c rune) bool {
		return strings.ContainsRune(" _-.:/", c)
	})
}
