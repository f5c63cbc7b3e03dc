// Package bench measures Gatehouse beside what is usually used instead, always both in one
// run, and renders the tables.
package bench

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Row is one figure of the table.
type Row struct {
	Figure  string  `json:"figure"`
	Unit    string  `json:"unit,omitempty"`
	Ours    float64 `json:"ours"`
	Beside  string  `json:"beside,omitempty"` // the name of Theirs; empty where there is no comparison
	Theirs  float64 `json:"theirs,omitempty"` // in the same unit
	Plain   bool    `json:"plain,omitempty"`  // the ratio of the two says nothing
	Goal    *Goal   `json:"goal,omitempty"`
	Command string  `json:"command,omitempty"` // that repeats the figure; empty for that of the part
}

// Goal bounds a figure: as it is, or its ratio to the other.
type Goal struct {
	Limit   float64 `json:"limit"`
	IsRatio bool    `json:"isRatio,omitempty"`
	IsLeast bool    `json:"isLeast,omitempty"` // the figure may not be below the limit, instead of above
}

func atMost(most float64) *Goal        { return &Goal{Limit: most} }
func atMostTimes(ratio float64) *Goal  { return &Goal{Limit: ratio, IsRatio: true} }
func atLeastTimes(ratio float64) *Goal { return &Goal{Limit: ratio, IsRatio: true, IsLeast: true} }

// Ratio returns ours divided by theirs, and false where there is no comparison.
func (r Row) Ratio() (float64, bool) {
	if r.Beside == "" || r.Plain || r.Theirs == 0 {
		return 0, false
	}
	return r.Ours / r.Theirs, true
}

// Met reports whether the goal is met; a row without one has met it. A goal of a
// ratio that there is none of is missed.
func (r Row) Met() bool {
	if r.Goal == nil {
		return true
	}
	value := r.Ours
	if r.Goal.IsRatio {
		ratio, ok := r.Ratio()
		if !ok {
			return false
		}
		value = math.Round(ratio*100) / 100 // as it is shown, and meant
	}
	if r.Goal.IsLeast {
		return value >= r.Goal.Limit
	}
	return value <= r.Goal.Limit
}

// cells returns the row as it is shown: figure, ours, theirs, ratio, goal.
func (r Row) cells() []string {
	theirs, ratio := "", ""
	if r.Beside != "" {
		theirs = r.with(r.Theirs) + " (" + r.Beside + ")"
	}
	if value, ok := r.Ratio(); ok {
		ratio = ratioText(value)
	}
	return []string{r.Figure, r.with(r.Ours), theirs, ratio, r.goalText()}
}

func (r Row) goalText() string {
	if r.Goal == nil {
		return ""
	}
	sign, unit, outcome := "≤ ", "", "met"
	if r.Goal.IsLeast {
		sign = "≥ "
	}
	if r.Goal.IsRatio {
		unit = "×"
	}
	if !r.Met() {
		outcome = "MISSED"
	}
	return sign + strconv.FormatFloat(r.Goal.Limit, 'f', -1, 64) + unit + ", " + outcome
}

func (r Row) with(value float64) string {
	return strings.TrimSpace(number(value) + " " + r.Unit)
}

// ratioText shows two digits after the point, or what counts of a small or large
// ratio.
func ratioText(ratio float64) string {
	if 0 < ratio && ratio < 0.1 || ratio >= 100 {
		return number(ratio) + "×"
	}
	return fmt.Sprintf("%.2f×", ratio)
}

// number shows three digits that count, or all of a whole number, thousands apart.
func number(value float64) string {
	if value != math.Trunc(value) {
		digits := 2 - int(math.Floor(math.Log10(math.Abs(value))))
		if digits > 0 {
			return strconv.FormatFloat(value, 'f', digits, 64)
		}
	}
	text := strconv.FormatFloat(math.Abs(value), 'f', 0, 64)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + " " + text[at:]
	}
	if value < 0 {
		return "-" + text
	}
	return text
}
