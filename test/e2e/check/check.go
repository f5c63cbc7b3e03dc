// Package check defines the checks of a deployed stack: `make local` runs them and prints
// a table, the end-to-end tests run each as a test of its own.
package check

import (
	"context"
	"time"
)

// Check verifies one property of the deployed stack.
type Check struct {
	Name string
	Want string // the outcome, in a few words
	// Run returns an error unless the outcome is as wanted. An empty
	// string for what it observed means Want.
	Run func(ctx context.Context) (got string, err error)
}

// Result is the outcome of a check.
type Result struct {
	Name, Want, Got string
	Err             error // nil if the check passed
	Took            time.Duration
}

// Do runs the check.
func (c Check) Do(ctx context.Context) Result {
	start := time.Now()
	got, err := c.Run(ctx)
	if got == "" && err == nil {
		got = c.Want
	}
	return Result{Name: c.Name, Want: c.Want, Got: got, Err: err, Took: time.Since(start)}
}

// Run runs every check, also after one that failed. It calls doing with the name of each.
func Run(ctx context.Context, checks []Check, doing func(string)) []Result {
	var results []Result
	for _, c := range checks {
		doing(c.Name)
		results = append(results, c.Do(ctx))
	}
	return results
}

// Passed reports whether there are results and each of them passed.
func Passed(results []Result) bool {
	for _, r := range results {
		if r.Err != nil {
			return false
		}
	}
	return len(results) > 0
}
