// Package prove shows by requests that the deployed stack does what it is for.
package smoke

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// Row is one thing shown.
type Row struct {
	Name, Expected, Got string
	OK                  bool
	Took                time.Duration
	Err                 error // in full what Got tells of it, if that was cut
}

// Check makes a row of what f finds, which has to be what is expected, without an
// error.
func Check(name, expected string, f func() (got string, err error)) Row {
	start := time.Now()
	got, err := f()
	row := Row{Name: name, Expected: expected, Got: got, OK: err == nil && got == expected, Took: time.Since(start)}
	if err != nil {
		row.Got, row.Err = Short(err.Error()), err
	}
	return row
}

// Passed reports whether all rows are as expected.
func Passed(rows []Row) bool {
	for _, row := range rows {
		if !row.OK {
			return false
		}
	}
	return len(rows) > 0
}

// Print writes the rows as a table, and below it what was cut.
func Print(w io.Writer, rows []Row) {
	name, expected, got := 0, len("expected"), len("got")
	for _, row := range rows {
		name = max(name, utf8.RuneCountInString(row.Name))
		expected = max(expected, utf8.RuneCountInString(row.Expected))
		got = max(got, utf8.RuneCountInString(row.Got))
	}
	line := func(mark, a, b, c, d string) {
		fmt.Fprintf(w, "  %s %-*s  %-*s  %-*s  %6s\n", mark, name, a, expected, b, got, c, d)
	}
	line(" ", "", "expected", "got", "ms")
	for _, row := range rows {
		mark := "✓"
		if !row.OK {
			mark = "✗"
		}
		line(mark, row.Name, row.Expected, row.Got, fmt.Sprint(row.Took.Milliseconds()))
	}
	for _, row := range rows {
		if row.Err != nil && row.Err.Error() != row.Got {
			fmt.Fprintf(w, "\n  %s: %v\n", row.Name, row.Err)
		}
	}
}

// Short is a text on one line, cut to a length that fits the table.
func Short(text string) string {
	const most = 60
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return string(runes)
}
