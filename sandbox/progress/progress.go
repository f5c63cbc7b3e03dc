// Package progress shows steps while they run: a line for each that ended, and those under
// way. On a terminal these are live lines below; otherwise, in CI for example, they are
// printed in one line now and then, so that a long build doesn't look like a hang. Where
// the parts of the work are announced by [Display.Expect], it also shows how long they may
// take.
package progress

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

const (
	liveInterval  = 120 * time.Millisecond
	firstInterval = 20 * time.Second // without a terminal
	plainInterval = time.Minute
	nameWidth     = 16
)

// Display shows the steps of one command.
type Display struct {
	out   io.Writer
	width func() int // of the terminal; nil without one
	start time.Time

	mu      sync.Mutex
	running []*Step
	took    []Took
	plan    plan
	frame   int
	drawn   int // live lines on the terminal
	done    chan struct{}
	ended   sync.WaitGroup
}

// New starts a display. width gives the width of the terminal that out writes
// to, and is nil if it writes to something else. Close ends the display.
func New(out io.Writer, width func() int) *Display {
	d := &Display{out: out, width: width, start: time.Now(), done: make(chan struct{})}
	first, interval := firstInterval, plainInterval
	if width != nil {
		first, interval = liveInterval, liveInterval
	}
	d.ended.Go(func() {
		tick := time.NewTimer(first)
		defer tick.Stop()
		for {
			select {
			case <-d.done:
				return
			case <-tick.C:
				d.tick()
				tick.Reset(interval)
			}
		}
	})
	return d
}

// Close ends the display.
func (d *Display) Close() {
	close(d.done)
	d.ended.Wait()
	d.print("")
}

// Step runs f as a step and shows how it ended. The error of f is returned as
// it is: the caller reports it once, at the end.
func (d *Display) Step(ctx context.Context, name string, f func(context.Context, *Step) error) error {
	s := &Step{display: d, name: name, start: time.Now()}
	s.since = s.start
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
	default:
		d.plan.end(name)
	}
	took := time.Since(s.start)
	d.took = append(d.took, Took{name, took.Seconds()})
	d.print(fmt.Sprintf("%s %-*s %s\n", mark, nameWidth, name, pad(note, short(took))))
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
	d.print(fmt.Sprintf(format+"\n", args...))
}

// Expect announces the parts of the work, in the order in which they get processors, and
// how many of these there are. A step with a part's name is that part. Parts announced
// before are replaced; those that have ended don't count again.
func (d *Display) Expect(parts []Part, processors int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.plan.parts, d.plan.processors = slices.Clone(parts), max(1, processors)
	d.plan.estimated = time.Time{}
}
