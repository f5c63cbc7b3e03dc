package model

import "github.com/gatehouse-iac/gatehouse/internal/keyring"

// mostTicks is how many ticks it takes from any state to a steady one: one to
// publish, one to see that it is Deployed, and one to prune.
const mostTicks = 3

// liveness counts the ticks from any state of a world to a steady one.
type liveness struct {
	*world
	known map[state]int // ticks from states that were met before
}

// ticks leaves a state to ticks alone: there is no `up`, no intruder, no request
// and no crash any more, and between two ticks CloudFront deploys and every time
// passes. It returns how many ticks change or wait for something, at most one more
// than mostTicks. A call that was on its way is taken for lost: what it may have
// done is another state that is explored.
func (l liveness) ticks(s state) int {
	s.rotators, s.late, s.watched = [2]rotator{}, call{}, noWatch
	l.wait(&s)
	if n, ok := l.known[s]; ok {
		return n
	}
	start, n, sawDeployed := s, 0, false
	for ; !s.steady() && n <= mostTicks; n++ {
		sawDeployed = l.tick(&s, sawDeployed)
		l.wait(&s)
	}
	l.known[start] = n
	return n
}

// steady reports whether CloudFront sends the one key of the keyring to every origin.
func (s *state) steady() bool {
	return s.read() != foreign && s.ring() == only(s.header)
}

// wait lets every time pass, and the edges get what they lack.
func (l liveness) wait(s *state) {
	s.full, s.sent = max(s.full, 1), s.configured()
	for range max(l.settleCap(), l.graceCap(), l.drainCap(), l.upTakes) + 1 {
		l.timePasses(s)
	}
	l.normalise(s)
}

// tick is one tick of the rotator, which has seen the present version of the
// distribution Deployed at the last one or not. It reports the same for the next.
func (l liveness) tick(s *state, sawDeployed bool) bool {
	seen := snapshot{header: s.read(), quiet: s.quiet, full: 1}
	if sawDeployed {
		seen.full = s.full
	}
	s.ring().each(func(v value) { seen.ring[v] = s.keys[v] })
	switch c := l.choice(l.observation(seen), keyring.Request{}); c.kind {
	case addCall:
		s.insert(c.key)
		s.keys[c.key] = inRing
	case checkCall:
		s.configure(c.key)
		return false
	case pruneCall:
		s.drop(c.keys)
	}
	return true
}
