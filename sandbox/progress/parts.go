package progress

import (
	"slices"
	"time"
)

// Part is a part of the work that [Display.Expect] announces.
type Part struct {
	Name      string
	Work      float64  // seconds of one processor; all that are free work on it
	Wait      float64  // seconds of waiting, or of one thing after another, after that
	After     []string // the parts that must have ended before
	Milestone string   // what is reached when it ends: "an answer"; "" for nothing
}

// The bounds of the factor by which this machine takes longer than announced, and the
// seconds of finished work before it is used.
const (
	leastFactor  = 0.3
	mostFactor   = 4
	leastWorked  = 15
	estimateEach = time.Second
)

// plan has the parts and what is known of them.
type plan struct {
	parts      []Part
	processors int
	ended      map[string]bool

	finished float64       // seconds of announced work that steps with a known fraction did
	busy     time.Duration // how long that took
	until    time.Time     // the end of the last interval of busy

	estimated time.Time
	estimate  string // at that time
}

func (p *plan) part(name string) (Part, bool) {
	i := slices.IndexFunc(p.parts, func(part Part) bool { return part.Name == name })
	if i < 0 {
		return Part{}, false
	}
	return p.parts[i], true
}

func (p *plan) end(name string) {
	if p.ended == nil {
		p.ended = map[string]bool{}
	}
	p.ended[name] = true
}

// worked counts work that was done in an interval. Intervals overlap where two steps work
// at once.
func (p *plan) worked(from, to time.Time, work float64) {
	if from.Before(p.until) {
		from = p.until
	}
	p.finished += work
	p.busy += max(0, to.Sub(from))
	p.until = to
}

// factor returns by how much the work takes longer here than announced.
func (p *plan) factor() float64 {
	if p.finished < leastWorked {
		return 1
	}
	return min(mostFactor, max(leastFactor, p.busy.Seconds()*float64(p.processors)/p.finished))
}

// left returns the parts that have not ended, as the estimate takes them: those that do
// something now, then the others.
func (p *plan) left(running []*Step, now time.Time) []rest {
	steps := map[string]*Step{}
	for _, s := range running {
		steps[s.name] = s
	}
	var first, others []rest
	factor := p.factor()
	for _, part := range p.parts {
		step := steps[part.Name]
		switch {
		case step == nil && p.ended[part.Name]:
		case step == nil:
			others = append(others, rest{Part: scaled(part, factor)})
		case step.waiting:
			others = append(others, restOf(part, step, now, factor, p.processors))
		default:
			first = append(first, restOf(part, step, now, factor, p.processors))
		}
	}
	return append(first, others...)
}

func scaled(part Part, factor float64) Part {
	part.Work *= factor
	return part
}

// restOf returns what is left of a part that runs.
func restOf(part Part, s *Step, now time.Time, factor float64, processors int) rest {
	part.Work = s.work(part)
	part = scaled(part, factor)
	if !s.counted {
		return restByTime(part, s.active(now).Seconds(), processors)
	}
	var waited float64
	if s.fraction == 1 {
		waited = now.Sub(s.at).Seconds()
	}
	return restByFraction(part, s.fraction, waited)
}
