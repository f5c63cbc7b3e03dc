// Package edgefunction is the functions that run in CloudFront: those that see the
// viewer's request first and its answer last, and the one that sees a request just
// before the API does.
package edgefunction

import (
	"encoding/json"
	"fmt"
	"strings"
)

// marker is the line of a function's source that its settings take the place of.
// Functions in CloudFront have no environment that could hold them.
const marker = "const settings = {}; // replaced at deployment"

// Render returns the source with the settings, as JSON, in it, and without indentation,
// blank lines and lines that are nothing but a comment: CloudFront counts them. No text
// in the source goes over several lines.
func Render(source string, settings any) (string, error) {
	if found := strings.Count(source, marker); found != 1 {
		return "", fmt.Errorf("the function's source has the line %q %d times, and needs it once", marker, found)
	}
	text, err := json.Marshal(settings)
	if err != nil {
		return "", fmt.Errorf("write the function's settings: %w", err)
	}
	var code strings.Builder
	for line := range strings.Lines(source) {
		if line = strings.TrimLeft(line, " \t\r\n"); line != "" && !strings.HasPrefix(line, "//") {
			code.WriteString(line)
		}
	}
	return strings.Replace(code.String(), marker, fmt.Sprintf("const settings = %s;", text), 1), nil
}
