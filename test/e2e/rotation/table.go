package rotation

import (
	"strings"
	"unicode/utf8"
)

// table lays out rows in columns under a head: text, in the first columns, to the
// left, and numbers to the right.
func table(texts int, head []string, rows [][]string) string {
	widths := make([]int, len(head))
	for _, row := range append([][]string{head}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var text strings.Builder
	for _, row := range append([][]string{head}, rows...) {
		line := " "
		for i, cell := range row {
			padding := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i < texts {
				line += " " + cell + padding + " "
			} else {
				line += " " + padding + cell + " "
			}
		}
		text.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return strings.TrimRight(text.String(), "\n")
}
