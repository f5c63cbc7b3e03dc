package progress

import (
	"bytes"
	"context"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestFactor(t *testing.T) {
	at := func(seconds float64) time.Time {
		return time.Unix(0, 0).Add(time.Duration(seconds * float64(time.Second)))
	}
	type interval struct{ from, to, work float64 }
	for _, test := range []struct {
		name  string
		works []interval
		want  float64
	}{
		{"nothing finished", nil, 1},
		{"too little to tell", []interval{{0, 40, 10}}, 1},
		{"as announced", []interval{{0, 10, 20}}, 1},
		{"twice as slow", []interval{{0, 10, 10}, {10, 20, 10}}, 2},
		{"two at once", []interval{{0, 10, 10}, {0, 10, 10}}, 1},
		{"idle between", []interval{{0, 5, 10}, {105, 110, 10}}, 1},
		{"bounded above", []interval{{0, 1000, 20}}, 4},
		{"bounded below", []interval{{0, 1, 200}}, 0.3},
	} {
		p := plan{processors: 2}
		for _, w := range test.works {
			p.worked(at(w.from), at(w.to), w.work)
		}
		if got := p.factor(); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

// last returns the last line of a log that has all the words.
func last(log string, words ...string) string {
	found := ""
lines:
	for line := range strings.Lines(log) {
		for _, word := range words {
			if !strings.Contains(line, word) {
				continue lines
			}
		}
		found = strings.TrimSpace(line)
	}
	return found
}

func TestTheEstimateFollowsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		d := New(&out, nil)
		defer d.Close()
		parts := []Part{
			{Name: "engine", Work: 100},
			{Name: "deploy", Wait: 60, After: []string{"engine"}, Milestone: "an answer"},
			{Name: "kubernetes", Work: 180},
		}
		d.Expect(parts, 2)
		_ = d.Step(t.Context(), "engine", func(_ context.Context, s *Step) error {
			s.Progress(0, 100)
			time.Sleep(500 * time.Millisecond)
			for i := range 100 { // a second each: at half the speed that was announced
				s.Doing("compiling %d of 100", i+1)
				time.Sleep(time.Second)
				s.Progress(i+1, 100)
			}
			return nil
		})
		if got, want := last(out.String(), "… engine 20s"), "… engine 20s compiling 20 of 100 · 20s gone, about 2m30s to an answer, 5m in all"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		parts[1].Wait = 120
		d.Expect(parts, 2) // the engine has ended and doesn't count again
		_ = d.Step(t.Context(), "deploy", func(context.Context, *Step) error {
			time.Sleep(time.Minute)
			return nil
		})
		if got, want := last(out.String(), "… deploy"), "… deploy 40s · 2m20s gone, about 1m30s to an answer, 5m30s in all"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestAStepMayTurnOutSmaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		d := New(&out, nil)
		defer d.Close()
		d.Expect([]Part{{Name: "engine", Work: 1000}}, 1)
		_ = d.Step(t.Context(), "engine", func(_ context.Context, s *Step) error {
			s.AtMost(60)
			s.Progress(0, 10)
			time.Sleep(21 * time.Second)
			return nil
		})
		if got := last(out.String(), "gone"); !strings.HasSuffix(got, "20s gone, about 1m30s in all") {
			t.Errorf("got %q", got)
		}
	})
}

func TestWaitingStepsDontCountAsRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		d := New(&out, nil)
		defer d.Close()
		d.Expect([]Part{{Name: "packages", Work: 50}}, 1)
		_ = d.Step(t.Context(), "packages", func(_ context.Context, s *Step) error {
			s.Waiting()
			time.Sleep(70 * time.Second)
			s.Doing("installing")
			time.Sleep(20 * time.Second)
			return nil
		})
		for _, want := range []string{"… waiting: packages · 20s gone, about 1m30s in all", "… packages 1m20s installing · 1m20s gone, about 2m in all"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%q is missing in\n%s", want, out.String())
			}
		}
	})
}
