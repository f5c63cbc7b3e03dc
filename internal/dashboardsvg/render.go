// Package dashboardsvg draws the layout of a CloudWatch dashboard as an SVG picture: each
// widget at its place, with its title and what it shows. It draws no curves, since a layout
// has no data. The documentation has such a picture, which a test of this package writes.
package dashboardsvg

import (
	"fmt"
	"html"
	"strings"
)

// The measures of the picture. It is as wide as docs/architecture.svg.
const (
	pageWidth = 1180
	margin    = 14
	columns   = 24
	unit      = (pageWidth - 2*margin) / float64(columns) // the width of a column
	row       = 26                                        // the height of a unit of the dashboard
	gap       = 3                                         // on each side of a box
	padding   = 12
)

// box is the place and size of a widget.
type box struct{ x, y, width, height float64 }

// left and right bound the content of the box.
func (b box) left() float64  { return b.x + padding }
func (b box) right() float64 { return b.x + b.width - padding }
func (b box) inner() float64 { return b.width - 2*padding }

func place(w widget) box {
	return box{
		x: margin + float64(w.X)*unit + gap, y: margin + float64(w.Y)*row + gap,
		width: float64(w.Width)*unit - 2*gap, height: float64(w.Height)*row - 2*gap,
	}
}

// Render draws the body of a dashboard, which is JSON.
func Render(title, body string) (string, error) {
	widgets, err := parse(body)
	if err != nil {
		return "", err
	}
	height := 0
	for _, w := range widgets {
		height = max(height, w.Y+w.Height)
	}
	c := &canvas{}
	c.open(title, describe(widgets), height*row+2*margin)
	for _, w := range widgets {
		c.group(func() { c.widget(w) })
	}
	c.WriteString("</svg>\n")
	return c.String(), nil
}

func (c *canvas) open(title, description string, height int) {
	fmt.Fprintf(c, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"system-ui, 'DejaVu Sans', sans-serif\" font-size=\"%d\""+
		" role=\"img\" aria-labelledby=\"title description\">\n", pageWidth, height, nameSize)
	fmt.Fprintf(c, "  <title id=\"title\">%s</title>\n  <desc id=\"description\">%s</desc>\n%s",
		html.EscapeString(title), html.EscapeString(description), style)
	fmt.Fprintf(c, "  <rect class=\"paper\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n", pageWidth, height)
}

// describe puts the picture in words, for those who can't see it.
func describe(widgets []widget) string {
	var words strings.Builder
	for _, w := range widgets {
		switch w.Type {
		case textType:
			heading, _, _ := strings.Cut(w.Properties.Markdown, "\n")
			fmt.Fprintf(&words, "%s. ", plain(heading))
		case alarmType:
			fmt.Fprintf(&words, "%s: %s. ", w.Properties.Title, strings.Join(w.alarmNames(), ", "))
		default:
			fmt.Fprintf(&words, "Graph %s: %s. ", w.Properties.Title, strings.Join(w.legend(), ", "))
		}
	}
	return strings.TrimSpace(words.String())
}

func (c *canvas) widget(w widget) {
	b := place(w)
	switch w.Type {
	case textType:
		c.rect("zone", b)
		c.markdown(b, w.Properties.Markdown)
	case alarmType:
		c.rect("box", b)
		c.alarms(b, w)
	default:
		c.rect("box", b)
		c.graph(b, w)
	}
}

// markdown draws a heading, and below it as much text as there is room for.
func (c *canvas) markdown(b box, markdown string) {
	y := b.y
	for line := range strings.Lines(markdown) {
		class, face, size, height := "note", regular, float64(noteSize), 16.0
		switch {
		case strings.HasPrefix(line, "## "):
			class, face, size, height = "name", bold, nameSize, 14
		case strings.HasPrefix(line, "# "):
			class, face, size, height = "head", bold, headSize, 23
		}
		for _, part := range face.wrap(plain(line), size, b.inner()) {
			if y += height; y+size/4 > b.y+b.height {
				return
			}
			c.text(class, b.left(), y, part)
		}
	}
}

// header draws a widget's title, and a note at the right.
func (c *canvas) header(b box, title, note string) {
	const y = 20
	room := b.inner()
	if note != "" {
		note = regular.fit(note, noteSize, room/2)
		room -= regular.width(note, noteSize) + padding
		c.textEnd("note", b.right(), b.y+y, note)
	}
	c.text("name", b.left(), b.y+y, bold.fit(title, nameSize, room))
}

// headerHeight is the part of a box that its header takes.
const headerHeight = 28

// alarms draws a chip for each alarm.
func (c *canvas) alarms(b box, w widget) {
	const least, most, between, below = 14.0, 19.0, 3.0, 6.0 // of the height of a chip, and around it
	names, prefix := withoutPrefix(w.alarmNames())
	note := fmt.Sprintf("%d alarms", len(names))
	if prefix != "" {
		note += " of " + strings.TrimSuffix(prefix, "-")
	}
	c.header(b, w.Properties.Title, note)
	room := b.height - headerHeight - below + between
	l := arrange(names, b.inner(), 2*chipPadding+between, int(room/(least+between)))
	l.width = (b.inner() + between) / float64(l.columns) // the columns fill the box
	height := min(most, room/float64(max(1, l.rows()))-between)
	for i, entry := range l.entries {
		x, y := l.at(i)
		chip := box{b.left() + x, b.y + headerHeight + y*(height+between), l.width - between, height}
		c.rect("chip", chip)
		c.text("entry", chip.x+chipPadding, chip.y+height/2+4, entry)
	}
}

const chipPadding = 4

// graph draws an empty graph: unit, axis, thresholds and legend.
func (c *canvas) graph(b box, w widget) {
	const unitHeight, entryHeight, swatch, least = 16.0, 16.0, 14.0, 24.0
	unit := w.Properties.YAxis.Left.Label
	c.header(b, w.Properties.Title, "")
	c.text("note", b.left(), b.y+36, regular.fit(unit, noteSize, b.inner()/2))
	top := b.y + headerHeight + unitHeight
	most := int((b.y + b.height - padding - least - top) / entryHeight)
	l := arrange(w.legend(), b.inner(), swatch+6+padding, most)
	plot := box{b.left(), top, b.inner(), b.height - headerHeight - unitHeight - padding - float64(l.rows())*entryHeight}
	c.plot(plot, w.Properties.Annotations.Horizontal, unit)
	for i, entry := range l.entries {
		x, y := l.at(i)
		x, y = b.left()+x, plot.y+plot.height+(y+1)*entryHeight
		c.line("series", x, x+swatch, y-4)
		c.text("entry", x+swatch+6, y, entry)
	}
}

// plot draws the area of a graph's curves, with the thresholds from its top on.
func (c *canvas) plot(b box, thresholds []threshold, unit string) {
	const first, each = 16, 18
	c.rect("plot", b)
	c.line("axis", b.x, b.x+b.width, b.y+b.height)
	for i, t := range thresholds {
		y := b.y + first + float64(i)*each
		c.line("threshold", b.x, b.x+b.width, y)
		text := strings.TrimSpace(fmt.Sprintf("%s: %s %s", t.Label, thousands(t.Value), unit))
		c.textEnd("bound", b.x+b.width, y-4, regular.fit(text, noteSize, b.width))
	}
}
