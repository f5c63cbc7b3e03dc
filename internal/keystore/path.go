package keystore

import "strings"

// PathForm says what [IsPath] accepts.
const PathForm = "a parameter path such as /gatehouse/dev/origin-key"

// maxPathLevels leaves one of Parameter Store's 15 levels to the keys.
const maxPathLevels = 14

// IsPath reports whether text can be the path of a ring.
func IsPath(text string) bool {
	rest, absolute := strings.CutPrefix(text, "/")
	if !absolute {
		return false
	}
	levels := strings.Split(rest, "/")
	for _, level := range levels {
		if level == "" || strings.ContainsFunc(level, notInPath) {
			return false
		}
	}
	return len(levels) <= maxPathLevels
}

func notInPath(r rune) bool {
	letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	digit := '0' <= r && r <= '9'
	return !letter && !digit && !strings.ContainsRune("-_.", r)
}
