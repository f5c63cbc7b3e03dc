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
			[]string{"start", "2.30 ms", "hello: 2 ms", "1.15×", "≤ 1.15×, met"},
		},
		{
			Row{Figure: "start", Unit: "ms", Ours: 2.32, Beside: "hello", Theirs: 2, Goal: atMostTimes(1.15)},
			false,
			[]string{"start", "2.32 ms", "hello: 2 ms", "1.16×", "≤ 1.15×, **missed**"},
		},
		{
			Row{Figure: "calls", Ours: 2, Goal: atMost(1)},
			false,
			[]string{"calls", "2", "", "", "≤ 1, **missed**"},
		},
		{
			Row{Figure: "refused", Ours: 0, Beside: "one value", Theirs: 0, Goal: atMost(0)},
			true,
			[]string{"refused", "0", "one value: 0", "", "≤ 0, met"},
		},
		{
			Row{Figure: "rate", Unit: "per s", Ours: 12_345.6, Beside: "other", Theirs: 0.01234},
			true,
			[]string{"rate", "12346 per s", "other: 0.0123 per s", "1000453.81×", ""},
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
