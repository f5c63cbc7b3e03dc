package strictjson

import (
	"strconv"
	"strings"
	"unicode/utf16"
)

// endOfString returns the index after the string in valid JSON that begins at start.
func endOfString(text string, start int) int {
	for at := start + 1; ; at++ {
		at += strings.IndexByte(text[at:], '"')
		escapes := 0
		for text[at-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return at + 1
		}
	}
}

// unquote returns the characters of a valid JSON string.
func unquote(raw string) string {
	raw = raw[1 : len(raw)-1]
	at := strings.IndexByte(raw, '\\')
	if at < 0 {
		return raw
	}
	var b strings.Builder
	b.Grow(len(raw))
	for ; at >= 0; at = strings.IndexByte(raw, '\\') {
		b.WriteString(raw[:at])
		char, size := unescape(raw[at:])
		b.WriteRune(char)
		raw = raw[at+size:]
	}
	b.WriteString(raw)
	return b.String()
}

// unescape returns the character of the escape sequence that text begins with, and the
// size of the sequence.
func unescape(text string) (rune, int) {
	switch text[1] {
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		unit := escapedUnit(text)
		if utf16.IsSurrogate(unit) {
			return utf16.DecodeRune(unit, escapedUnit(text[unitSize:])), 2 * unitSize
		}
		return unit, unitSize
	}
	return rune(text[1]), 2
}

// halfPair returns the index of an escaped surrogate, such as \ud800, without its other
// half in valid JSON, or -1.
func halfPair(text string) int {
	for i := 0; i < len(text); i++ {
		next := strings.IndexByte(text[i:], '\\')
		if next < 0 {
			return -1
		}
		i += next
		switch unit := escapedUnit(text[i:]); {
		case unit < 0:
			i++ // the character that the backslash escapes
		case !utf16.IsSurrogate(unit):
			i += unitSize - 1
		case utf16.DecodeRune(unit, escapedUnit(text[i+unitSize:])) == '\uFFFD':
			return i
		default:
			i += 2*unitSize - 1
		}
	}
	return -1
}

const unitSize = len(`\u0000`)

// escapedUnit returns the UTF-16 unit that text begins with, as in \u0041, or -1.
func escapedUnit(text string) rune {
	if len(text) < unitSize || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	unit, err := strconv.ParseUint(text[2:unitSize], 16, 16)
	if err != nil {
		return -1
	}
	return rune(unit)
}
