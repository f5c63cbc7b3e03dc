package edgefunction

import (
	"regexp"
	"strings"
)

// RenderCompact returns what [Render] does in fewer bytes, for CloudFront Functions. It
// leaves out spaces and line breaks that separate no words, and commas and semicolons
// before a closing bracket, and gives functions and constants names of one letter. The
// line with the settings stays.
//
// The source must have no template literals, comments behind code, empty statements, names
// of one capital letter, or regular expressions with spaces or quotes, and must end its
// statements with semicolons or braces.
func RenderCompact(source string, settings any) (string, error) {
	rendered, err := Render(source, settings)
	if err != nil {
		return "", err
	}
	names := shortNames(source)
	code := ""
	for line := range strings.Lines(rendered) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "const settings = ") {
			code = strings.TrimPrefix(code+"\n"+line+"\nconst "+names["settings"]+"=settings;", "\n")
			continue
		}
		code = appendCompact(code, compactLine(line, names))
	}
	return code, nil
}

// declaration matches what a source declares outside of functions.
var declaration = regexp.MustCompile(`(?m)^(?:function|const) ([A-Za-z_]+)`)

// shortNames maps the names that a source declares outside of functions to capital letters,
// but for the one that CloudFront calls.
func shortNames(source string) map[string]string {
	names := map[string]string{}
	for _, found := range declaration.FindAllStringSubmatch(source, -1) {
		if name := found[1]; name != "handler" {
			names[name] = string(rune('A' + len(names)))
		}
	}
	return names
}

// appendCompact appends a compact line. A function begins on a line of its own.
func appendCompact(code, line string) string {
	if strings.IndexByte("}])", line[0]) >= 0 {
		return strings.TrimRight(code, ",;") + line
	}
	if code != "" && (separates(lastByte(code), line) || strings.HasPrefix(line, "function ")) {
		code += "\n"
	}
	return code + line
}

// compactLine returns a line without the spaces that separate no words, and with short
// names. Strings stay.
func compactLine(line string, names map[string]string) string {
	code := ""
	for line != "" {
		token := nextToken(line)
		line = line[len(token):]
		if token == " " && !separates(lastByte(code), line) {
			continue
		}
		if short, known := names[token]; known && !isMember(lastByte(code), line) {
			token = short
		}
		code += token
	}
	return code
}

// nextToken returns the string, the word or the character at the beginning of a line.
func nextToken(line string) string {
	end := 1
	switch {
	case strings.IndexByte(`'"`, line[0]) >= 0:
		for end < len(line) && line[end] != line[0] {
			if line[end] == '\\' {
				end++
			}
			end++
		}
		end++
	case isOfWord(line[0]):
		for end < len(line) && isOfWord(line[end]) {
			end++
		}
	}
	return line[:min(end, len(line))]
}

// isMember reports whether a word between a byte and the rest of its line is an object's
// member.
func isMember(last byte, rest string) bool {
	return last == '.' || strings.HasPrefix(rest, ":") && strings.IndexByte("{,\x00", last) >= 0
}

// separates reports whether white space between a byte and the rest of a line keeps words,
// or operators such as + and ++, apart.
func separates(last byte, rest string) bool {
	if rest == "" {
		return false
	}
	next := rest[0]
	return isOfWord(last) && isOfWord(next) || last == next && strings.IndexByte("+-/", next) >= 0
}

func lastByte(code string) byte {
	if code == "" {
		return 0
	}
	return code[len(code)-1]
}

// isOfWord reports whether a byte can be part of an identifier, a keyword or a number.
func isOfWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '_' || c == '$' || c >= 0x80
}
