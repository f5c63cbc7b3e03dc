package rotationtest

import (
	"strings"
	"unicode/utf8"
)

// table lays out rows in columns, the first to the left and the others to the
// right under the head.
func table(head []string, rows [][]string) string {
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
			if i == 0 {
				line += " " + cell + padding
			} else {
				line += "  " + padding + cell
			}
		}
		text.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return strings.TrimRight(text.String(), "\n")
}
