// Package progress shows steps while they run: a line for each that ended, and one with
// those under way. On a terminal that last line is live; otherwise, in CI for example, it
// is printed now and then, so that a long build doesn't look like a hang.
package progress

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	liveInterval  = 120 * time.Millisecond
	plainInterval = 20 * time.Second
	nameWidth     = 16
)

var spinner = []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")

// Display shows the steps of one command.
type Display struct {
	out   io.Writer
	width func() int // of the terminal; nil without one

	mu      sync.Mutex
	running []*Step
	took    []Took
	frame   int
	done    chan struct{}
	ended   sync.WaitGroup
}

// New starts a display. width gives the width of the terminal that out writes
// to, and is nil if it writes to something else. Close ends the display.
func New(out io.Writer, width func() int) *Display {
	d := &Display{out: out, width: width, done: make(chan struct{})}
	interval := plainInterval
	if width != nil {
		interval = liveInterval
	}
	d.ended.Go(func() {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-d.done:
				return
			case <-tick.C:
				d.tick()
			}
		}
	})
	return d
}

// Close ends the display.
func (d *Display) Close() {
	close(d.done)
	d.ended.Wait()
	d.clear()
}

// Step is one named piece of work. Its methods may be called on nil, for work that isn't
// shown.
type Step struct {
	display *Display
	name    string
	start   time.Time
	doing   string
	note    string
}

// Step runs f as a step and shows how it ended. The error of f is returned as
// it is: the caller reports it once, at the end.
func (d *Display) Step(ctx context.Context, name string, f func(context.Context, *Step) error) error {
	s := &Step{display: d, name: name, start: time.Now()}
	d.mu.Lock()
	d.running = append(d.running, s)
	d.mu.Unlock()
	err := f(ctx, s)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.running = slices.DeleteFunc(d.running, func(other *Step) bool { return other == s })
	mark, note := "✓", s.note
	switch {
	case err != nil && ctx.Err() != nil:
		mark, note = "–", "stopped"
	case err != nil:
		mark, note = "✗", "failed"
	}
	d.took = append(d.took, Took{name, time.Since(s.start).Seconds()})
	d.clear()
	fmt.Fprintf(d.out, "%s %-*s %s\n", mark, nameWidth, name, pad(note, elapsed(s.start)))
	return err
}

// Took has the duration of a step.
type Took struct {
	Step    string  `json:"step"`
	Seconds float64 `json:"seconds"`
}

// Took returns the steps that ended, in that order.
func (d *Display) Took() []Took {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.took)
}

// Say prints a line between the steps.
func (d *Display) Say(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.clear()
	fmt.Fprintf(d.out, format+"\n", args...)
}

// Doing shows what the step does at the moment.
func (s *Step) Doing(format string, args ...any) {
	if s == nil {
		return
	}
	s.display.mu.Lock()
	defer s.display.mu.Unlock()
	s.doing = fmt.Sprintf(format, args...)
}

// Note sets what is shown beside the step's name when it has ended.
func (s *Step) Note(format string, args ...any) {
	if s == nil {
		return
	}
	s.display.mu.Lock()
	defer s.display.mu.Unlock()
	s.note = fmt.Sprintf(format, args...)
}

func (d *Display) tick() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.running) == 0 {
		return
	}
	var parts []string
	for _, s := range d.running {
		part := s.name + " " + elapsed(s.start)
		if s.doing != "" {
			part += " " + s.doing
		}
		parts = append(parts, part)
	}
	text := strings.Join(parts, " · ")
	if d.width == nil {
		fmt.Fprintf(d.out, "… %s\n", text)
		return
	}
	d.frame++
	line := []rune(fmt.Sprintf("%c %s", spinner[d.frame%len(spinner)], text))
	if width := d.width() - 1; width > 0 && len(line) > width {
		line = append(line[:width-1], '…')
	}
	d.clear()
	fmt.Fprint(d.out, string(line))
}

// clear removes the live line.
func (d *Display) clear() {
	if d.width != nil {
		fmt.Fprint(d.out, "\r\x1b[K")
	}
}

func pad(note, time string) string {
	const width = 48
	return note + strings.Repeat(" ", max(1, width-len([]rune(note))-len(time))) + time
}

// elapsed returns the time since start in a short form: 0.1s, 42s, 3m05s.
func elapsed(start time.Time) string {
	d := time.Since(start)
	if d < 10*time.Second {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	seconds := int(d.Round(time.Second).Seconds())
	if seconds < 60 {
		return fmt.Sprintf("%ds", seconds)
	}
	return fmt.Sprintf("%dm%02ds", seconds/60, seconds%60)
}
