package scriptedmodel

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// string returns a string that the schema permits.
func (r *reader) string(s schema, name string) string {
	if value, is := r.formatted(s.string("format")); is {
		return value
	}
	value := r.words(s, name)
	if pattern := s.string("pattern"); pattern != "" {
		return r.matching(pattern, value)
	}
	return sized(s, value)
}

// formatted returns a string of a format that JSON schema defines.
func (r *reader) formatted(format string) (value string, known bool) {
	or := func(found, fallback string) (string, bool) {
		if found == "" {
			return fallback, true
		}
		return found, true
	}
	switch format {
	case "date":
		found := r.take(dateClue)
		return or(valid(found[:min(len(found), len(time.DateOnly))], time.DateOnly), "2025-01-01")
	case "date-time":
		found := r.take(dateClue)
		switch len(found) {
		case len("2025-01-01"):
			found += "T00:00:00Z"
		case len("2025-01-01T00:00"):
			found += ":00Z"
		case len("2025-01-01T00:00:00"):
			found += "Z"
		}
		return or(valid(found, time.RFC3339), "2025-01-01T00:00:00Z")
	case "time":
		found := r.take(timeClue)
		if len(found) < len("00:00:00") {
			found += ":00"
		}
		return or(valid(found+"Z", "15:04:05Z"), "00:00:00Z")
	case "email":
		return or(r.take(emailClue), "user@example.com")
	case "uri", "url":
		return or(r.take(addressClue), "https://example.com/")
	case "uuid":
		return "00000000-0000-4000-8000-000000000000", true
	case "ipv4":
		return "192.0.2.1", true
	case "ipv6":
		return "2001:db8::1", true
	case "hostname":
		return "example.com", true
	case "duration":
		return "P1D", true
	}
	return "", false
}

// valid returns a moment if it is one of the calendar; empty otherwise.
func valid(moment, layout string) string {
	if _, err := time.Parse(layout, moment); err != nil {
		return ""
	}
	return moment
}

// whole are words of arguments that take the whole text.
var whole = wordSet("query question text prompt input message content body search sentence")

// words returns the words for a string: those that follow its name in the text, or else
// the next name or quotation, or else a default, or else the text itself.
func (r *reader) words(s schema, name string) string {
	if c := r.labeled(name, quotedClue, nameClue, emailClue, addressClue, dateClue, timeClue, numberClue); c != nil {
		c.used = true
		return c.text
	}
	if found := r.take(quotedClue); found != "" {
		return found
	}
	split := splitName(name)
	if slices.ContainsFunc(split, func(word string) bool { return whole[word] }) {
		return strings.TrimSpace(r.text)
	}
	for _, kind := range []struct {
		word string
		clue clueKind
	}{{"email", emailClue}, {"url", addressClue}, {"link", addressClue}, {"date", dateClue}, {"day", dateClue}, {"time", timeClue}} {
		if slices.Contains(split, kind.word) {
			if found := r.take(kind.clue); found != "" {
				return found
			}
		}
	}
	if found := r.take(nameClue); found != "" {
		return found
	}
	var value string
	if s.read("default", &value) {
		return value
	}
	if found := r.expression(); found != "" && slices.ContainsFunc(split, func(word string) bool { return strings.HasPrefix(word, "expr") }) {
		return found
	}
	if found := r.subject(); found != "" {
		return found
	}
	return strings.TrimSpace(r.text)
}

var (
	arithmetic = regexp.MustCompile(`[\d(][\d\s.+*/()^-]*[+*/^-][\d\s.+*/()^-]*[\d)]`)
	afterOf    = regexp.MustCompile(`(?i)\b(?:in|of|about|for|to|from|at|named|called) (?:the |an? )?([\p{L}\p{N}_-]+(?: [\p{L}\p{N}_-]+)?)[\s.?!]*$`)
)

func (r *reader) expression() string { return strings.TrimSpace(arithmetic.FindString(r.text)) }

// subject returns what the text is about, if it ends with that.
func (r *reader) subject() string {
	if found := afterOf.FindStringSubmatch(r.text); found != nil {
		return found[1]
	}
	return ""
}

// sized returns a text of a length that the schema permits.
func sized(s schema, value string) string {
	if most, found := s.number("maxLength"); found && utf8.RuneCountInString(value) > int(most) {
		value = strings.TrimSpace(string([]rune(value)[:int(most)]))
	}
	if least, found := s.number("minLength"); found {
		if missing := int(least) - utf8.RuneCountInString(value); missing > 0 {
			value += strings.Repeat(".", missing)
		}
	}
	return value
}

// matching returns a string that a pattern matches: the value, a word of the text, or the
// shortest one there is.
func (r *reader) matching(pattern, value string) string {
	compiled, err := regexp.Compile(pattern)
	if err != nil {
		return value
	}
	for _, candidate := range append([]string{value}, strings.Fields(r.text)...) {
		if trimmed := strings.Trim(candidate, `.,;:!?"'`); compiled.MatchString(trimmed) {
			return trimmed
		}
	}
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return value
	}
	return shortest(parsed)
}

// shortest returns a short string that an expression matches.
func shortest(e *syntax.Regexp) string {
	switch e.Op {
	case syntax.OpLiteral:
		return string(e.Rune)
	case syntax.OpCharClass:
		if len(e.Rune) > 0 {
			return string(visible(e.Rune))
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "x"
	case syntax.OpCapture, syntax.OpPlus, syntax.OpAlternate:
		return shortest(e.Sub[0])
	case syntax.OpRepeat:
		return strings.Repeat(shortest(e.Sub[0]), e.Min)
	case syntax.OpConcat:
		var text strings.Builder
		for _, sub := range e.Sub {
			text.WriteString(shortest(sub))
		}
		return text.String()
	}
	return ""
}

// visible returns the first character of a class that is a letter or digit, or else its
// first.
func visible(ranges []rune) rune {
	for _, c := range "a0A_-" {
		for i := 0; i+1 < len(ranges); i += 2 {
			if ranges[i] <= c && c <= ranges[i+1] {
				return c
			}
		}
	}
	return ranges[0]
}
