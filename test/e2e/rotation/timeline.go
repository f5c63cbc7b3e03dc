package rotation

import (
	"slices"
	"strings"
	"time"
)

// key is one that the API accepts. Its value never leaves the test.
type key struct{ name, value string }

// look is what a distribution sends and what its API accepts, seen in this order.
type look struct {
	at       time.Time
	header   string // in the distribution's newest configuration
	deployed bool   // at every edge
	ring     []key  // oldest first
}

// life is what was seen of one key.
type life struct {
	key
	listed    time.Time // first seen in the ring
	published time.Time // first seen in the configuration; zero if it never was
	alone     time.Time // no older key is left; zero before
}

// timeline follows a rotation from look to look.
type timeline struct {
	lives     map[string]*life // by value
	published []*life          // in that order, the one at the beginning included
	sending   map[string]bool  // values that some edge may send
	history   []stretch
	mismatch  time.Duration
	largest   int // ring
	last      look
}

// stretch is a time in which the same keys may have been sent.
type stretch struct {
	from time.Time
	keys string
}

// see adds a look. Of two configurations within one deployment both may be sent,
// until one is seen deployed.
func (t *timeline) see(now look) {
	if t.lives == nil {
		t.lives, t.sending = map[string]*life{}, map[string]bool{}
	}
	if t.broken() {
		t.mismatch += now.at.Sub(t.last.at)
	}
	for _, k := range now.ring {
		if t.lives[k.value] == nil {
			t.lives[k.value] = &life{key: k, listed: now.at}
		}
	}
	if now.deployed {
		clear(t.sending)
	}
	t.sending[now.header] = true
	if used := t.lives[now.header]; used != nil && now.header != t.last.header {
		if used.published.IsZero() {
			used.published = now.at
		}
		t.published = append(t.published, used)
	}
	if used := t.lives[now.header]; used != nil && used.alone.IsZero() && len(now.ring) > 0 && now.ring[0].value == now.header {
		used.alone = now.at
	}
	t.largest = max(t.largest, len(now.ring))
	t.last = now
	if sent := t.describe(); len(t.history) == 0 || t.history[len(t.history)-1].keys != sent {
		t.history = append(t.history, stretch{now.at, sent})
	}
}

// broken reports whether, at the last look, some edge may have sent what the API
// does not accept.
func (t *timeline) broken() bool {
	for value := range t.sending {
		if !slices.ContainsFunc(t.last.ring, func(k key) bool { return k.value == value }) {
			return true
		}
	}
	return false
}

// describe names the keys that may be sent.
func (t *timeline) describe() string {
	var names []string
	for value := range t.sending {
		name := "a value in no key"
		if known := t.lives[value]; known != nil {
			name = known.name
			if !slices.ContainsFunc(t.last.ring, func(k key) bool { return k.value == value }) {
				name += " (not accepted)"
			}
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, " or ")
}

// sentAt names the keys that may have been sent at a moment.
func (t *timeline) sentAt(moment time.Time) string {
	keys := "unknown"
	for _, s := range t.history {
		if s.from.After(moment) {
			break
		}
		keys = s.keys
	}
	return keys
}

// rotations is how often another key came into use.
func (t *timeline) rotations() int { return max(0, len(t.published)-1) }

// steady reports whether the ring holds one key and every edge sends it.
func (t *timeline) steady() bool {
	return t.last.deployed && len(t.last.ring) == 1 && t.last.ring[0].value == t.last.header
}

// lasted returns, for each rotation that was seen to its end, the time from the new
// key's appearance until no older key was left.
func (t *timeline) lasted() []time.Duration {
	var times []time.Duration
	for i, used := range t.published {
		if i > 0 && !used.alone.IsZero() {
			times = append(times, used.alone.Sub(used.listed))
		}
	}
	return times
}

// keys returns every key that was ever in the ring.
func (t *timeline) keys() []key {
	var keys []key
	for _, l := range t.lives {
		keys = append(keys, l.key)
	}
	slices.SortFunc(keys, func(a, b key) int { return strings.Compare(a.name, b.name) })
	return keys
}
