package rotation

import (
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// at is a look after so many seconds; the ring's keys are named after their values.
func at(second int, header string, deployed bool, ring ...string) look {
	l := look{at: start.Add(time.Duration(second) * time.Second), header: header, deployed: deployed}
	for _, value := range ring {
		l.ring = append(l.ring, key{"key-" + value, value})
	}
	return l
}

func follow(looks ...look) *timeline {
	var t timeline
	for _, l := range looks {
		t.see(l)
	}
	return &t
}

func TestARotationWithARing(t *testing.T) {
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

func TestMismatch(t *testing.T) {
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
		), 0}, // nobody saw that a was sent
		"a header that nobody knows": {follow(
			at(0, "a", true, "a"), at(1, "x", false, "a"), at(3, "x", true, "a"), at(4, "x", true, "a"),
		), 3 * time.Second},
	} {
		if one.seen.mismatch != one.want {
			t.Errorf("%s: got %s, want %s", name, one.seen.mismatch, one.want)
		}
	}
}

func TestValuesStayInside(t *testing.T) {
	seen := follow(at(0, "secret-a", true, "b"), at(1, "b", false, "b"))
	for _, text := range []string{seen.sentAt(start), seen.describe()} {
		if strings.Contains(text, "secret-a") {
			t.Errorf("shows a value: %s", text)
		}
	}
}
