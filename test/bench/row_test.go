package bench

import (
	"slices"
	"testing"
)

func TestRowsSayWhetherTheirGoalIsMet(t *testing.T) {
	for _, c := range []struct {
		row   Row
		met   bool
		cells []string
	}{
		{
			Row{Figure: "start", Unit: "ms", Ours: 2.3, Beside: "hello", Theirs: 2, Goal: atMostTimes(1.15)},
			true,
			[]string{"start", "2.30 ms", "2 ms (hello)", "1.15×", "≤ 1.15×, met"},
		},
		{
			Row{Figure: "start", Unit: "ms", Ours: 2.32, Beside: "hello", Theirs: 2, Goal: atMostTimes(1.15)},
			false,
			[]string{"start", "2.32 ms", "2 ms (hello)", "1.16×", "≤ 1.15×, MISSED"},
		},
		{
			Row{Figure: "rate", Unit: "/s", Ours: 94, Beside: "none", Theirs: 100, Goal: atLeastTimes(0.95)},
			false,
			[]string{"rate", "94 /s", "100 /s (none)", "0.94×", "≥ 0.95×, MISSED"},
		},
		{
			Row{Figure: "rate", Unit: "/s", Ours: 95, Beside: "none", Theirs: 100, Goal: atLeastTimes(0.95)},
			true,
			[]string{"rate", "95 /s", "100 /s (none)", "0.95×", "≥ 0.95×, met"},
		},
		{
			Row{Figure: "calls", Ours: 2, Goal: atMost(1)},
			false,
			[]string{"calls", "2", "", "", "≤ 1, MISSED"},
		},
		{
			Row{Figure: "refused", Ours: 0, Beside: "one value", Theirs: 0, Goal: atMost(0)},
			true,
			[]string{"refused", "0", "0 (one value)", "", "≤ 0, met"},
		},
		{
			Row{Figure: "nothing to compare with", Ours: 0, Beside: "one value", Theirs: 0, Goal: atMostTimes(2)},
			false,
			[]string{"nothing to compare with", "0", "0 (one value)", "", "≤ 2×, MISSED"},
		},
		{
			Row{Figure: "rate", Unit: "per s", Ours: 12_345.6, Beside: "other", Theirs: 0.01234},
			true,
			[]string{"rate", "12 346 per s", "0.0123 per s (other)", "1 000 454×", ""},
		},
		{
			Row{Figure: "requests", Ours: 5, Beside: "other", Theirs: 10, Plain: true},
			true,
			[]string{"requests", "5", "10 (other)", "", ""},
		},
		{
			Row{Figure: "start", Unit: "ms", Ours: 3, Beside: "Python", Theirs: 300},
			true,
			[]string{"start", "3 ms", "300 ms (Python)", "0.0100×", ""},
		},
	} {
		if got := c.row.Met(); got != c.met {
			t.Errorf("%+v: met %t", c.row, got)
		}
		if got := c.row.cells(); !slices.Equal(got, c.cells) {
			t.Errorf("%+v\n got %q\nwant %q", c.row, got, c.cells)
		}
	}
}
