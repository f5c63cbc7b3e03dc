package main

import (
	"fmt"
	"html"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The measures of the picture. Each piece of text is told how wide it is, so that columns are
// straight in any monospaced font.
const (
	fontSize   = 13
	charWidth  = 7.8
	lineHeight = 18
	margin     = 18
	barHeight  = 34
	command    = "make local"
)

const (
	pictureTitle = "A terminal after " + command
	description  = "The output of " + command + ", shortened: the steps with the time that each took, a table of checks with " +
		"what each wants and what it got, and a request to the API for a shell."
)

// style has light colours, and dark ones for readers who prefer them.
const style = `  <style>
    .paper { fill: #ffffff; stroke: #c4ccd4 }
    .bar { fill: #f6f8fa; stroke: #c4ccd4 }
    .button { fill: #c4ccd4 }
    text { fill: #1f2937; white-space: pre }
    .prompt, .note { fill: #57606a }
    .passed { fill: #1a7f37 }
    .failed { fill: #cf222e }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #0d1117; stroke: #3d4650 }
      .bar { fill: #1c232c; stroke: #3d4650 }
      .button { fill: #59636e }
      text { fill: #e6edf3 }
      .prompt, .note { fill: #a5afba }
      .passed { fill: #3fb950 }
      .failed { fill: #ff7b72 }
    }
  </style>
`

// picture draws lines in a window as wide as the longest of them.
func picture(lines []string) string {
	columns := 0
	for _, line := range lines {
		columns = max(columns, utf8.RuneCountInString(line))
	}
	width := int(math.Ceil(float64(columns)*charWidth)) + 2*margin
	height := barHeight + 2*margin + (len(lines)+1)*lineHeight - lineHeight/2
	var b strings.Builder
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"ui-monospace, 'SFMono-Regular', Menlo, Consolas, "+
		"'DejaVu Sans Mono', monospace\" font-size=\"%d\" xml:space=\"preserve\" role=\"img\" aria-labelledby=\"title description\">\n", width, height, fontSize)
	fmt.Fprintf(&b, "  <title id=\"title\">%s</title>\n  <desc id=\"description\">%s</desc>\n%s", pictureTitle, description, style)
	b.WriteString(window(width, height))
	y := barHeight + margin + lineHeight/2
	b.WriteString(text(y, []piece{{"prompt", 0, "$ "}, {"", 2, command}}))
	for _, line := range lines {
		if y += lineHeight; line != "" {
			b.WriteString(text(y, pieces(line)))
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func window(width, height int) string {
	const radius, inset = 8, 0.5
	var b strings.Builder
	fmt.Fprintf(&b, "  <rect class=\"paper\" x=\"%v\" y=\"%v\" width=\"%d\" height=\"%d\" rx=\"%d\"/>\n", inset, inset, width-1, height-1, radius)
	fmt.Fprintf(&b, "  <path class=\"bar\" d=\"M%v %dV%vA%d %d 0 0 1 %v %vH%vA%d %d 0 0 1 %v %vV%dZ\"/>\n",
		inset, barHeight, radius+inset, radius, radius, radius+inset, inset, float64(width)-radius-inset, radius, radius, float64(width)-inset, radius+inset, barHeight)
	for i := range 3 {
		fmt.Fprintf(&b, "  <circle class=\"button\" cx=\"%d\" cy=\"%d\" r=\"5.5\"/>\n", margin+6+i*20, barHeight/2)
	}
	return b.String()
}

// piece is text of one colour that starts at a column.
type piece struct {
	class  string
	column int
	text   string
}

// marks have the classes of what a line may start with.
var marks = map[string]string{"✓": "passed", "✗": "failed", "–": "note"}

// cell matches a part of a line with the spaces that follow: two or more end a table's cell.
var cell = regexp.MustCompile(`(?:\S+ ?)+ *`)

// pieces divides a line into its mark and its cells. What says that rows were left out and a
// table's heading are of one colour.
func pieces(line string) []piece {
	trimmed := strings.TrimLeft(line, " ")
	class, column := "", utf8.RuneCountInString(line)-utf8.RuneCountInString(trimmed)
	var all []piece
	mark, _, _ := strings.Cut(trimmed, " ")
	if marks[mark] != "" && len(trimmed) > len(mark) {
		all = append(all, piece{marks[mark], column, mark + " "})
		trimmed, column = trimmed[len(mark)+1:], column+2
	} else if mark == "…" || mark == "want" {
		class = "note"
	}
	for _, text := range cell.FindAllString(trimmed, -1) {
		all = append(all, piece{class, column, text})
		column += utf8.RuneCountInString(text)
	}
	return all
}

// text writes a line. The spaces between its pieces are there for those who copy it: each piece
// has its own place.
func text(y int, pieces []piece) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  <text y=\"%d\">", y)
	for _, p := range pieces {
		class := ""
		if p.class != "" {
			class = fmt.Sprintf(" class=\"%s\"", p.class)
		}
		seen := strings.TrimRight(p.text, " ")
		fmt.Fprintf(&b, "<tspan%s x=\"%s\" textLength=\"%s\">%s</tspan>%s", class, number(margin+float64(p.column)*charWidth),
			number(float64(utf8.RuneCountInString(seen))*charWidth), html.EscapeString(seen), p.text[len(seen):])
	}
	b.WriteString("</text>\n")
	return b.String()
}

// number writes a coordinate with at most one decimal.
func number(x float64) string {
	return strconv.FormatFloat(math.Round(x*10)/10, 'f', -1, 64)
}
