package check

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// PrintTable writes the results as a table, and below it in full each error that was cut.
func PrintTable(w io.Writer, results []Result) {
	name, want, got := 0, len("want"), len("got")
	for _, r := range results {
		name = max(name, utf8.RuneCountInString(r.Name))
		want = max(want, utf8.RuneCountInString(r.Want))
		got = max(got, utf8.RuneCountInString(r.cell()))
	}
	line := func(mark, a, b, c, d string) {
		fmt.Fprintf(w, "  %s %-*s  %-*s  %-*s  %6s\n", mark, name, a, want, b, got, c, d)
	}
	line(" ", "", "want", "got", "ms")
	for _, r := range results {
		mark := "✓"
		if r.Err != nil {
			mark = "✗"
		}
		line(mark, r.Name, r.Want, r.cell(), fmt.Sprint(r.Took.Milliseconds()))
	}
	for _, r := range results {
		if r.Err != nil && r.Err.Error() != r.cell() {
			fmt.Fprintf(w, "\n  %s: %v\n", r.Name, r.Err)
		}
	}
}

// cell returns what was observed, or the error, on one line that fits the table.
func (r Result) cell() string {
	content := r.Got
	if r.Err != nil {
		content = r.Err.Error()
	}
	const most = 60
	runes := []rune(strings.Join(strings.Fields(content), " "))
	if len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return string(runes)
}
