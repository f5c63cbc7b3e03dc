package bench

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const head = `# Measurements

Written by ` + "`make bench`" + `, which measures all parts but those that are named on request, or ` + "`make bench PART=NAME`" + `, which
measures one and leaves the others as they were; the figures are kept in [measurements.json](measurements.json). What is
compared was measured in the same run, in turns: on another machine the figures differ, the ratios little. A goal is met or
MISSED as measured; nothing here is typed by hand.

`

var columns = []string{"", "Gatehouse", "beside", "ratio", "goal", "repeat with"}

// Markdown returns the document.
func (r Record) Markdown() string {
	var text strings.Builder
	text.WriteString(head)
	text.WriteString("| " + strings.Join(columns, " | ") + " |\n|" + strings.Repeat("---|", len(columns)) + "\n")
	for _, m := range r.Measurements {
		part := Parts[order(m.Part)]
		fmt.Fprintf(&text, "| **%s** | | | | | |\n", part.Title)
		for _, row := range m.Rows {
			cells := append(row.cells(), "`"+row.command(part)+"`")
			cells[4] = strings.ReplaceAll(cells[4], "MISSED", "**MISSED**")
			text.WriteString("| " + strings.Join(cells, " | ") + " |\n")
		}
	}
	for _, m := range r.Measurements {
		part := Parts[order(m.Part)]
		measured := fmt.Sprintf("Measured on %s: %s.", m.Date, m.Machine)
		fmt.Fprintf(&text, "\n## %s\n\n%s\n\n%s\n", part.Title, wrap(part.About), wrap(measured))
	}
	return text.String()
}

// lineWidth is the width of the documents.
const lineWidth = 120

// wrap breaks a paragraph into lines.
func wrap(paragraph string) string {
	text, width := "", 0
	for _, word := range strings.Fields(paragraph) {
		length := utf8.RuneCountInString(word)
		switch {
		case text == "":
		case width+1+length > lineWidth:
			text += "\n"
			width = 0
		default:
			text += " "
			width++
		}
		text += word
		width += length
	}
	return text
}

func (r Row) command(part Part) string {
	if r.Command != "" {
		return r.Command
	}
	return part.command()
}

// Text returns the table for a terminal.
func (r Record) Text() string {
	lines := [][]string{columns[:5]}
	for _, m := range r.Measurements {
		for _, row := range m.Rows {
			lines = append(lines, row.cells())
		}
	}
	widths := make([]int, 5)
	for _, cells := range lines {
		for i, cell := range cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	text := line(lines[0], widths)
	at := 1
	for _, m := range r.Measurements {
		part := Parts[order(m.Part)]
		text += fmt.Sprintf("%s, %s: %s\n", part.Title, m.Date, part.command())
		for range m.Rows {
			text += line(lines[at], widths)
			at++
		}
	}
	return strings.TrimRight(text, "\n")
}

// line aligns figures to the right and text to the left.
func line(cells []string, widths []int) string {
	text := " "
	for i, cell := range cells {
		padding := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if i == 1 || i == 3 {
			text += " " + padding + cell + " "
		} else {
			text += " " + cell + padding + " "
		}
	}
	return strings.TrimRight(text, " ") + "\n"
}
