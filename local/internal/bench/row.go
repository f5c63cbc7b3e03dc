// Package bench measures Gatehouse beside what one would use instead, always both
// in one run, and writes the table of it.
package bench

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Row is one figure of the table.
type Row struct {
	Figure string
	Unit   string
	Ours   float64
	Beside string  // what Theirs is of; empty where the figure stands alone
	Theirs float64 // in the same unit
	Goal   Goal
}

// Goal is the most that a figure may be: as it is, or as a ratio to the other.
type Goal struct {
	Most    float64
	IsRatio bool
	IsSet   bool
}

func atMost(most float64) Goal       { return Goal{Most: most, IsSet: true} }
func atMostTimes(ratio float64) Goal { return Goal{Most: ratio, IsRatio: true, IsSet: true} }

// Ratio is ours to theirs, and false where there is nothing to compare with.
func (r Row) Ratio() (float64, bool) {
	if r.Beside == "" || r.Theirs == 0 {
		return 0, false
	}
	return r.Ours / r.Theirs, true
}

// Met reports whether the goal is met; a row without one has met it.
func (r Row) Met() bool {
	switch ratio, _ := r.Ratio(); {
	case !r.Goal.IsSet:
		return true
	case r.Goal.IsRatio:
		// A ratio is shown, and meant, with two digits.
		return math.Round(ratio*100)/100 <= r.Goal.Most
	default:
		return r.Ours <= r.Goal.Most
	}
}

// cells are the row as it is shown.
func (r Row) cells() []string {
	theirs, ratio, goal := "", "", ""
	if r.Beside != "" {
		theirs = r.Beside + ": " + r.with(r.Theirs)
	}
	if value, ok := r.Ratio(); ok {
		ratio = fmt.Sprintf("%.2f×", value)
	}
	if r.Goal.IsSet {
		goal = "≤ " + number(r.Goal.Most)
		if r.Goal.IsRatio {
			goal += "×"
		}
		if r.Met() {
			goal += ", met"
		} else {
			goal += ", **missed**"
		}
	}
	return []string{r.Figure, r.with(r.Ours), theirs, ratio, goal}
}

func (r Row) with(value float64) string {
	return strings.TrimSpace(number(value) + " " + r.Unit)
}

// number shows three digits that count, or all of a whole number.
func number(value float64) string {
	if value == math.Trunc(value) && math.Abs(value) < 1e15 {
		return strconv.FormatFloat(value, 'f', 0, 64)
	}
	digits := 2 - int(math.Floor(math.Log10(math.Abs(value))))
	return strconv.FormatFloat(value, 'f', max(0, digits), 64)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
