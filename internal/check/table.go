package check

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// PrintTable writes the results as a table. Below it is each error that was cut, in full, and
// for each failure the section of the runbook, which is at this URL.
func PrintTable(w io.Writer, results []Result, runbook string) {
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
		line(marks[r.outcome()], r.Name, r.Want, r.cell(), r.milliseconds())
	}
	for _, r := range results {
		r.printFailure(w, runbook)
	}
}

var marks = map[string]string{passed: "✓", failed: "✗", leftOut: "–"}

func (r Result) printFailure(w io.Writer, runbook string) {
	if r.Err == nil {
		return
	}
	var more []string
	if r.Err.Error() != r.cell() {
		more = append(more, r.Err.Error())
	}
	if link := r.link(runbook); link != "" {
		more = append(more, "see "+link)
	}
	if len(more) > 0 {
		fmt.Fprintf(w, "\n  %s: %s\n", r.Name, strings.Join(more, "\n    "))
	}
}

func (r Result) milliseconds() string {
	if r.LeftOut != "" {
		return ""
	}
	return fmt.Sprint(r.Took.Milliseconds())
}

// cell returns what was observed, the error, or why the check was left out, on one line that
// fits the table.
func (r Result) cell() string {
	content := r.Got
	switch r.outcome() {
	case failed:
		content = r.Err.Error()
	case leftOut:
		content = r.LeftOut
	}
	const most = 60
	runes := []rune(strings.Join(strings.Fields(content), " "))
	if len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return string(runes)
}
