package credential

import (
	"regexp"
	"strings"
)

// IsIn reports whether a text has a key in it, or the beginning of one.
func IsIn(text string) bool { return strings.Contains(text, prefix) }

var pattern = regexp.MustCompile(Pattern)

// Find returns the first key in a text that is complete.
func Find(text string) (Key, bool) {
	for _, found := range pattern.FindAllString(text, -1) {
		if key, err := Parse(found); err == nil {
			return key, true
		}
	}
	return Key{}, false
}
