package progress

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxLines is the number of steps that get a live line each: the lines can't be redrawn
// once they have left the screen.
const maxLines = 12

var spinner = []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")

func (d *Display) tick() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.running) == 0 {
		return
	}
	now := time.Now()
	if d.width == nil {
		parts := d.lines(now, 0)
		if ahead := d.ahead(now); ahead != "" {
			parts = append(parts, ahead)
		}
		fmt.Fprintf(d.out, "… %s\n", strings.Join(parts, " · "))
		return
	}
	d.frame++
	mark := string(spinner[d.frame%len(spinner)])
	lines := d.lines(now, nameWidth)
	if more := len(lines) - maxLines; more > 0 {
		lines = append(lines[:maxLines:maxLines], fmt.Sprintf("and %d more", more))
	}
	for i := range lines {
		lines[i] = mark + " " + lines[i]
	}
	if ahead := d.ahead(now); ahead != "" {
		lines = append(lines, "  "+ahead)
	}
	d.draw(lines)
}

// lines returns a line for each step that does something, and one with those that wait.
func (d *Display) lines(now time.Time, nameWidth int) (lines []string) {
	var waiting []string
	for _, s := range d.running {
		if s.waiting {
			waiting = append(waiting, s.name)
			continue
		}
		line := fmt.Sprintf("%-*s %s", nameWidth, s.name, short(now.Sub(s.start)))
		if s.doing != "" {
			line += " " + s.doing
		}
		lines = append(lines, line)
	}
	if len(waiting) > 0 {
		lines = append(lines, "waiting: "+strings.Join(waiting, ", "))
	}
	return lines
}

// ahead returns the time gone and the estimate, "2m10s gone, about 3m to an answer, 6m in
// all"; "" if no parts were announced. The estimate doesn't change with every frame.
func (d *Display) ahead(now time.Time) string {
	p := &d.plan
	if len(p.parts) == 0 {
		return ""
	}
	gone := now.Sub(d.start)
	if p.estimated.IsZero() || now.Sub(p.estimated) >= estimateEach {
		p.estimated, p.estimate = now, ahead(gone, p.left(d.running, now), p.processors)
	}
	return clock(gone) + " gone" + p.estimate
}

// ahead puts the estimate in words: ", about 3m to an answer, 6m in all"; "" if nothing is
// left.
func ahead(gone time.Duration, left []rest, processors int) (words string) {
	if len(left) == 0 {
		return ""
	}
	milestones, end := estimate(left, processors)
	about := ", about "
	for _, m := range milestones {
		words += about + rough(m.Seconds) + " to " + m.What
		about = ", "
	}
	return words + about + rough(gone.Seconds()+end) + " in all"
}

// draw replaces the live lines.
func (d *Display) draw(lines []string) {
	width := d.width() - 1
	if width <= 0 {
		width = 79
	}
	lines = slices.Clone(lines)
	for i, line := range lines {
		if runes := []rune(line); len(runes) > width {
			lines[i] = string(runes[:width-1]) + "…"
		}
	}
	d.write(strings.Join(lines, "\n"))
	d.drawn = len(lines)
}

// print replaces the live lines by text that stays.
func (d *Display) print(text string) {
	d.write(text)
	d.drawn = 0
}

// write writes text in place of the live lines, at once so that they don't flicker.
func (d *Display) write(text string) {
	if d.drawn > 1 {
		text = fmt.Sprintf("\x1b[%dA", d.drawn-1) + "\r\x1b[J" + text
	} else if d.drawn == 1 {
		text = "\r\x1b[J" + text
	}
	if text != "" {
		_, _ = d.out.Write([]byte(text))
	}
}
