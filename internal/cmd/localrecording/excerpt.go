package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// The picture shows this much of a recording.
const (
	mostColumns = 124
	firstRows   = 10 // of a table, its heading included
	lastRows    = 5
)

// excerpt returns the lines of a recording that the picture shows. Paths below the checkout's
// root become relative ones; isFolder tells whether the machine has one, whose paths must not
// be shown.
func excerpt(recording, root string, isFolder func(string) bool) ([]string, error) {
	recording = strings.TrimSpace(strings.ReplaceAll(recording, root+"/", ""))
	if recording == "" {
		return nil, errors.New("the recording is empty")
	}
	lines := slices.DeleteFunc(strings.Split(recording, "\n"), omitted)
	var shown []string
	for _, part := range parts(lines) {
		if isTable(part[0]) {
			part = squeeze(shorten(part))
		}
		for _, line := range part {
			if err := check(line, isFolder); err != nil {
				return nil, err
			}
			shown = append(shown, wrap(line)...)
		}
	}
	return shown, nil
}

var path = regexp.MustCompile(`(?:^|[\s'"=(])(/[\w.@-]+)(/[\w.@/-]*)`)

// check returns an error for a line that a document must not have.
func check(line string, isFolder func(string) bool) error {
	if strings.ContainsFunc(line, unicode.IsControl) {
		return fmt.Errorf("%q has control characters: record the output through a pipe, not from a terminal", line)
	}
	for _, match := range path.FindAllStringSubmatch(line, -1) {
		if isFolder(match[1]) {
			return fmt.Errorf("%q has a path of this machine, %s%s: print a relative one, or leave the line out in omitted", line, match[1], match[2])
		}
	}
	return nil
}

// omitted reports whether a line is left out: on a terminal, what is under way disappears, and
// what was found on one machine says nothing about another.
func omitted(line string) bool {
	return slices.ContainsFunc([]string{"… ", "found: ", "will be fetched: ", "will be compiled: ", "can't be downloaded: "},
		func(start string) bool { return strings.HasPrefix(line, start) })
}

// isTable reports whether a line is one of a table: those are indented.
func isTable(line string) bool { return strings.HasPrefix(line, "  ") }

// parts divides lines into tables and what is between them.
func parts(lines []string) [][]string {
	var all [][]string
	for _, line := range lines {
		if last := len(all) - 1; last >= 0 && isTable(all[last][0]) == isTable(line) {
			all[last] = append(all[last], line)
		} else {
			all = append(all, []string{line})
		}
	}
	return all
}

// shorten leaves out the middle of a long table, and says so.
func shorten(table []string) []string {
	left := len(table) - firstRows - lastRows
	if left < 2 {
		return table
	}
	return slices.Concat(table[:firstRows], []string{fmt.Sprintf("  … and %d more", left)}, table[len(table)-lastRows:])
}

// squeeze narrows the gaps between a table's columns, which are as wide as rows that were
// left out need it.
func squeeze(table []string) []string {
	const gap = 2
	var rows [][]rune
	width := 0
	for _, line := range table {
		rows = append(rows, []rune(line))
		width = max(width, len([]rune(line)))
	}
	blank := func(column int) bool {
		return !slices.ContainsFunc(rows, func(row []rune) bool { return column < len(row) && row[column] != ' ' && !isOmission(row) })
	}
	narrow := make([]strings.Builder, len(rows))
	blanks := 0
	for column := range width {
		if blanks++; !blank(column) {
			blanks = 0
		}
		for i, row := range rows {
			if column < len(row) && blanks <= gap && !isOmission(row) {
				narrow[i].WriteRune(row[column])
			}
		}
	}
	squeezed := slices.Clone(table)
	for i, row := range rows {
		if !isOmission(row) {
			squeezed[i] = strings.TrimRight(narrow[i].String(), " ")
		}
	}
	return squeezed
}

func isOmission(row []rune) bool { return strings.HasPrefix(string(row), "  …") }

// wrap breaks a long line at spaces, before an option of a command if it can. What goes on is
// indented.
func wrap(line string) (lines []string) {
	const indent = "    "
	for runes := []rune(line); len(runes) > mostColumns; runes = []rune(line) {
		start := string(runes[:mostColumns])
		for _, before := range []string{" -", " "} {
			if end := strings.LastIndex(start, before); end > len(start)/2 {
				start = start[:end]
				break
			}
		}
		lines = append(lines, strings.TrimRight(start, " "))
		line = indent + strings.TrimLeft(line[len(start):], " ")
	}
	return append(lines, line)
}
