package progress

import (
	"fmt"
	"time"
)

// Step is one named piece of work. Its methods may be called on nil, for work that isn't
// shown.
type Step struct {
	display *Display
	name    string
	start   time.Time
	doing   string
	note    string

	waiting bool
	since   time.Time     // of the last change of waiting
	spent   time.Duration // not waiting, until then

	counted  bool    // whether fraction is known
	fraction float64 // of its work that is done
	at       time.Time
	most     float64 // seconds of work; 0 without a bound
}

// Doing shows what the step does at the moment.
func (s *Step) Doing(format string, args ...any) {
	if s == nil {
		return
	}
	s.display.mu.Lock()
	defer s.display.mu.Unlock()
	s.doing = fmt.Sprintf(format, args...)
	s.wait(false)
}

// Waiting shows that the step waits for others, until it does something.
func (s *Step) Waiting() {
	if s == nil {
		return
	}
	s.display.mu.Lock()
	defer s.display.mu.Unlock()
	s.wait(true)
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

// Progress sets how much of the step's own work is done, of packages to compile for
// example. Without it, time alone tells how far a step is.
func (s *Step) Progress(done, all int) {
	if s == nil || all <= 0 {
		return
	}
	d := s.display
	d.mu.Lock()
	defer d.mu.Unlock()
	now, fraction := time.Now(), min(1, max(0, float64(done)/float64(all)))
	if part, found := d.plan.part(s.name); found && s.counted && fraction > s.fraction {
		d.plan.worked(s.at, now, s.work(part)*(fraction-s.fraction))
	}
	s.counted, s.fraction, s.at = true, fraction, now
}

// AtMost bounds the step's work, in seconds of one processor, below what was announced:
// the rest of it was done in an earlier run.
func (s *Step) AtMost(work float64) {
	if s == nil {
		return
	}
	s.display.mu.Lock()
	defer s.display.mu.Unlock()
	s.most = work
}

// work returns the seconds of work of the step, which is that part.
func (s *Step) work(part Part) float64 {
	if s.most > 0 {
		return min(s.most, part.Work)
	}
	return part.Work
}

func (s *Step) wait(waiting bool) {
	if s.waiting == waiting {
		return
	}
	now := time.Now()
	if waiting {
		s.spent += now.Sub(s.since)
	}
	s.waiting, s.since = waiting, now
}

// active returns how long the step was not waiting.
func (s *Step) active(now time.Time) time.Duration {
	if s.waiting {
		return s.spent
	}
	return s.spent + now.Sub(s.since)
}
