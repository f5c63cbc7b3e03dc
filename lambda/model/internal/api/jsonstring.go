package api

import "unicode/utf8"

const hexadecimal = "0123456789abcdef"

// appendString appends a text as a JSON string, as [marshal] does, but without an
// allocation: a stream has one for each token.
func appendString(to []byte, text string) []byte {
	to = append(to, '"')
	start := 0
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			if c < ' ' || c == '"' || c == '\\' {
				to = appendEscape(append(to, text[start:i]...), c)
				start = i + 1
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			to = append(append(to, text[start:i]...), "\ufffd"...)
			start = i + size
		case r == '\u2028' || r == '\u2029': // which end a line in JavaScript before 2019
			to = append(append(to, text[start:i]...), `\u202`...)
			to = append(to, hexadecimal[r&0xf])
			start = i + size
		}
		i += size
	}
	return append(append(to, text[start:]...), '"')
}

// appendEscape appends the escape sequence of a character.
func appendEscape(to []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(to, '\\', c)
	case '\n':
		return append(to, `\n`...)
	case '\r':
		return append(to, `\r`...)
	case '\t':
		return append(to, `\t`...)
	}
	return append(to, '\\', 'u', '0', '0', hexadecimal[c>>4], hexadecimal[c&0xf])
}
