package dashboardsvg

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
)

// canvas collects the elements of a picture.
type canvas struct{ strings.Builder }

// The sizes of fonts, which the style has too.
const (
	nameSize = 13
	noteSize = 11
	headSize = 18
)

func (c *canvas) group(content func()) {
	c.WriteString("  <g>\n")
	content()
	c.WriteString("  </g>\n")
}

func (c *canvas) rect(class string, b box) {
	fmt.Fprintf(c, "    <rect class=\"%s\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" rx=\"%d\"/>\n",
		class, number(b.x), number(b.y), number(b.width), number(b.height), radius)
}

func (c *canvas) line(class string, x1, x2, y float64) {
	fmt.Fprintf(c, "    <path class=\"%s\" d=\"M%s %sH%s\"/>\n", class, number(x1), number(y), number(x2))
}

func (c *canvas) text(class string, x, y float64, text string) {
	fmt.Fprintf(c, "    <text class=\"%s\" x=\"%s\" y=\"%s\">%s</text>\n", class, number(x), number(y), html.EscapeString(text))
}

// textEnd writes text that ends at x.
func (c *canvas) textEnd(class string, x, y float64, text string) {
	fmt.Fprintf(c, "    <text class=\"%s\" x=\"%s\" y=\"%s\" text-anchor=\"end\">%s</text>\n", class, number(x), number(y), html.EscapeString(text))
}

// number writes a coordinate with at most one decimal.
func number(x float64) string {
	return strconv.FormatFloat(math.Round(x*10)/10, 'f', -1, 64)
}

// thousands writes a value of a threshold, with commas.
func thousands(value float64) string {
	whole, fraction, _ := strings.Cut(strconv.FormatFloat(value, 'f', -1, 64), ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	return whole
}

const radius = 5

// style has the colours of docs/architecture.svg, and darker ones for readers who prefer
// them. The picture has a background of its own in both.
const style = `  <style>
    .paper { fill: #ffffff }
    .zone { fill: #f6f8fa; stroke: #c4ccd4 }
    .box { fill: #ffffff; stroke: #8b97a8 }
    .chip { fill: #ffffff; stroke: #c4ccd4 }
    .name { font-weight: 600; fill: #1f2937 }
    .head { font-size: 18px; font-weight: 600; fill: #1f2937 }
    .note { font-size: 11px; fill: #57606a }
    .entry { font-size: 11px; fill: #1f2937 }
    .axis { fill: none; stroke: #8b97a8 }
    .plot { fill: #f6f8fa }
    .series { fill: none; stroke: #1f6feb; stroke-width: 3 }
    .threshold { fill: none; stroke: #cf222e; stroke-width: 1.4; stroke-dasharray: 6 4 }
    .bound { font-size: 11px; fill: #cf222e }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #0d1117 }
      .zone { fill: #1c232c; stroke: #3d4650 }
      .box { fill: #151b23; stroke: #59636e }
      .chip { fill: #0d1117; stroke: #3d4650 }
      .name, .head, .entry { fill: #e6edf3 }
      .note { fill: #a5afba }
      .axis { stroke: #59636e }
      .plot { fill: #1c232c }
      .series { stroke: #58a6ff }
      .threshold { stroke: #ff7b72 }
      .bound { fill: #ff7b72 }
    }
  </style>
`
