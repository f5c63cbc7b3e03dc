// Package check defines the checks of a deployed stack: `gatehouse verify` and `make local`
// run them and print a table, the end-to-end tests run each as a test of its own.
package check

import (
	"context"
	"time"
)

// Check verifies one property of the deployed stack.
type Check struct {
	Name string
	Want string // the outcome, in a few words

	// Section is the heading in docs/runbook.md that helps after a failure, as it is in
	// links; empty if there is none.
	Section string

	// LeftOut says why the check can't be run against this stack, or, in a [Result], why it
	// couldn't tell; empty if it can.
	LeftOut string

	// Run returns an error unless the outcome is as wanted, [Inconclusive] if it can't be
	// observed from here. An empty string for what it observed means Want.
	Run func(ctx context.Context) (got string, err error)
}

// Result is the outcome of a check.
type Result struct {
	Check
	Got  string
	Err  error // nil if the check passed, or was left out
	Took time.Duration
}

// inconclusive is the error of a check that can't tell.
type inconclusive struct{ reason string }

// Error implements error.
func (i inconclusive) Error() string { return i.reason }

// Inconclusive returns the error with which a check that is under way says why it can't tell:
// it was left out then, and hasn't failed. An error that wraps it, or that it is joined with,
// is a failure.
func Inconclusive(reason string) error { return inconclusive{reason} }

// Do runs the check.
func (c Check) Do(ctx context.Context) Result {
	if c.LeftOut != "" {
		return Result{Check: c}
	}
	start := time.Now()
	got, err := c.Run(ctx)
	if unknown, ok := err.(inconclusive); ok {
		c.LeftOut = unknown.reason
		return Result{Check: c, Took: time.Since(start)}
	}
	if got == "" && err == nil {
		got = c.Want
	}
	return Result{Check: c, Got: got, Err: err, Took: time.Since(start)}
}

// Run runs every check, also after one that failed, until the context ends. It calls doing
// with the name of each.
func Run(ctx context.Context, checks []Check, doing func(string)) []Result {
	var results []Result
	for _, c := range checks {
		if ctx.Err() != nil {
			break
		}
		doing(c.Name)
		results = append(results, c.Do(ctx))
	}
	return results
}

// Counts are the numbers of results by outcome.
type Counts struct {
	Passed  int `json:"passed"`
	Failed  int `json:"failed"`
	LeftOut int `json:"leftOut"`
}

// Count counts results by outcome.
func Count(results []Result) Counts {
	var n Counts
	for _, r := range results {
		switch {
		case r.LeftOut != "":
			n.LeftOut++
		case r.Err != nil:
			n.Failed++
		default:
			n.Passed++
		}
	}
	return n
}

// Passed reports whether at least one check passed, and none failed.
func Passed(results []Result) bool {
	n := Count(results)
	return n.Passed > 0 && n.Failed == 0
}
