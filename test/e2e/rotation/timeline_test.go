package rotation

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// key is an origin key that the API accepts. Its value never leaves the test.
type key struct{ name, value string }

// snapshot is what a distribution sends and what its API accepts, read in this order.
type snapshot struct {
	at       time.Time
	header   string // in the distribution's newest configuration
	deployed bool   // at every edge
	keyring  []key  // oldest first
}

// keyHistory has the times at which one key changed its state.
type keyHistory struct {
	key
	listed    time.Time // first seen in the keyring
	published time.Time // first seen in the configuration; zero if it never was
	alone     time.Time // no older key is left; zero before
}

// timeline follows rotations from snapshot to snapshot.
type timeline struct {
	histories map[string]*keyHistory // by value
	published []*keyHistory          // in that order, the one at the beginning included
	sending   map[string]bool        // values that some edge may send
	sent      []period
	mismatch  time.Duration // in which some edge could send a key that the API rejects
	largest   int           // keyring
	last      snapshot
}

// period is a time in which the same keys may have been sent.
type period struct {
	from time.Time
	keys string
}

// add adds a snapshot. Of two configurations within one deployment both may be sent,
// until one is seen deployed.
func (t *timeline) add(now snapshot) {
	if t.histories == nil {
		t.histories, t.sending = map[string]*keyHistory{}, map[string]bool{}
	}
	if t.broken() {
		t.mismatch += now.at.Sub(t.last.at)
	}
	for _, k := range now.keyring {
		if t.histories[k.value] == nil {
			t.histories[k.value] = &keyHistory{key: k, listed: now.at}
		}
	}
	if now.deployed {
		clear(t.sending)
	}
	t.sending[now.header] = true
	if used := t.histories[now.header]; used != nil && now.header != t.last.header {
		if used.published.IsZero() {
			used.published = now.at
		}
		t.published = append(t.published, used)
	}
	if used := t.histories[now.header]; used != nil && used.alone.IsZero() && len(now.keyring) > 0 && now.keyring[0].value == now.header {
		used.alone = now.at
	}
	t.largest = max(t.largest, len(now.keyring))
	t.last = now
	if sent := t.describe(); len(t.sent) == 0 || t.sent[len(t.sent)-1].keys != sent {
		t.sent = append(t.sent, period{now.at, sent})
	}
}

// broken reports whether, at the last snapshot, some edge may have sent what the API
// does not accept.
func (t *timeline) broken() bool {
	for value := range t.sending {
		if !slices.ContainsFunc(t.last.keyring, func(k key) bool { return k.value == value }) {
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
		if known := t.histories[value]; known != nil {
			name = known.name
			if !slices.ContainsFunc(t.last.keyring, func(k key) bool { return k.value == value }) {
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
	for _, s := range t.sent {
		if s.from.After(moment) {
			break
		}
		keys = s.keys
	}
	return keys
}

// rotations returns how many times another key was published.
func (t *timeline) rotations() int { return max(0, len(t.published)-1) }

// steady reports whether the keyring holds one key and every edge sends it.
func (t *timeline) steady() bool {
	return t.last.deployed && len(t.last.keyring) == 1 && t.last.keyring[0].value == t.last.header
}

// lasted returns, for each rotation that was observed to its end, the time from the
// addition of the new key until no older key was left.
func (t *timeline) lasted() []time.Duration {
	var times []time.Duration
	for i, used := range t.published {
		if i > 0 && !used.alone.IsZero() {
			times = append(times, used.alone.Sub(used.listed))
		}
	}
	return times
}

// keys returns every key that was ever in the keyring.
func (t *timeline) keys() []key {
	var keys []key
	for _, l := range t.histories {
		keys = append(keys, l.key)
	}
	slices.SortFunc(keys, func(a, b key) int { return strings.Compare(a.name, b.name) })
	return keys
}

var start = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// at returns a snapshot after so many seconds. The keys are named after their values.
func at(second int, header string, deployed bool, keyring ...string) snapshot {
	s := snapshot{at: start.Add(time.Duration(second) * time.Second), header: header, deployed: deployed}
	for _, value := range keyring {
		s.keyring = append(s.keyring, key{"key-" + value, value})
	}
	return s
}

func follow(snapshots ...snapshot) *timeline {
	var t timeline
	for _, s := range snapshots {
		t.add(s)
	}
	return &t
}

func TestTimelineOfARotation(t *testing.T) {
	seen := follow(
		at(0, "a", true, "a"),
		at(1, "a", true, "a", "b"),
		at(4, "b", false, "a", "b"),
		at(7, "b", true, "a", "b"),
		at(11, "b", true, "b"),
		at(12, "b", true, "b"),
	)
	if seen.mismatch != 0 || seen.rotations() != 1 || seen.largest != 2 || !seen.steady() {
		t.Errorf("got mismatch %s, %d rotations, largest %d, steady %v", seen.mismatch, seen.rotations(), seen.largest, seen.steady())
	}
	if lasted := seen.lasted(); len(lasted) != 1 || lasted[0] != 10*time.Second {
		t.Errorf("got %v", lasted)
	}
	for second, want := range map[int]string{-1: "unknown", 2: "key-a", 5: "key-a or key-b", 9: "key-b"} {
		if got := seen.sentAt(start.Add(time.Duration(second) * time.Second)); got != want {
			t.Errorf("at %d: got %q, want %q", second, got, want)
		}
	}
	if keys := seen.keys(); len(keys) != 2 || keys[0].value != "a" {
		t.Errorf("got %v", keys)
	}
}

func TestTimelineMismatch(t *testing.T) {
	for name, one := range map[string]struct {
		seen *timeline
		want time.Duration
	}{
		"the value is replaced while edges still send the one before": {follow(
			at(0, "a", true, "a"), at(2, "b", false, "a"), at(3, "b", false, "b"), at(7, "b", true, "b"), at(9, "b", true, "b"),
		), 5 * time.Second},
		"a second change before the first is deployed": {follow(
			at(0, "a", true, "a", "b", "c"), at(1, "b", false, "a", "b", "c"), at(2, "c", false, "b", "c"), at(5, "c", true, "b", "c"),
		), 3 * time.Second},
		"a key is deleted before the deployment ended": {follow(
			at(0, "b", false, "a", "b"), at(1, "b", false, "b"), at(2, "b", true, "b"),
		), 0}, // no snapshot had a in the header
		"a value that is in no key": {follow(
			at(0, "a", true, "a"), at(1, "x", false, "a"), at(3, "x", true, "a"), at(4, "x", true, "a"),
		), 3 * time.Second},
	} {
		if one.seen.mismatch != one.want {
			t.Errorf("%s: got %s, want %s", name, one.seen.mismatch, one.want)
		}
	}
}

func TestTimelineShowsNoValue(t *testing.T) {
	seen := follow(at(0, "secret-a", true, "b"), at(1, "b", false, "b"))
	for _, shown := range []string{seen.sentAt(start), seen.describe()} {
		if strings.Contains(shown, "secret-a") {
			t.Errorf("shows a value: %s", shown)
		}
	}
}
