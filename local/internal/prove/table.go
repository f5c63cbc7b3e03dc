// Package prove shows by requests that the deployed stack does what it is for.
package prove

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

// Print writes the rows as a table.
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
