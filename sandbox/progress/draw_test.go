package progress

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// terminal has what a terminal shows: lines of text, and a cursor.
type terminal struct {
	lines       [][]rune
	row, column int
	widest      int
}

// Write understands what the display writes: text, line ends, cursor up, and clearing to
// the end.
func (t *terminal) Write(p []byte) (int, error) {
	rest := []rune(string(p))
	for len(rest) > 0 {
		var up int
		switch r := rest[0]; {
		case r == '\r':
			t.column = 0
		case r == '\n':
			t.row, t.column = t.row+1, 0
		case r == '\x1b' && strings.HasPrefix(string(rest), "\x1b[J"):
			t.lines = t.lines[:min(len(t.lines), t.row+1)]
			t.line(t.row)
			t.lines[t.row] = t.lines[t.row][:t.column]
			rest = rest[2:]
		case r == '\x1b':
			if _, err := fmt.Sscanf(string(rest), "\x1b[%dA", &up); err != nil || up > t.row {
				return 0, fmt.Errorf("not understood in row %d: %q", t.row, string(rest))
			}
			t.row -= up
			rest = rest[slices.Index(rest, 'A'):]
		default:
			t.line(t.row)
			t.lines[t.row] = append(t.lines[t.row][:min(t.column, len(t.lines[t.row]))], r)
			t.column++
			t.widest = max(t.widest, t.column)
		}
		rest = rest[1:]
	}
	return len(p), nil
}

func (t *terminal) line(row int) {
	for len(t.lines) <= row {
		t.lines = append(t.lines, nil)
	}
}

func (t *terminal) text() string {
	var lines []string
	for _, line := range t.lines {
		lines = append(lines, strings.TrimRight(string(line), " "))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

func TestLiveLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var screen terminal
		d := New(&screen, func() int { return 60 })
		d.Expect([]Part{{Name: "engine", Work: 600, Milestone: "an answer"}, {Name: "kubernetes", Work: 60}}, 2)
		check := func(want string) {
			t.Helper()
			synctest.Wait()
			d.mu.Lock()
			defer d.mu.Unlock()
			got := screen.text()
			for _, r := range spinner {
				got = strings.ReplaceAll(got, string(r), "*")
			}
			if got != want {
				t.Errorf("the screen shows\n%s\nwant\n%s", got, want)
			}
		}
		end := make(chan struct{})
		step := func(name string, f func(s *Step)) {
			go func() {
				_ = d.Step(t.Context(), name, func(_ context.Context, s *Step) error {
					f(s)
					<-end
					return nil
				})
			}()
			synctest.Wait()
		}
		step("engine", func(s *Step) { s.Doing("compiling 512 of 1174: k8s.io/api/core/v1/with/a/long/path") })
		step("kubernetes", func(s *Step) { s.Waiting() })
		step("vault", func(s *Step) { s.Waiting() })
		time.Sleep(30 * time.Second)
		check(`* engine           30s compiling 512 of 1174: k8s.io/api/c…
* waiting: kubernetes, vault
  30s gone, about 5m to an answer, 5m30s in all`)
		d.Say("a line\nand one more")
		check("a line\nand one more")
		time.Sleep(liveInterval)
		check(`a line
and one more
* engine           30s compiling 512 of 1174: k8s.io/api/c…
* waiting: kubernetes, vault
  30s gone, about 5m to an answer, 5m30s in all`)
		_ = d.Step(t.Context(), "tools", func(_ context.Context, s *Step) error {
			s.Note("go 1.26")
			time.Sleep(time.Second)
			return nil
		})
		check("a line\nand one more\n✓ tools            go 1.26                                     1.0s")
		close(end)
		time.Sleep(time.Second)
		d.Close()
		if got := screen.text(); strings.Contains(got, "gone") || strings.Count(got, "\n") != 5 {
			t.Errorf("it ended with\n%s", got)
		}
	})
}

func TestManyStepsFitTheScreen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var screen terminal
		d := New(&screen, func() int { return 20 })
		end := make(chan struct{})
		for i := range maxLines + 3 {
			go func() {
				_ = d.Step(t.Context(), fmt.Sprintf("step %d", i), func(_ context.Context, s *Step) error {
					s.Doing("%s", strings.Repeat("long ", 20))
					<-end
					return nil
				})
			}()
		}
		time.Sleep(time.Second)
		d.mu.Lock()
		if got := screen.text(); strings.Count(got, "\n") != maxLines || !strings.HasSuffix(got, "and 3 more") {
			t.Errorf("the screen shows\n%s", got)
		}
		if screen.widest != 19 {
			t.Errorf("a line is %d wide, and the terminal 20", screen.widest)
		}
		d.mu.Unlock()
		close(end)
		synctest.Wait()
		d.Close()
	})
}

func TestDurations(t *testing.T) {
	for seconds, want := range map[float64][2]string{
		0: {"0.0s", "10s"}, 9.94: {"9.9s", "10s"}, 41: {"41s", "50s"}, 55: {"55s", "1m"}, 61: {"1m01s", "1m30s"},
		185.4: {"3m05s", "3m30s"}, 601: {"10m01s", "11m"}, 60: {"1m00s", "1m"},
	} {
		got := [2]string{short(time.Duration(seconds * float64(time.Second))), rough(seconds)}
		if got != want {
			t.Errorf("%v: got %q, want %q", seconds, got, want)
		}
	}
}
